import type { IPublishPacket } from "mqtt-packet";

import type { ConnectionError } from "../../../runtime/contract/errors.ts";
import { unboundedShare } from "../../../runtime/memory/budget.ts";
import { Counters } from "../../../runtime/report/counters.ts";
import { Tap } from "../../../runtime/report/tap.ts";
import type { DestinationSide } from "../../../runtime/queue/destination/destination-side.ts";
import { EncodedPublish } from "../../../runtime/mqtt/encoded-publish.ts";
import { Entry } from "../../../runtime/queue/entry.ts";
import { Forwarder } from "../../../runtime/queue/forwarder.ts";
import type { SourceSide } from "../../../runtime/queue/source/source-side.ts";
import { createPatch, type PatchPlan } from "../../../runtime/rewrite/patch.ts";
import type {
  DestinationLimits,
  DestinationPort,
  ForwarderOptions,
  SourceLimits,
  SourcePort,
  Stall,
  Trouble,
} from "../../../runtime/queue/ports.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import type { Traffic } from "../../../runtime/mqtt/progress-watch.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { parseTopicTemplate, type TopicTemplate } from "../../../runtime/contract/topic/template.ts";
import { decode, encode } from "../mqtt/scripted-broker.ts";

/** Reads one PUBLISH as the connection does. */
export function viewOf(bytes: Buffer): PublishView {
  const view = new PublishView();
  new PacketReader((packet, start, end, headerLength) => view.read(packet, start, end, headerLength)).push(bytes);
  return view;
}

/** A PUBLISH as it arrives from a source. */
export function viewOfPublish(packet: Partial<IPublishPacket> = {}): PublishView {
  const { qos = 1, messageId = 1, ...rest } = packet;
  const base = { cmd: "publish" as const, dup: false, retain: false, topic: "a/b", payload: "x", ...rest };
  return viewOf(encode(qos === 0 ? { ...base, qos } : { ...base, qos, messageId }));
}

