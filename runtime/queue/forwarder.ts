import type { ConnectionError } from "../contract/errors.ts";
import type { SpoolQueue } from "../disk/spool.ts";
import type { CreateSpooler, Spooler } from "../disk/spooler.ts";
import type { LossReason } from "../report/counters.ts";
import { Arrivals } from "./source/arrivals.ts";
import { Backlog } from "./backlog.ts";
import type { DestinationSide } from "./destination/destination-side.ts";
import { BlockedSource } from "./source/blocked-source.ts";
import { topicOfEntry, type Entry } from "./entry.ts";
import { Intake } from "./source/intake.ts";
import type { DestinationLimits, DestinationPort, ForwarderOptions, SourceLimits } from "./ports.ts";
import { Phase } from "./phase.ts";
import { QueueStatus } from "./queue-status.ts";
import { giveRoomBack } from "./room-wanted.ts";
import { Sender } from "./destination/sender.ts";
import { reuseSpent } from "./spent-memory.ts";
import { SourceSession, type SourceEvents, type SourceSide } from "./source/source-side.ts";
import { Undeliverable } from "./undeliverable.ts";
import { Watchdog } from "./watchdog.ts";

/** Age at which a message that a connected destination has not taken is written to the disk. */
const spoolAfterMs = 500;

/**
 * Takes messages from a source to a destination, in the order of their arrival.
 *
 * - A QoS 1 message is acknowledged to the source only after the destination has acknowledged it (or, where the
 *   destination endpoint's QoS is 0, after it was sent) or it is on the disk, in the order of arrival, and only on the
 *   connection that it came on: see {@link SourceSide}.
 * - No more than `maxInflightMessages`, and no more than the destination's Receive Maximum, are in flight. The rest waits:
 *   with a spool on the disk, else unacknowledged; the source's Receive Maximum keeps it short.
 * - When the destination comes back, what was in flight is resent first: with its packet identifier and DUP where
 *   the session was kept, as new messages where not.
 * - When the source has kept its session it redelivers what was not acknowledged: what of it was never sent here is
 *   forgotten then. When it has not, these are the only copies, and they are delivered.
 *
 * @throws {ProtocolError} from {@link SourceSide.onPublish}, when the packet is malformed. Nothing else throws, but for an
 *   assertion that fails.
 */
