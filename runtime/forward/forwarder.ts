import Denque from "denque";

import { firstControlPacketId } from "../mqtt/connection.ts";
import { clearRetain, stampPublish, type PublishView } from "../mqtt/publish.ts";
import { judgeReasonCode, nameReasonCode, remedyOfReasonCode } from "../mqtt/reason-codes.ts";
import { AcknowledgementQueue } from "./acknowledgement-queue.ts";
import type { Counters, LossReason } from "./counters.ts";
import { doneEntry, topicOfEntry, type Entry, type SourcePort } from "./entry.ts";
import { PacketIds } from "./packet-ids.ts";
import type { Patch } from "./patch.ts";

/** What the forwarder needs of a connection to the destination. */
export interface DestinationPort {
  readonly write: (packet: Buffer) => void;
  readonly pendingBytes: number;
  readonly onceDrained: (callback: () => void) => void;
}

/** What a destination takes, and whether it kept the session of the connection before. */
export interface DestinationLimits {
  readonly sessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly retainAvailable: boolean;
}

export interface ForwarderOptions {
  readonly patch: Patch;
  readonly qos: 0 | 1;
  /** QoS 1 messages in flight to the destination at most, however many it would take. */
  readonly maxInflightMessages: number;
  readonly undeliverable: "Stop" | "Discard";
  readonly counters: Counters;
  /** Called once when a message stops the dataflow: nothing is forwarded or acknowledged after it. */
  readonly onStopped: (reason: string) => void;
  /** Called for each message that is given up, or refused for now. */
  readonly onTrouble: (trouble: Trouble) => void;
  readonly now: () => number;
  /** Runs `callback` after `delayMs`; the forwarder asks for one delay at a time. */
  readonly schedule: (callback: () => void, delayMs: number) => void;
}

/** A message that could not be delivered, for the log. */
export interface Trouble {
  readonly kind: LossReason | "rejected";
  readonly reason: string;
  readonly topic: string;
}

/** Messages that came with QoS 0 and may wait: nothing else holds them back. */
const maxWaitingQos0 = 10_000;
/** Bytes that may wait for the destination before the source is read no further. */
const maxWaitingBytes = 16 * 1024 * 1024;
/** Bytes that may lie in the destination's socket before no more QoS 0 messages are added. */
const maxUnsentBytes = 1024 * 1024;
/** Pause after the destination refused a message for the time being. */
const rejectionPauseMs = 1000;

