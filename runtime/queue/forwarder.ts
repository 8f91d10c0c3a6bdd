import type { ConnectionError } from "../contract/errors.ts";
import { encodePublish, type PublishView } from "../mqtt/publish.ts";
import type { SpoolQueue } from "../disk/spool.ts";
import { AcknowledgementQueue } from "./acknowledgement-queue.ts";
import type { Counters, LossReason } from "../report/counters.ts";
import { createEntry, doneEntry, isSafeAtSource, topicOfEntry, type Entry } from "./entry.ts";
import type { DestinationLimits, DestinationPort, ForwarderOptions, SourcePort } from "./ports.ts";
import { Sender } from "./sender.ts";
import { SourceGate } from "./backpressure.ts";
import type { Spooler } from "../disk/spooler.ts";
import { Undeliverable } from "./undeliverable.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** Messages that came with QoS 0 and may wait in memory while the destination is away: nothing else holds them back. */
const maxWaitingQos0 = 10_000;
/** Age at which a message that a connected destination has not taken is written to the disk. */
const spoolAfterMs = 500;
const filterRemoved = "no filter of the configuration asks for it; the session still holds an older one";

/**
 * Takes messages from a source to a destination, in the order of their arrival.
 *
 * - A QoS 1 message is acknowledged to the source only after the destination has acknowledged it (or, where the
 *   destination endpoint's QoS is 0, after it was sent) or it is on the disk, in the order of arrival, and only on the
 *   connection that it came on: see {@link AcknowledgementQueue}.
 * - No more than `maxInflightMessages`, and no more than the destination's Receive Maximum, are in flight. The rest waits:
 *   with a spool on the disk, else unacknowledged; the source's Receive Maximum keeps it short.
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
  readonly #sender: Sender;
  readonly #unacknowledged: AcknowledgementQueue;
  readonly #undeliverable: Undeliverable;
  readonly #gate: SourceGate;
  #spooler: Spooler | undefined;
  #source: SourcePort | undefined;
  /** Whether messages that arrive stay with the source, which sends them again on its next connection. */
  #leavesToSource = false;
  #mode: "running" | "draining" | "stopped" = "running";
  readonly #onIdle: (() => void)[] = [];

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#unacknowledged = new AcknowledgementQueue(options.counters);
    this.#gate = new SourceGate({ bytes: options.maxInflightBytes, messages: options.maxInflightMessages });
    this.#sender = new Sender(options, this.#waiting, {
      maySend: (entry) => this.#maySend(entry),
      onDelivered: this.#onDelivered.bind(this),
      onRefused: (entry, reason) => {
        this.#undeliverable.refuse(entry, reason);
      },
      onExpired: (entry) => {
        this.#lose("expired", "its message expiry interval was over before it could be sent", topicOfEntry(entry));
        this.#finish(entry);
      },
      onPumped: this.#settle.bind(this),
    });
    this.#undeliverable = new Undeliverable(options, {
      onDone: (entry) => {
        this.#finish(entry);
        this.#finishDraining();
      },
      onLetter: (entry) => {
        this.#waiting.putBack(entry);
      },
      onStop: this.#stop.bind(this),
    });
  }

  /** The destination's side, for those who ask how it is. */
  get destination(): Pick<Sender, "rejection" | "stalls" | "survives" | "window"> {
    return this.#sender;
  }

  /** Messages sent to the destination and not acknowledged by it. */
  get inFlight(): number {
    return this.#sender.inFlight.length;
  }

  /** What the source connection of today still waits for: acknowledgements, and dead letters that are on their way. */
  get owedToSource(): number {
    return this.#unacknowledged.length + this.#undeliverable.pending;
  }

  /** Messages that wait in memory to be sent. */
  get waiting(): number {
    return this.#waiting.length + (this.#spooler?.tailLength ?? 0);
  }

  /** Messages that neither the destination nor the disk has. */
  get unsafe(): number {
    const inMemory = [...this.#sender.inFlight.toArray(), ...this.#waiting.toArray(), ...(this.#spooler?.tail ?? [])];
    return inMemory.filter(({ isDone }) => !isDone).length;
  }

  /** Dead letters may be written to this disk. */
  useDisk(queue: SpoolQueue): void {
    this.#undeliverable.useDisk(queue);
  }

  /** Messages that the destination can't take yet go to the disk. Before any end is attached. */
  useSpool(create: (waiting: WaitingQueue, onDone: () => void) => Spooler): Spooler {
    this.#spooler = create(this.#waiting, () => {
      this.#unacknowledged.release();
      this.#sender.pump();
    });
    this.#sender.useSpool(this.#spooler);
    this.#gate.liftMessageBound();
    return this.#spooler;
  }

  /** A source connection is there; what it sends is given to {@link onPublish}. */
  attachSource(source: SourcePort, sessionPresent: boolean): void {
    this.#source = source;
    this.#leavesToSource = this.#mode !== "running";
    if (sessionPresent) this.#forgetUnsent();
    else {
      this.#waiting.forEach((entry) => (entry.mayComeAgain = false));
      this.#spooler?.onSessionLost();
      if (!this.#sender.isAttached) this.#cover(0);
    }
    this.#undeliverable.attachSource(source, sessionPresent);
    this.#gate.use(source);
    this.#sender.pump();
  }

  /** Takes no more messages from the source connection of today: it is about to be replaced. */
  holdSource(): void {
    this.#leavesToSource = true;
  }

  /** The source connection ended: what came on it can't be acknowledged any more. */
  detachSource(error?: ConnectionError): void {
    this.#source = undefined;
    this.#gate.use(undefined);
    this.#undeliverable.detachSource(error);
    this.#unacknowledged.abandon();
    this.#finishDraining();
  }

  /** A destination connection is there: what was in flight is sent again, then the rest. */
  attachDestination(destination: DestinationPort, limits: DestinationLimits): void {
    this.#sender.attach(destination, limits);
    this.#sender.pump();
  }

  /** Sends nothing more on the destination connection of today: it is about to be replaced. */
  holdDestination(): void {
    this.#sender.hold();
  }

  /**
   * The destination connection ended: what was in flight goes back to the head of what waits, in its order. A message at
   * which it ends each time is given up, as the dataflow's policy says: see {@link SuspectWatch}.
   */
  detachDestination(error?: ConnectionError): void {
    this.#sender.detach(error);
    this.#cover(0);
    this.#settle();
  }

  /** Takes a message that arrived on the source connection of today. The view is not used after the call. */
  onPublish(view: PublishView): void {
    if (this.#mode === "stopped") return;
    // Left unacknowledged: the source's session keeps it for the next connection.
    if (this.#leavesToSource && view.qos > 0) return;
    this.#counters.received++;
    if (view.dup) this.#counters.redelivered++;
    const publish = this.#options.patch(view);
    if ("undeliverable" in publish) {
      this.#giveUp(view, publish.undeliverable);
      return;
    }
    if (view.qos === 0 && !this.#hasRoomForQos0) {
      this.#lose("qos0_no_room", "the destination took none in time, and QoS 0 waits for nobody", view.topic);
      return;
    }
    const source = view.qos > 0 ? this.#source : undefined;
    const entry = createEntry(publish, view.packetId, source, this.#options.now());
    if (view.qos > 0) this.#unacknowledged.push(entry);
    const spooler = this.#spooler;
    if (spooler !== undefined && (!this.#sender.isAttached || spooler.isBehind)) spooler.push(entry);
    else this.#waiting.push(entry);
    this.#sender.pump();
  }

  /**
   * Takes a message that is not to be forwarded: no filter of the configuration asks for it (a kept session still has one
   * that was removed), or it is a copy of the message before it, which another filter brought.
   */
  onUnwanted(view: PublishView, origin: "unwanted" | "copy" = "unwanted"): void {
    if (this.#leavesToSource) return;
    this.#counters.received++;
    if (origin === "copy") this.#counters.copiesDropped++;
    else this.#lose("filter_removed", filterRemoved, view.topic);
    if (view.qos === 0) return;
    this.#unacknowledged.push(doneEntry(view.packetId, this.#source));
    this.#unacknowledged.release();
  }

  /** Takes the destination's acknowledgement. */
  onPuback(packetId: number, reasonCode: number): void {
    this.#sender.onPuback(packetId, reasonCode);
    this.#sender.pump();
  }

  /** Takes the source's acknowledgement of a dead letter. */
  onSourcePuback(packetId: number, reasonCode: number): void {
    this.#undeliverable.onSourcePuback(packetId, reasonCode);
    this.#finishDraining();
  }

  /** Looks after what takes too long; to be called a few times a second. */
  tick(): void {
    if (this.#mode === "stopped" || !this.#sender.isAttached) return;
    this.#cover(spoolAfterMs);
    this.#sender.checkStall();
  }

  /** Takes no more messages; resolves once all that came is acknowledged or on the disk, or nothing more can be. */
  async drain(): Promise<void> {
    if (this.#mode === "running") this.#mode = "draining";
    this.#leavesToSource = true;
    await new Promise<void>((resolve) => {
      this.#onIdle.push(resolve);
      this.#cover(0);
      this.#sender.pump();
      this.#finishDraining();
    });
  }

  /** Forwards and acknowledges nothing more: an end of the dataflow has failed for good. */
  end(): void {
    this.#mode = "stopped";
    this.#finishDraining();
  }

  /** Does what follows from a change of what waits and what is in flight. */
  #settle(): void {
    if (this.#sender.isAttached && this.#mode === "running") this.#spooler?.refill();
    const otherBytes = this.#sender.inFlight.bytes + (this.#spooler?.tailBytes ?? 0);
    this.#gate.regulate(this.#waiting, otherBytes, this.#sender.isAttached);
    this.#finishDraining();
  }

  /** Tells whether a message may be sent as far as this process and its source are concerned. */
  #maySend(entry: Entry): boolean {
    if (this.#mode === "stopped") return false;
    if (entry.sequence > 0) return this.#mode === "running";
    // With its source away, one that was never sent waits for the news whether the source sends it again.
    return this.#source !== undefined || this.#mode !== "running" || entry.wasSent || !entry.mayComeAgain;
  }

  get #hasRoomForQos0(): boolean {
    return this.#waiting.qos0 < maxWaitingQos0 && (this.#spooler?.tailLength ?? 0) < maxWaitingQos0;
  }

  #onDelivered(entry: Entry): void {
    if (entry.isDeadLetter) this.#undeliverable.onKept();
    else {
      this.#counters.delivered++;
      this.#counters.observeLatency((this.#options.now() - entry.arrivedMs) / 1000);
    }
    this.#finish(entry);
  }

  /** Nothing more is to be done for a message but to tell its source. */
  #finish(entry: Entry): void {
    entry.isDone = true;
    if (entry.sequence > 0) this.#spooler?.remove(entry);
    this.#unacknowledged.release();
  }

  /** Gives up a message as it arrives, as the dataflow's policy says. */
  #giveUp(view: PublishView, reason: string): void {
    const publish = encodePublish(view, { qos: this.#options.qos, retain: false });
    const source = view.qos > 0 ? this.#source : undefined;
    const entry = createEntry(publish, view.packetId, source, this.#options.now());
    if (view.qos > 0) this.#unacknowledged.push(entry);
    this.#undeliverable.refuse(entry, reason, false);
    this.#sender.pump();
  }

  #lose(kind: LossReason, reason: string, topic: string): void {
    this.#counters.lost[kind]++;
    this.#options.onTrouble({ kind, reason, topic });
  }

  #stop(reason: string, topic: string): void {
    if (this.#mode === "stopped") return;
    this.#mode = "stopped";
    this.#options.onStopped(
      `a message with topic "${topic}" can't be delivered: ${reason}; correct it, or set undeliverableMessages to "DeadLetter" or "Discard"`,
    );
    this.#finishDraining();
  }

  /** Writes to the disk what has waited for so long, oldest first, and stays in memory to be sent next. */
  #cover(minAgeMs: number): void {
    const spooler = this.#spooler;
    const oldest = this.#sender.inFlight.oldest ?? this.#waiting.peek();
    const latest = this.#options.now() - minAgeMs;
    if (spooler === undefined || oldest === undefined || oldest.arrivedMs > latest) return;
    for (const entry of [...this.#sender.inFlight.toArray(), ...this.#waiting.toArray()]) {
      if (entry.arrivedMs > latest) return;
      if (!isSafeAtSource(entry) && !spooler.cover(entry)) return;
    }
  }

  /** Forgets what the source sends again; what was sent already, is on the disk, or is the only copy, stays. */
  #forgetUnsent(): void {
    const isKept = (entry: Entry) => entry.wasSent || entry.sequence > 0 || !entry.mayComeAgain;
    this.#waiting.filter(isKept);
    this.#spooler?.filterTail(isKept);
  }

  #finishDraining(): void {
    if (this.#onIdle.length === 0 || (this.#mode !== "stopped" && !this.#isIdle)) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    if (this.inFlight > 0 || this.#unacknowledged.length > 0 || this.#undeliverable.pending > 0) return false;
    const spooler = this.#spooler;
    if (spooler === undefined) return this.#waiting.length === 0;
    return spooler.isSettled && this.#waiting.toArray().every(({ sequence }) => sequence > 0);
  }
}
