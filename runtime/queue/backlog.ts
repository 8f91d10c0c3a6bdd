import type { Spooler } from "../disk/spooler.ts";
import type { Entry } from "./entry.ts";
import type { SourceSession } from "./source/source-side.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** The messages that wait to be sent: in memory, and on the disk where there is a spool. */
export class Backlog {
  readonly waiting = new WaitingQueue();
  spooler: Spooler | undefined;
  /** Until when what came is to be written as well, once what is on its way to the disk has come there. */
  #goesOnUntilMs: number | undefined;

  /** Puts a message behind all others. */
  push(entry: Entry, isDestinationThere: boolean): void {
    const { spooler } = this;
    if (spooler !== undefined && (!isDestinationThere || spooler.isBehind)) spooler.push(entry);
    else this.waiting.push(entry);
  }

  /** Puts a dead letter before all others, or behind what is on the disk while that is ahead. */
  pushDeadLetter(entry: Entry, isDestinationThere: boolean): void {
    const isNew = entry.sequence === 0;
    if (isNew && (!isDestinationThere || this.spooler?.isBehind === true) && this.spooler !== undefined)
      this.spooler.push(entry);
    else this.waiting.putBack(entry);
  }

  /** Takes out what a session redelivers and nobody has sent: it waits out of the way until that is connected to again. */
  withhold(session: SourceSession): void {
    const isWithheld = (entry: Entry) => entry.session === session && entry.isForgettable;
    for (const entry of this.waiting.extract(isWithheld)) session.withheld.push(entry);
    for (const entry of this.spooler?.extractPending(isWithheld) ?? []) session.withheld.push(entry);
  }

  /** The session keeps nothing any more: whatever came from it has its only copy here. */
  onSessionLost(session: SourceSession, inFlight: readonly Entry[]): void {
    for (const entry of [...session.withheld.toArray(), ...this.waiting.toArray(), ...inFlight])
      entry.onSessionLost(session);
    this.spooler?.onSessionLost(session);
  }

  /** Writes to the disk what came until then, oldest first, and stays in memory to be sent next. */
  cover(inFlight: readonly Entry[], untilMs: number): void {
    const oldest = inFlight[0] ?? this.waiting.peek();
    const latestMs = Math.max(untilMs, this.#goesOnUntilMs ?? -Infinity);
    this.#goesOnUntilMs = undefined;
    if (this.spooler === undefined || oldest === undefined || oldest.arrivedMs > latestMs) return;
    const isPart = this.spooler.coverOlder([...inFlight, ...this.waiting.toArray()], latestMs);
    if (isPart) this.#goesOnUntilMs = latestMs;
  }

  /** Goes on with {@link cover}, where it stopped since enough was on its way to the disk. */
  coverOn(inFlight: { readonly toArray: () => readonly Entry[] }): void {
    if (this.#goesOnUntilMs !== undefined) this.cover(inFlight.toArray(), this.#goesOnUntilMs);
  }

  /** Whether a message of so many bytes would be sent next, or has a place on the disk. */
  mayStore(bytes: number, isDestinationThere: boolean): boolean {
    const { spooler } = this;
    return spooler === undefined || (isDestinationThere && !spooler.isBehind) || spooler.hasPlaceFor(bytes);
  }

  /** All messages that are in memory. */
  inMemory(inFlight: readonly Entry[]): readonly Entry[] {
    return [...inFlight, ...this.waiting.toArray(), ...(this.spooler?.pending ?? [])];
  }

  /** Whether a large message waits that its source would send again; where the destination is there, one that waits for the disk. */
  hasLargeOwed(isAway: boolean): boolean {
    const waiting = [...(isAway ? this.waiting.toArray() : []), ...(this.spooler?.pending ?? [])];
    return waiting.some(
      ({ room, custody, wasSent, sequence }) => room !== undefined && custody === "owed" && !wasSent && sequence === 0,
    );
  }

  /**
   * Takes large messages out of memory that no source would send again: those that came with QoS 0, and, while the destination is away, those
   * that are on the disk, with what is behind them, to be read once more.
   * @returns both, in this order; the second have left memory
   */
  giveRoomBack(isAway: boolean): readonly [lost: readonly Entry[], onDisk: readonly Entry[]] {
    const isLost = ({ room, sourceId, sequence }: Entry) => room !== undefined && sourceId === 0 && sequence === 0;
    const lost = [...(isAway ? this.waiting.extract(isLost) : []), ...(this.spooler?.extractPending(isLost) ?? [])];
    this.spooler?.appendPending(); // one of them may have kept it from the disk
    return [lost, (isAway ? this.spooler?.unread() : undefined) ?? []];
  }

  /** Nothing is sent any more. */
  end(inFlight: readonly Entry[]): void {
    for (const { room } of this.inMemory(inFlight)) room?.release();
    this.spooler?.readBack.takeRoom()?.release();
  }

  /** Whether a message waits that is not on the disk. */
  get hasUnwritten(): boolean {
    return (this.spooler?.pendingLength ?? 0) > 0 || this.waiting.toArray().some(({ sequence }) => sequence === 0);
  }
}