/**
 * Takes messages from a source to a destination, in the order of their arrival.
 *
 * - A QoS 1 message is acknowledged to the source only after the destination has acknowledged it (or, where the
 *   destination endpoint's QoS is 0, after it was sent), in the order of arrival, and only on the connection that it
 *   came on: see {@link AcknowledgementQueue}.
 * - No more than `maxInflightMessages`, and no more than the destination's Receive Maximum, are in flight. The rest
 *   waits, unacknowledged; the source's Receive Maximum keeps it short.
 * - When the destination comes back, what was in flight is sent again first: with its packet identifier and DUP where
 *   the session was kept, as new messages where not.
 * - When the source has kept its session it sends again what was not acknowledged: what of it was never sent here is
 *   forgotten then. When it has not, these are the only copies, and they are delivered.
 *
 * Never throws, but for what `patch` throws on bytes that break the protocol.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #counters: Counters;
  /** Not in flight, oldest first. */
  readonly #waiting = new Denque<Entry>();
  /** In flight, in the order of sending; acknowledged ones leave when they reach the front. */
  readonly #sent = new Denque<Entry>();
  readonly #unacknowledged: AcknowledgementQueue;
  readonly #byId: (Entry | undefined)[] = [];
  readonly #ids = new PacketIds(firstControlPacketId - 1);
  #destination: DestinationPort | undefined;
  #limits: DestinationLimits | undefined;
  #source: SourcePort | undefined;
  #inFlight = 0;
  #waitingBytes = 0;
  /** Waiting messages that came with QoS 0: nothing but this bound holds them back. */
  #waitingQos0 = 0;
  #isPausedByRejection = false;
  #awaitsDrain = false;
  #mode: "running" | "draining" | "stopped" = "running";
  #onIdle: (() => void) | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#unacknowledged = new AcknowledgementQueue(options.counters);
  }

  /** Messages sent to the destination and not acknowledged by it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Messages that wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** QoS 1 messages that a source may send before an acknowledgement. */
  get window(): number {
    return Math.min(
      this.#options.maxInflightMessages,
      this.#limits?.receiveMaximum ?? this.#options.maxInflightMessages,
    );
  }

  /** A source connection is there; what it sends is given to {@link onPublish}. */
  attachSource(source: SourcePort, sessionPresent: boolean): void {
    this.#source = source;
    if (sessionPresent) this.#forgetUnsent();
    source.setPaused(this.#waitingBytes > maxWaitingBytes);
    this.#pump();
  }

  /** The source connection ended: what came on it can't be acknowledged any more. */
  detachSource(): void {
    this.#source = undefined;
    this.#unacknowledged.abandon();
    this.#finishDraining();
  }

  /** A destination connection is there: what was in flight is sent again, then the rest. */
  attachDestination(destination: DestinationPort, limits: DestinationLimits): void {
    this.#destination = destination;
    this.#limits = limits;
    this.#awaitsDrain = false;
    if (!limits.sessionPresent) {
      for (const entry of this.#waiting.toArray()) entry.destinationId = 0;
      this.#ids.reset();
    }
    this.#pump();
  }

  /** The destination connection ended: what was in flight goes back to the head of what waits, in its order. */
  detachDestination(): void {
    this.#destination = undefined;
    for (let entry = this.#sent.pop(); entry !== undefined; entry = this.#sent.pop()) {
      if (entry.state !== "sent") continue;
      this.#byId[entry.destinationId] = undefined;
      this.#putBack(entry);
    }
    this.#inFlight = 0;
  }

  /** Takes a message that arrived on the source connection of today. The view is not used after the call. */
  onPublish(view: PublishView): void {
    if (this.#mode === "stopped") return;
    // Left unacknowledged: the source's session keeps it for the next process.
    if (this.#mode === "draining" && view.qos > 0) return;
    this.#counters.received++;
    if (view.dup) this.#counters.redelivered++;
    const publish = this.#options.patch(view);
    if ("undeliverable" in publish) {
      this.#giveUp("undeliverable", publish.undeliverable, view);
      return;
    }
    if (view.qos === 0 && this.#waitingQos0 >= maxWaitingQos0) {
      this.#lose("qos0_no_room", "the destination took none in time, and QoS 0 waits for nobody", view.topic);
      return;
    }
    const entry: Entry = {
      publish,
      sourceId: view.packetId,
      source: view.qos > 0 ? this.#source : undefined,
      destinationId: 0,
      state: "waiting",
      wasSent: false,
      order: this.#counters.received,
      arrivedMs: this.#options.now(),
    };
    if (view.qos > 0) this.#unacknowledged.push(entry);
    this.#waiting.push(entry);
    this.#countWaiting(entry, 1);
    this.#pump();
  }

  /** Takes a message that no filter of today asked for: a kept session still has a filter that was removed. */
  onUnwanted(view: PublishView): void {
    this.#counters.received++;
    this.#lose(
      "filter_removed",
      "no filter of the configuration asks for it; the session still holds an older one",
      view.topic,
    );
    this.#acknowledgeInTurn(view.packetId);
  }

  /** Takes the destination's acknowledgement. */
  onPuback(packetId: number, reasonCode: number): void {
    const entry = this.#byId[packetId];
    if (entry === undefined) return; // of a message that an earlier process sent in this session
    this.#byId[packetId] = undefined;
    this.#ids.release(packetId);
    entry.destinationId = 0;
    this.#inFlight--;
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#complete(entry);
    else if (verdict === "undeliverable")
      this.#refuse(entry, `the destination refused it for good: ${nameReasonCode(reasonCode)}`);
    else this.#retryLater(entry, reasonCode);
    while (this.#sent.length > 0 && this.#sent.peekFront()?.state !== "sent") this.#sent.shift();
    this.#pump();
  }

  /** Takes no more messages; resolves once all that came is acknowledged, or nothing more can be. */
  async drain(): Promise<void> {
    if (this.#mode === "running") this.#mode = "draining";
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#pump();
      this.#finishDraining();
    });
  }

  /** Sends what may be sent: as long as something waits, the window has room and the destination takes it. */
  #pump(): void {
    while (this.#mode !== "stopped" && this.#destination !== undefined && !this.#isPausedByRejection) {
      const entry = this.#waiting.peekFront();
      if (entry === undefined || this.#isHeld(entry)) break;
      if (this.#options.qos > 0 && this.#inFlight >= this.window) break;
      if (this.#options.qos === 0 && this.#destination.pendingBytes > maxUnsentBytes) {
        this.#pumpOnceDrained(this.#destination);
        break;
      }
      this.#waiting.shift();
      this.#countWaiting(entry, -1);
      this.#send(entry, this.#destination);
    }
    this.#finishDraining();
  }

  /** With its source away, a message that was never sent waits for the news whether the source sends it again. */
  #isHeld(entry: Entry): boolean {
    return this.#source === undefined && this.#mode === "running" && !entry.wasSent && entry.sourceId !== 0;
  }

  #pumpOnceDrained(destination: DestinationPort): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    destination.onceDrained(() => {
      if (this.#destination !== destination) return;
      this.#awaitsDrain = false;
      this.#pump();
    });
  }

  #send(entry: Entry, destination: DestinationPort): void {
    const { packet } = entry.publish;
    const { maximumPacketBytes = Infinity, retainAvailable = true, sessionPresent = false } = this.#limits ?? {};
    if (packet.length > maximumPacketBytes) {
      this.#refuse(entry, `it is ${packet.length} bytes long, more than the destination's ${maximumPacketBytes}`);
      return;
    }
    if (!retainAvailable && clearRetain(entry.publish)) this.#counters.retainCleared++;
    if (entry.wasSent) this.#counters.resent++;
    if (this.#options.qos > 0) {
      const isResumed = sessionPresent && entry.destinationId !== 0;
      if (entry.destinationId === 0) entry.destinationId = this.#ids.take();
      stampPublish(entry.publish, entry.destinationId, isResumed);
      this.#byId[entry.destinationId] = entry;
      entry.state = "sent";
      this.#sent.push(entry);
      this.#inFlight++;
    }
    entry.wasSent = true;
    destination.write(packet);
    if (this.#options.qos === 0) {
      if (entry.sourceId !== 0) this.#counters.unconfirmed++;
      this.#complete(entry);
    }
  }

  #complete(entry: Entry): void {
    entry.state = "done";
    this.#counters.delivered++;
    this.#counters.observeLatency((this.#options.now() - entry.arrivedMs) / 1000);
    this.#unacknowledged.release();
  }

  #acknowledgeInTurn(sourceId: number): void {
    if (sourceId === 0) return;
    this.#unacknowledged.push(doneEntry(sourceId, this.#source));
    this.#unacknowledged.release();
  }

  #retryLater(entry: Entry, reasonCode: number): void {
    this.#counters.rejected++;
    const remedy = remedyOfReasonCode(reasonCode);
    const reason = `${nameReasonCode(reasonCode)}${remedy === "" ? "" : `; ${remedy}`}`;
    this.#options.onTrouble({ kind: "rejected", reason, topic: topicOfEntry(entry) });
    // It may be sent again before those that went with it are acknowledged: it must not stand here twice.
    this.#sent.removeOne(this.#sent.toArray().indexOf(entry));
    this.#putBack(entry);
    if (this.#isPausedByRejection) return;
    this.#isPausedByRejection = true;
    this.#options.schedule(() => {
      this.#isPausedByRejection = false;
      this.#pump();
    }, rejectionPauseMs);
  }

  /** Back to its place in the order of arrival. */
  #putBack(entry: Entry): void {
    entry.state = "waiting";
    let index = 0;
    while ((this.#waiting.peekAt(index)?.order ?? Infinity) < entry.order) index++;
    this.#waiting.splice(index, 0, entry);
    this.#countWaiting(entry, 1);
  }

  /** Gives up a message that has an entry, as the dataflow's policy says. */
  #refuse(entry: Entry, reason: string): void {
    const topic = topicOfEntry(entry);
    if (this.#options.undeliverable === "Stop") {
      this.#stop(reason, topic);
      return;
    }
    entry.state = "done";
    this.#lose("undeliverable", reason, topic);
    this.#unacknowledged.release();
  }

  /** Gives up a message as it arrives, as the dataflow's policy says. */
  #giveUp(kind: LossReason, reason: string, view: PublishView): void {
    if (this.#options.undeliverable === "Stop") {
      this.#stop(reason, view.topic);
      return;
    }
    this.#lose(kind, reason, view.topic);
    this.#acknowledgeInTurn(view.packetId);
  }

  #lose(kind: LossReason, reason: string, topic: string): void {
    this.#counters.lost[kind]++;
    this.#options.onTrouble({ kind, reason, topic });
  }

  #stop(reason: string, topic: string): void {
    this.#mode = "stopped";
    this.#options.onStopped(
      `a message with topic "${topic}" can't be delivered: ${reason}; correct it, or set undeliverableMessages to "Discard"`,
    );
    this.#finishDraining();
  }

  /** Forgets what the source sends again; what was sent already, and QoS 0, stays. */
  #forgetUnsent(): void {
    const kept = this.#waiting
      .toArray()
      .filter((entry) => entry.wasSent || entry.sourceId === 0 || entry.source !== undefined);
    this.#waiting.clear();
    this.#waitingBytes = this.#waitingQos0 = 0;
    for (const entry of kept) {
      this.#waiting.push(entry);
      this.#countWaiting(entry, 1);
    }
  }

  #countWaiting(entry: Entry, change: 1 | -1): void {
    const wasFull = this.#waitingBytes > maxWaitingBytes;
    this.#waitingBytes += change * entry.publish.packet.length;
    if (entry.sourceId === 0) this.#waitingQos0 += change;
    const isFull = this.#waitingBytes > maxWaitingBytes;
    if (wasFull !== isFull) this.#source?.setPaused(isFull);
  }

  #finishDraining(): void {
    if (this.#onIdle === undefined) return;
    const isIdle = this.#waiting.length === 0 && this.#inFlight === 0 && this.#unacknowledged.length === 0;
    if (!isIdle && this.#mode !== "stopped") return;
    this.#onIdle();
    this.#onIdle = undefined;
  }
}