/** Parses a topic template that is known to be one. */
export function template(text: string): TopicTemplate {
  const parsed = parseTopicTemplate(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}

/** A plan that leaves messages as they are. */
export function plan(change: Partial<PatchPlan> = {}): PatchPlan {
  return { template: template("${inputTopic}"), qos: 1, retain: "Keep", isEventGrid: false, ...change };
}

/** An entry of a test: its message is nothing, unless `change` says so. */
export function entryOf(change: Partial<Entry> = {}): Entry {
  const publish = new EncodedPublish(Buffer.alloc(0), 0, 0, 0, 0, undefined);
  const { sourceId = 1, custody = "owed", session, arrivedMs = 0 } = change;
  return Object.assign(new Entry(change.publish ?? publish, sourceId, session, arrivedMs, custody), change);
}

/** What has moved on a connection of a test. */
class FakeTraffic {
  isPaused = false;
  /** Bytes that the connection was given, and those of them that the other side has not got. */
  readonly moved = { givenBytes: 0, heldBytes: 0, readBytes: 0 };
  readonly traffic: Traffic = {
    readBytes: () => this.moved.readBytes,
    givenBytes: () => this.moved.givenBytes,
    pendingBytes: () => this.moved.heldBytes,
    sendQueue: async () => undefined,
    isPaused: () => this.isPaused,
  };
}

export class FakeSource extends FakeTraffic implements SourcePort {
  readonly acknowledged: number[] = [];
  acknowledge = (packetId: number) => void this.acknowledged.push(packetId);
  readonly written: IPublishPacket[] = [];
  askedAgain = 0;
  askForRoomAgain = () => {
    this.askedAgain++;
  };
  setPaused = (paused: boolean) => void (this.isPaused = paused);
  writePublish = ({ packet }: EncodedPublish) => void this.written.push(decode(packet)[0] as IPublishPacket);
  /** Those who wait for a sign that all was read. */
  readonly confirmations: ((isRead: boolean) => void)[] = [];
  confirm = async () => new Promise<boolean>((resolve) => this.confirmations.push(resolve));
}

export class FakeDestination extends FakeTraffic implements DestinationPort {
  readonly written: IPublishPacket[] = [];
  pendingBytes = 0;
  drain: () => void = () => undefined;
  writePublish: (publish: EncodedPublish) => void = ({ packet }) =>
    void this.written.push(decode(packet)[0] as IPublishPacket);
  onceDrained = (callback: () => void) => void (this.drain = callback);
  /** Those who wait for a sign that all was read. */
  readonly confirmations: ((isRead: boolean) => void)[] = [];
  confirm = async () => new Promise<boolean>((resolve) => this.confirmations.push(resolve));

  /** Each packet in one line: `1 a/b "x"`, with `dup` behind it where the flag is set. */
  get lines(): string[] {
    return this.written.map(
      ({ messageId = 0, topic, payload, dup }) => `${messageId} ${topic} ${payload.toString()}${dup ? " dup" : ""}`,
    );
  }
}

export const limits: DestinationLimits = {
  sessionPresent: false,
  receiveMaximum: 65_535,
  maximumPacketBytes: Infinity,
  retainAvailable: true,
};

/** What a source announces that takes everything. */
export function sourceLimits(sessionPresent: boolean, change: Partial<SourceLimits> = {}): SourceLimits {
  return { sessionPresent, receiveMaximum: 65_535, maximumPacketBytes: Infinity, maximumQoS: 2, ...change };
}

/** A forwarder between fakes, with a connection at both sides. */
export class ForwarderBench {
  readonly counters = new Counters();
  readonly troubles: Trouble[] = [];
  readonly stopped: string[] = [];
  readonly scheduled: { readonly callback: () => void; readonly delayMs: number }[] = [];
  readonly forwarder: Forwarder;
  source = new FakeSource();
  destination = new FakeDestination();
  nowMs = 0;
  readonly stalls: Stall[] = [];
  /** Why the source was to be connected to anew. */
  readonly redeliveries: string[] = [];
  sourceSide: SourceSide;
  destinationSide: DestinationSide;

  constructor(
    change: Partial<ForwarderOptions> & {
      plan?: Partial<PatchPlan>;
      limits?: Partial<DestinationLimits>;
      sourceLimits?: Partial<SourceLimits>;
    } = {},
  ) {
    const { plan: planned, limits: announced, sourceLimits: bySource, ...options } = change;
    const qos = options.qos ?? 1;
    this.forwarder = new Forwarder({
      patch: createPatch(plan({ qos, ...planned })),
      qos,
      maxInflightMessages: 100,
      maxInflightBytes: 16 * 1024 * 1024,
      memory: unboundedShare,
      copies: 1,
      onRedeliveryWanted: (reason) => this.redeliveries.push(reason),
      deadLetters: { dataflow: "flow", maxBytes: 1_000_000 },
      refusalTimeoutMs: 60_000,
      stallTimeoutMs: 60_000,
      onStalled: (stall) => this.stalls.push(stall),
      wallTime: () => "2026-11-23T00:00:00.000Z",
      undeliverable: "Stop",
      counters: this.counters,
      tap: new Tap(),
      onStopped: (reason) => this.stopped.push(reason),
      onTrouble: (trouble) => this.troubles.push(trouble),
      now: () => this.nowMs,
      schedule: (callback, delayMs) => this.scheduled.push({ callback, delayMs }),
      ...options,
    });
    this.destinationSide = this.forwarder.openDestination(this.destination, { ...limits, ...announced });
    this.sourceSide = this.forwarder.source.open(this.source, sourceLimits(false, bySource));
  }

  /** A message arrives; its payload is its packet identifier unless another is given. */
  arrive(messageId: number, packet: Partial<IPublishPacket> = {}): void {
    this.sourceSide.onPublish(viewOfPublish({ messageId, payload: String(messageId), ...packet }));
  }

  /** Messages 1 to `count` arrive. */
  arriveMany(count: number): void {
    for (let messageId = 1; messageId <= count; messageId++) this.arrive(messageId);
  }

  /** The destination acknowledges the message with this payload, as it was written last. */
  acknowledge(payload: number | string, reasonCode = 0): void {
    const packet = this.destination.written.findLast((written) => written.payload.toString() === String(payload));
    if (packet?.messageId === undefined) throw new Error(`"${payload}" was not written`);
    this.destinationSide.onPuback(packet.messageId, reasonCode);
  }

  /** The source connection ends and another one comes; earlier ones stay in the test's hands. */
  reconnectSource(sessionPresent: boolean, error?: ConnectionError, change: Partial<SourceLimits> = {}): FakeSource {
    const old = this.source;
    this.sourceSide.close(error);
    this.source = new FakeSource();
    this.sourceSide = this.forwarder.source.open(this.source, sourceLimits(sessionPresent, change));
    return old;
  }

  reconnectDestination(change: Partial<DestinationLimits>, error?: ConnectionError): FakeDestination {
    const old = this.destination;
    this.destinationSide.close(error);
    this.destination = new FakeDestination();
    this.destinationSide = this.forwarder.openDestination(this.destination, { ...limits, ...change });
    return old;
  }

  /** The destination is back; the connection before has ended. */
  reopenDestination(): void {
    this.destination = new FakeDestination();
    this.destinationSide = this.forwarder.openDestination(this.destination, limits);
  }

  /** The pause after a refusal is over. */
  endPause(): void {
    for (const { callback } of this.scheduled.splice(0)) callback();
  }
}
