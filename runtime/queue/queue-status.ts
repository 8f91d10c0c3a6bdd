import type { Backlog } from "./backlog.ts";
import type { Entry } from "./entry.ts";
import type { Sender } from "./destination/sender.ts";
import type { SourceSession, SourceSide } from "./source/source-side.ts";
import type { Undeliverable } from "./undeliverable.ts";

/** The parts of a queue in which messages are. */
export interface QueueParts {
  readonly sender: Pick<Sender, "inFlight" | "current" | "unsentBytes">;
  readonly backlog: Backlog;
  readonly sources: readonly SourceSide[];
  readonly sessions: ReadonlySet<SourceSession>;
  /** Dead letters that are on their way, and the bytes of their packets. */
  readonly deadLetters: Pick<Undeliverable, "pending" | "pendingBytes">;
}

/** Memory of a message beside its packet: the objects that keep its place in the queues. Measured at 350 to 450 bytes. */
export const entryBytes = 512;
/** A message on its way to the disk is in memory so many times: as it is, in what is handed over, and in SQLite. */
export const copiesForDisk = 3;

/** Messages that came with QoS 0 and may wait in memory while the destination is away: nothing else holds them back. */
const maxWaitingQos0 = 10_000;

/** Where the messages of a dataflow are, for those who ask. */
export class QueueStatus {
  readonly #parts: QueueParts;
  /** Of those, what a connection took with it that ended while the dataflow was ending. */
  unconfirmedAtEnd = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Bytes that the messages of the dataflow take in memory. Copies that are on their way to the disk have memory of their own. */
  get heldBytes(): number {
    const { sender, backlog, deadLetters, sources, sessions } = this.#parts;
    const { waiting, spooler } = backlog;
    const { inFlight } = sender;
    let bytes = waiting.bytes + inFlight.bytes + deadLetters.pendingBytes + sender.unsentBytes;
    let messages = waiting.length + inFlight.length + deadLetters.pending;
    if (spooler !== undefined) {
      bytes += spooler.pendingBytes;
      messages += spooler.pendingLength;
    }
    for (const { unacknowledged } of sources) messages += unacknowledged;
    for (const { withheld } of sessions) {
      bytes += withheld.bytes;
      messages += withheld.length;
    }
    return bytes + messages * entryBytes;
  }

  /** Messages sent to the destination and not acknowledged by it. */
  get inFlight(): number {
    return this.#parts.sender.inFlight.length;
  }

  /** Messages that wait in memory to be sent. */
  get waiting(): number {
    const { waiting, spooler } = this.#parts.backlog;
    return waiting.length + (spooler?.pendingLength ?? 0);
  }

  /** Messages that neither the destination nor the disk has, and how many of them no source has either. */
  get unsafe(): { readonly messages: number; readonly onlyHere: number } {
    const { sender, backlog } = this.#parts;
    const unsafe = backlog.inMemory(sender.inFlight.toArray()).filter(({ custody }) => custody !== "safe");
    const onlyHere = unsafe.filter(({ custody }) => custody === "onlyHere");
    return { messages: unsafe.length + this.#parts.deadLetters.pending, onlyHere: onlyHere.length };
  }

  /** Whether the sources have every message that is here, and none of them was sent yet: another process sends it once. */
  get isAllAtSources(): boolean {
    const { sender, backlog, deadLetters } = this.#parts;
    const messages = backlog.inMemory(sender.inFlight.toArray());
    return deadLetters.pending === 0 && messages.every(({ custody, wasSent }) => custody !== "onlyHere" && !wasSent);
  }

  /** Messages with QoS 0 that were written to the destination and may not have reached it. */
  get unconfirmed(): number {
    return this.unconfirmedAtEnd + (this.#parts.sender.current?.unconfirmed ?? 0);
  }

  /** The message that came first of those that neither the destination nor the disk has; `undefined` without one. */
  get oldest(): Entry | undefined {
    const { sender, backlog, sources } = this.#parts;
    const { waiting, spooler } = backlog;
    const first = [sender.inFlight.oldest, waiting.peek(), spooler?.oldestPending, ...sources.map((s) => s.oldest)];
    const unsafe = first.filter((entry) => entry !== undefined && entry.custody !== "safe");
    return unsafe.reduce(
      (oldest, entry) => ((entry?.arrivedMs ?? 0) < (oldest?.arrivedMs ?? 0) ? entry : oldest),
      unsafe[0],
    );
  }

  /** Its age; 0 without one. */
  get oldestSeconds(): number {
    const { oldest } = this;
    return oldest === undefined ? 0 : Math.max(0, performance.now() - oldest.arrivedMs) / 1000;
  }

  get hasRoomForQos0(): boolean {
    const { waiting, spooler } = this.#parts.backlog;
    return waiting.qos0 < maxWaitingQos0 && (spooler?.pendingLength ?? 0) < maxWaitingQos0;
  }

  /** What a source connection still waits for: acknowledgements, and dead letters that are on their way. */
  owedTo(side: SourceSide): number {
    return side.unacknowledged + this.#parts.deadLetters.pending;
  }

  /** Whether all that came is acknowledged or on the disk. */
  get isIdle(): boolean {
    const { backlog, sources } = this.#parts;
    const { waiting, spooler } = backlog;
    if (this.inFlight > 0 || sources.some(({ unacknowledged }) => unacknowledged > 0)) return false;
    if (spooler === undefined) return waiting.length === 0;
    return spooler.isSettled && waiting.toArray().every(({ sequence }) => sequence > 0);
  }

  /** A message whose acknowledgement nothing keeps back, no dead letter either: there is none, unless this program has a fault. */
  get owedToSource(): Entry | undefined {
    if (this.#parts.deadLetters.pending > 0) return undefined;
    const oldest = this.#parts.sources.map((side) => side.oldest).find((entry) => entry !== undefined);
    if (oldest === undefined) return undefined;
    const isNowhere = this.inFlight === 0 && this.waiting === 0;
    return isNowhere || oldest.custody === "safe" || this.#parts.backlog.spooler?.isIdle === true ? oldest : undefined;
  }
}