export class Forwarder {
  /** The session at the source that the configuration names. */
  readonly source: SourceSession;
  /** Where its messages are. */
  readonly status: QueueStatus;
  readonly #options: ForwarderOptions;
  readonly #backlog = new Backlog();
  readonly #sender: Sender;
  /** The source connections that are open. */
  readonly #sources: SourceSide[] = [];
  readonly #sessions = new Set<SourceSession>();
  readonly #sourceEvents: SourceEvents;
  readonly #undeliverable: Undeliverable;
  readonly #intake: Intake;
  readonly #watchdog: Watchdog;
  readonly #blockedSource: BlockedSource;
  readonly #phase = new Phase(() => this.#undeliverable.pending === 0 && this.status.isIdle);

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options);
    this.#intake = this.#createIntake(options);
    const bounded = { ...options, maxInflightBytes: Math.min(options.maxInflightBytes, options.memory.bytes) };
    this.#sender = this.#createSender(bounded);
    this.#undeliverable = new Undeliverable(bounded, {
      onDone: (entry) => {
        this.#watchdog.onConfirmed();
        this.#finish(entry);
        this.#settle();
      },
      onDeadLetter: (entry) => this.#backlog.pushDeadLetter(entry, this.#sender.current !== undefined),
      onRoom: this.#sender.pump.bind(this.#sender),
      onStop: this.#stop.bind(this),
    });
    this.#sourceEvents = {
      counters: options.counters,
      onOpened: this.#onSourceOpened.bind(this),
      ...this.#createArrivals(options).events,
      onPuback: this.#onSourcePuback.bind(this),
      onClosed: this.#onSourceClosed.bind(this),
    };
    this.source = this.addSource();
    const [sender, backlog, sources] = [this.#sender, this.#backlog, this.#sources];
    const [sessions, deadLetters] = [this.#sessions, this.#undeliverable];
    this.status = new QueueStatus({ sender, backlog, sources, sessions, deadLetters });
    this.#blockedSource = new BlockedSource(options, { queue: this, sender, intake: this.#intake, deadLetters });
  }

  /** Another session at the source whose messages are forwarded as well: one that an earlier instance has left. */
  addSource(): SourceSession {
    const session = new SourceSession(this.#sourceEvents);
    this.#sessions.add(session);
    return session;
  }

  /** A session is not connected to again: what it keeps is another process's, or gone with it. */
  removeSource(session: SourceSession): void {
    this.#sessions.delete(session);
  }

  /** Whether it accepts messages. */
  get isRunning(): boolean {
    return this.#phase.kind === "running";
  }

  /** A destination connection is open: what was in flight is resent, then the rest. The one before has ended. */
  openDestination(port: DestinationPort, limits: DestinationLimits): DestinationSide {
    const side = this.#sender.open(port, limits);
    try {
      this.#sender.pump();
    } catch (cause) {
      side.close(); // nobody else knows of it yet
      throw cause;
    }
    return side;
  }

  /** The destination, for those who ask how it is. */
  get destination(): Pick<Sender, "rejection" | "survives" | "window" | "current"> {
    return this.#sender;
  }

  /** What has not moved for too long, for those who ask. */
  get watchdog(): Pick<Watchdog, "stalls" | "idleMs"> {
    return this.#watchdog;
  }

  /** Dead letters may be written to this disk. */
  useDisk(queue: SpoolQueue): void {
    this.#undeliverable.useDisk(queue);
  }

  /** Messages that the destination can't take yet go to the disk. Before any connection is open. */
  useSpool(create: CreateSpooler): Spooler {
    this.#backlog.spooler = create(this.#backlog.waiting, this.#intake.useDisk(), () => {
      this.#release();
      this.#backlog.coverOn(this.#sender.inFlight);
      this.#sender.pump();
    });
    this.#sender.useSpool(this.#backlog.spooler);
    return this.#backlog.spooler;
  }

  /** Looks after what takes too long; to be called a few times a second. */
  tick(): void {
    if (this.#phase.kind === "stopped") return;
    this.#cover(this.#sender.current === undefined ? 0 : spoolAfterMs);
    const { current } = this.#sender;
    if (current !== undefined && this.status.inFlight + this.status.waiting === 0) this.#watchdog.onProgress();
    const byDestination = current && { owed: () => this.#sender.owed, traffic: current.port.traffic };
    const bySource = this.#undeliverable.owedBySource;
    this.#watchdog.look({ byDestination, bySource, toSource: this.status.owedToSource });
    this.#blockedSource.look();
  }

  /** Accepts no more messages; resolves once all that came is acknowledged or on the disk, or nothing more can be. */
  async drain(): Promise<void> {
    const drained = this.#phase.drain();
    // Their source may not come back in time.
    for (const session of this.#sessions) this.#restore(session);
    this.#cover(0);
    this.#sender.pump();
    this.#phase.check();
    await drained;
    await this.#sender.current?.flush();
  }

  /** Forwards and acknowledges nothing more: the dataflow has failed for good. */
  end(): void {
    this.#phase.stop();
    this.#backlog.end(this.#sender.inFlight.toArray());
  }

  #createIntake({ memory: share, maxInflightBytes, maxInflightMessages, copies }: ForwarderOptions): Intake {
    return new Intake({
      share,
      maxBytes: maxInflightBytes,
      maxMessages: maxInflightMessages,
      copies,
      heldBytes: () => this.status.heldBytes,
      mayStore: (bytes) => this.#backlog.mayStore(bytes, this.#sender.current !== undefined),
      onTightChange: this.#settle.bind(this),
      onHeldUp: () => this.#sender.pumpOnceDrained(),
      onRoomWanted: () => {
        const onLost = this.#giveUp.bind(this, "qos0_no_room");
        const { onRedeliveryWanted } = this.#options;
        giveRoomBack(this.#backlog, this.#sender, { onLost, onRedeliveryWanted });
        this.#settle();
      },
    });
  }

  #createArrivals(options: ForwarderOptions): Arrivals {
    return new Arrivals(options, this.#intake, this.#backlog, {
      isRunning: () => this.isRunning,
      isDestinationThere: () => this.#sender.current !== undefined,
      longestPacket: () => this.#sender.longestPacket,
      status: () => this.status,
      onUndeliverable: (entry, reason) => this.#undeliverable.refuse(entry, reason, false),
      onLost: this.lose.bind(this),
      pump: this.#sender.pump.bind(this.#sender),
    });
  }

  #createSender(options: ForwarderOptions): Sender {
    return new Sender(options, this.#backlog.waiting, {
      maySend: (entry) => this.#maySend(entry),
      onDelivered: this.#onDelivered.bind(this),
      onRefused: (entry, reason) => this.#undeliverable.refuse(entry, reason),
      onExpired: this.#giveUp.bind(this, "expired", "its message expiry interval was over before it could be sent"),
      onPumped: this.#settle.bind(this),
      onClosed: ({ unconfirmed }) => {
        if (!this.isRunning) this.status.unconfirmedAtEnd += unconfirmed;
        this.#cover(0);
        this.#settle();
      },
    });
  }

  #onSourceOpened(side: SourceSide, limits: SourceLimits): void {
    this.#sources.push(side);
    const { session } = side;
    if (limits.sessionPresent) this.#undeliverable.forgetRedelivered(session);
    else this.#onSessionLost(session);
    if (this.#sender.current === undefined) this.#cover(0);
    if (session === this.source) this.#undeliverable.attachSource(side.port, limits);
    this.#intake.backpressure.add(side.port);
    this.#sender.pump();
  }

  #onSourceClosed(side: SourceSide, error: ConnectionError | undefined): void {
    this.#sources.splice(this.#sources.indexOf(side), 1);
    this.#intake.backpressure.remove(side.port);
    this.#backlog.withhold(side.session);
    this.#sender.pump();
    if (side.session === this.source) this.#undeliverable.detachSource(error);
    this.#phase.check();
  }

  #onSourcePuback(packetId: number, reasonCode: number, side: SourceSide): void {
    if (side.session !== this.source) return;
    this.#undeliverable.onSourcePuback(packetId, reasonCode);
    this.#phase.check();
  }

  /** Does what follows from a change of what waits and what is in flight. */
  #settle(): void {
    const isAttached = this.#sender.current !== undefined;
    if (isAttached && this.#drainsDisk) this.#backlog.spooler?.refill();
    this.#intake.settle(this.#backlog.waiting, isAttached);
    this.#phase.check();
  }

  /** Tells whether a message may be sent as far as this process and its source are concerned. */
  #maySend(entry: Entry): boolean {
    if (this.#phase.kind === "stopped") return false;
    // What is on the disk can wait there: in memory nothing would bound the dead letters that it becomes.
    return entry.sequence === 0 || (this.#drainsDisk && !this.#undeliverable.isFull);
  }

  /** Whether to send what is on the disk: while draining only if it is before messages that are not. */
  get #drainsDisk(): boolean {
    if (this.#phase.kind !== "draining") return this.#phase.kind === "running";
    return this.#backlog.hasUnwritten;
  }

  #onDelivered(entry: Entry): void {
    this.#watchdog.onProgress();
    if (entry.isDeadLetter) this.#undeliverable.onKept();
    else {
      this.#options.counters.delivered++;
      this.#options.counters.observeLatency((this.#options.now() - entry.arrivedMs) / 1000);
    }
    reuseSpent(entry, this.#options, this.#sender.current?.port);
    this.#finish(entry);
  }

  /** Nothing more is to be done for a message but to tell its source. */
  #finish(entry: Entry): void {
    entry.settle();
    if (entry.sequence > 0) this.#backlog.spooler?.remove(entry);
    entry.leaveMemory();
    this.#release();
  }

  #giveUp(kind: LossReason, reason: string, entry: Entry): void {
    this.#sender.forget(entry);
    entry.trace?.onTrouble(kind, reason);
    this.lose(kind, reason, topicOfEntry(entry));
    this.#finish(entry);
  }

  /** Acknowledges what is safe by now. */
  #release(): void {
    for (const side of this.#sources) side.release();
  }

  /** Counts and names messages that are given up. */
  lose(kind: LossReason, reason: string, topic: string, messages = 1): void {
    this.#options.counters.lost[kind] += messages;
    this.#options.onTrouble({ kind, reason, topic });
  }

  #stop(reason: string): void {
    if (this.#phase.kind === "stopped") return;
    this.#phase.stop();
    this.#options.onStopped(reason);
  }

  /** Writes to the disk what has waited for so long, and stays in memory to be sent next. */
  #cover(minAgeMs: number): void {
    this.#backlog.cover(this.#sender.inFlight.toArray(), this.#options.now() - minAgeMs);
  }

  /** Nobody redelivers what came from there: ours are the only copies. */
  #onSessionLost(session: SourceSession): void {
    this.#backlog.onSessionLost(session, this.#sender.inFlight.toArray());
    // Behind what has overtaken them: what is sent is sent again in the same order.
    this.#restore(session);
  }

  /** Lets wait with the others what was out of the way. */
  #restore(session: SourceSession): void {
    for (const entry of session.withheld.takeAll()) this.#backlog.push(entry, this.#sender.current !== undefined);
  }
}
