import { clearRetain, type PublishView } from "../mqtt/publish.ts";
import { judgeReasonCode, nameReasonCode, remedyOfReasonCode } from "../mqtt/reason-codes.ts";
import { AcknowledgementQueue } from "./acknowledgement-queue.ts";
import type { Counters, LossReason } from "./counters.ts";
import { doneEntry, topicOfEntry, type Entry } from "./entry.ts";
import { InFlight } from "./in-flight.ts";
import type { DestinationLimits, DestinationPort, ForwarderOptions, SourcePort } from "./ports.ts";
import { WaitingQueue } from "./waiting-queue.ts";

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
  readonly #waiting = new WaitingQueue();
  readonly #inFlight = new InFlight();
  readonly #unacknowledged: AcknowledgementQueue;
  #destination: DestinationPort | undefined;
  #limits: DestinationLimits | undefined;
  #source: SourcePort | undefined;
  #isSourcePaused = false;
  #isPausedByRejection = false;
  #rejection: string | undefined;
  #awaitsDrain = false;
  #isDestinationHeld = false;
  #mode: "running" | "draining" | "stopped" = "running";
  readonly #onIdle: (() => void)[] = [];

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#unacknowledged = new AcknowledgementQueue(options.counters);
  }

  /** Messages sent to the destination and not acknowledged by it. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Messages that wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** QoS 1 messages of the source connection of today that are not acknowledged to it. */
  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Why the destination refused a message last; `undefined` once it has taken one since. */
  get rejection(): string | undefined {
    return this.#rejection;
  }

  /** QoS 1 messages that a source may send before an acknowledgement. */
  get window(): number {
    const { maxInflightMessages } = this.#options;
    return Math.min(maxInflightMessages, this.#limits?.receiveMaximum ?? maxInflightMessages);
  }

  /** A source connection is there; what it sends is given to {@link onPublish}. */
  attachSource(source: SourcePort, sessionPresent: boolean): void {
    this.#source = source;
    if (sessionPresent) this.#forgetUnsent();
    else this.#waiting.forEach((entry) => (entry.mayComeAgain = false));
    if (this.#isSourcePaused) source.setPaused(true);
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
    this.#awaitsDrain = this.#isDestinationHeld = false;
    if (!limits.sessionPresent) {
      this.#waiting.forEach((entry) => (entry.destinationId = 0));
      this.#inFlight.forgetIds();
    }
    this.#pump();
  }

  /** Sends nothing more on the destination connection of today: it is about to be replaced. */
  holdDestination(): void {
    this.#isDestinationHeld = true;
  }

  /** The destination connection ended: what was in flight goes back to the head of what waits, in its order. */
  detachDestination(): void {
    this.#destination = undefined;
    for (const entry of this.#inFlight.takeAll().reverse()) this.#waiting.putBack(entry);
    this.#regulateSource();
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
    if (view.qos === 0 && this.#waiting.qos0 >= maxWaitingQos0) {
      this.#lose("qos0_no_room", "the destination took none in time, and QoS 0 waits for nobody", view.topic);
      return;
    }
    const entry: Entry = {
      publish,
      sourceId: view.packetId,
      source: view.qos > 0 ? this.#source : undefined,
      destinationId: 0,
      mayComeAgain: view.qos > 0,
      state: "waiting",
      wasSent: false,
      order: this.#counters.received,
      arrivedMs: this.#options.now(),
    };
    if (view.qos > 0) this.#unacknowledged.push(entry);
    this.#waiting.push(entry);
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
    const entry = this.#inFlight.settle(packetId);
    if (entry === undefined) return; // of a message that an earlier process sent in this session
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#complete(entry);
    else if (verdict === "undeliverable")
      this.#refuse(entry, `the destination refused it for good: ${nameReasonCode(reasonCode)}`);
    else this.#retryLater(entry, reasonCode);
    this.#pump();
  }

  /** Takes no more messages; resolves once all that came is acknowledged, or nothing more can be. */
  async drain(): Promise<void> {
    if (this.#mode === "running") this.#mode = "draining";
    await new Promise<void>((resolve) => {
      this.#onIdle.push(resolve);
      this.#pump();
      this.#finishDraining();
    });
  }

  /** Sends what may be sent: as long as something waits, the window has room and the destination takes it. */
  #pump(): void {
    while (this.#mode !== "stopped" && this.#destination !== undefined && !this.#isPausedByRejection) {
      const entry = this.#waiting.peek();
      if (entry === undefined || this.#isDestinationHeld || this.#isHeld(entry)) break;
      if (this.#options.qos > 0 && this.#inFlight.length >= this.window) break;
      if (this.#options.qos === 0 && this.#destination.pendingBytes > maxUnsentBytes) {
        this.#pumpOnceDrained(this.#destination);
        break;
      }
      this.#waiting.shift();
      this.#send(entry, this.#destination);
    }
    this.#regulateSource();
    this.#finishDraining();
  }

  /** With its source away, a message that was never sent waits for the news whether the source sends it again. */
  #isHeld(entry: Entry): boolean {
    return this.#source === undefined && this.#mode === "running" && !entry.wasSent && entry.mayComeAgain;
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
    if (this.#options.qos > 0) this.#inFlight.add(entry, sessionPresent);
    entry.wasSent = true;
    destination.write(packet);
    if (this.#options.qos === 0) {
      if (entry.sourceId !== 0) this.#counters.unconfirmed++;
      this.#complete(entry);
    }
  }

  #complete(entry: Entry): void {
    entry.state = "done";
    this.#rejection = undefined;
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
    this.#rejection = reason;
    this.#options.onTrouble({ kind: "rejected", reason, topic: topicOfEntry(entry) });
    this.#waiting.putBack(entry);
    if (this.#isPausedByRejection) return;
    this.#isPausedByRejection = true;
    this.#options.schedule(() => {
      this.#isPausedByRejection = false;
      this.#pump();
    }, rejectionPauseMs);
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
    if (this.#mode === "stopped") return;
    this.#mode = "stopped";
    const problem = `a message with topic "${topic}" can't be delivered: ${reason}`;
    this.#options.onStopped(`${problem}; correct it, or set undeliverableMessages to "Discard"`);
    this.#finishDraining();
  }

  /** Forgets what the source sends again; what was sent already, and what is the only copy, stays. */
  #forgetUnsent(): void {
    this.#waiting.filter((entry) => entry.wasSent || !entry.mayComeAgain);
  }

  /** Reads the source no further while too many bytes wait, whatever its broker makes of Receive Maximum. */
  #regulateSource(): void {
    const isFull = this.#waiting.bytes > maxWaitingBytes;
    if (isFull === this.#isSourcePaused) return;
    this.#isSourcePaused = isFull;
    this.#source?.setPaused(isFull);
  }

  #finishDraining(): void {
    if (this.#onIdle.length === 0) return;
    const isIdle = this.#waiting.length === 0 && this.#inFlight.length === 0 && this.#unacknowledged.length === 0;
    if (!isIdle && this.#mode !== "stopped") return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
