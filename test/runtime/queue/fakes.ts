import type { IPublishPacket } from "mqtt-packet";

import type { ConnectionError } from "../../../runtime/contract/errors.ts";
import { Counters } from "../../../runtime/report/counters.ts";
import { Forwarder } from "../../../runtime/queue/forwarder.ts";
import { createPatch, type PatchPlan } from "../../../runtime/rewrite/patch.ts";
import type {
  DestinationLimits,
  DestinationPort,
  ForwarderOptions,
  SourcePort,
  Trouble,
} from "../../../runtime/queue/ports.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { PublishView, type EncodedPublish } from "../../../runtime/mqtt/publish.ts";
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

export class FakeSource implements SourcePort {
  readonly acknowledged: number[] = [];
  isPaused = false;
  acknowledge = (packetId: number) => void this.acknowledged.push(packetId);
  readonly written: IPublishPacket[] = [];
  setPaused = (paused: boolean) => void (this.isPaused = paused);
  writePublish = ({ packet }: EncodedPublish) => void this.written.push(decode(packet)[0] as IPublishPacket);
}

export class FakeDestination implements DestinationPort {
  readonly written: IPublishPacket[] = [];
  pendingBytes = 0;
  drain: () => void = () => undefined;
  writePublish = ({ packet }: EncodedPublish) => void this.written.push(decode(packet)[0] as IPublishPacket);
  onceDrained = (callback: () => void) => void (this.drain = callback);

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

/** A forwarder between fakes, with both ends attached. */
export class ForwarderBench {
  readonly counters = new Counters();
  readonly troubles: Trouble[] = [];
  readonly stopped: string[] = [];
  readonly scheduled: { readonly callback: () => void; readonly delayMs: number }[] = [];
  readonly forwarder: Forwarder;
  source = new FakeSource();
  destination = new FakeDestination();
  nowMs = 0;
  stalls = 0;

  constructor(
    change: Partial<ForwarderOptions> & { plan?: Partial<PatchPlan>; limits?: Partial<DestinationLimits> } = {},
  ) {
    const { plan: planned, limits: announced, ...options } = change;
    const qos = options.qos ?? 1;
    this.forwarder = new Forwarder({
      patch: createPatch(plan({ qos, ...planned })),
      qos,
      maxInflightMessages: 100,
      maxInflightBytes: 16 * 1024 * 1024,
      deadLetters: { dataflow: "flow", maxBytes: 1_000_000 },
      stallTimeoutMs: 60_000,
      onStalled: () => this.stalls++,
      wallTime: () => "2026-11-23T00:00:00.000Z",
      undeliverable: "Stop",
      counters: this.counters,
      onStopped: (reason) => this.stopped.push(reason),
      onTrouble: (trouble) => this.troubles.push(trouble),
      now: () => this.nowMs,
      schedule: (callback, delayMs) => this.scheduled.push({ callback, delayMs }),
      ...options,
    });
    this.forwarder.attachDestination(this.destination, { ...limits, ...announced });
    this.forwarder.attachSource(this.source, false);
  }

  /** A message arrives; its payload is its packet identifier unless another is given. */
  arrive(messageId: number, packet: Partial<IPublishPacket> = {}): void {
    this.forwarder.onPublish(viewOfPublish({ messageId, payload: String(messageId), ...packet }));
  }

  /** Messages 1 to `count` arrive. */
  arriveMany(count: number): void {
    for (let messageId = 1; messageId <= count; messageId++) this.arrive(messageId);
  }

  /** The destination acknowledges the message with this payload, as it was written last. */
  acknowledge(payload: number | string, reasonCode = 0): void {
    const packet = this.destination.written.findLast((written) => written.payload.toString() === String(payload));
    if (packet?.messageId === undefined) throw new Error(`"${payload}" was not written`);
    this.forwarder.onPuback(packet.messageId, reasonCode);
  }

  /** The source connection ends and another one comes; earlier ones stay in the test's hands. */
  reconnectSource(sessionPresent: boolean, error?: ConnectionError): FakeSource {
    const old = this.source;
    this.forwarder.detachSource(error);
    this.source = new FakeSource();
    this.forwarder.attachSource(this.source, sessionPresent);
    return old;
  }

  reconnectDestination(change: Partial<DestinationLimits>, error?: ConnectionError): FakeDestination {
    const old = this.destination;
    this.forwarder.detachDestination(error);
    this.destination = new FakeDestination();
    this.forwarder.attachDestination(this.destination, { ...limits, ...change });
    return old;
  }

  /** The pause after a refusal is over. */
  endPause(): void {
    for (const { callback } of this.scheduled.splice(0)) callback();
  }
}
