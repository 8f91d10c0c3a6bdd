import Denque from "denque";

import { packetAsItCame } from "../mqtt/encoded-publish.ts";
import { findReadAgain, SentIdentifiers } from "./read-again.ts";
import { ReadBack, type SpoolMemory } from "./read-back.ts";
import type { Row, SpoolQueue } from "./spool.ts";
import { DrainRate, type DrainRates } from "./drain-rate.ts";
import { spooledEntry, type Entry } from "../queue/entry.ts";
import type { Tracer } from "../queue/ports.ts";
import type { SourceSession } from "../queue/source/source-side.ts";
import type { WaitingQueue } from "../queue/waiting-queue.ts";

/** What a spooler needs of its queue. */
export type QueuePort = Pick<
  SpoolQueue,
  "append" | "remove" | "read" | "arrivalOf" | "lastSequence" | "messages" | "takenBytes" | "writingBytes" | "trouble"
>;

/** What a spooler runs with. */
export interface SpoolerOptions {
  readonly maxBytes: number;
  /** A message of that age is undeliverable when its turn comes; omitted: none is. */
  readonly maxAgeMs?: number;
  readonly rates: DrainRates;
  readonly qos: 0 | 1;
  readonly memory: SpoolMemory;
  readonly now: () => number;
  /** Traces some of the messages; omitted: none is traced. */
  readonly tracer?: Pick<Tracer, "resume"> | undefined;
  /** Called for a message that can't be read back; tells whether it is to be forgotten, or stops the dataflow. */
  readonly onDamaged: (row: Row) => "forget" | "keep";
}

/** Makes the spooler of a dataflow; `onDone` is called when messages became safe, or came back from the disk. */
export type CreateSpooler = (waiting: WaitingQueue, memory: SpoolMemory, onDone: () => void) => Spooler;

/** Messages are read back in portions, while fewer than this many wait in memory: one portion is sent as the next one comes. */
const readBelow = 500;

/**
 * The part of a dataflow's messages that is on the disk, or on its way there.
 *
 * In the order in which they are sent: what waits in memory (some of it on the disk too, and acknowledged for it), then
 * what is on the disk alone, then the *pending writes* in memory. A message of these leaves memory once
 * it is on the disk; it is safe then, and its source is told. While the disk refuses, the pending writes stay,
 * unacknowledged, and are sent from memory when all before them is gone.
 */
export class Spooler {
  readonly identifiers = new SentIdentifiers();
  readonly #options: SpoolerOptions;
  readonly #queue: QueuePort;
  readonly #waiting: WaitingQueue;
  readonly #onDone: () => void;
  readonly #rate: DrainRate;
  readonly #pending = new Denque<Entry>();
  #pendingBytes = 0;
  /** How many of them were appended to the disk's queue; those behind them wait for room. */
  #appended = 0;
  /** Messages in the order of their sequence whose commit is still to come, those of the pending writes among them. */
  readonly #uncommitted = new Denque<Entry>();
  /** The last message that left memory for the disk, and the last one that is in memory or was. */
  #lastLeft: number;
  #lastInMemory = 0;
  /** Messages behind that one which are in memory all the same. */
  readonly #alsoInMemory = new Set<number>();
  /** Those of them that were removed while rows are on their way from the disk. */
  #removedMeanwhile: number[] = [];
  readonly readBack: ReadBack;

  /** @param onDone called when messages became safe, or came back from the disk */
  constructor(options: SpoolerOptions, waiting: WaitingQueue, queue: QueuePort, onDone: () => void) {
    this.#options = options;
    this.#waiting = waiting;
    this.#queue = queue;
    this.readBack = new ReadBack(queue, options.memory, options.qos);
    this.#onDone = onDone;
    this.#rate = new DrainRate(options.rates, options.now());
    this.#lastLeft = queue.messages > 0 ? queue.lastSequence : 0;
  }

  /** Messages that wait in memory for the disk. */
  get pendingLength(): number {
    return this.#pending.length;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether a message that arrives has to take its place behind others on the disk. */
  get isBehind(): boolean {
    return this.#hasUnread || this.#pending.length > 0 || (this.#waiting.peekBack()?.sequence ?? 0) > 0;
  }

  /** Whether the bound in bytes keeps messages from being written. */
  get isFull(): boolean {
    const next = this.#pending.peekAt(this.#appended);
    return next !== undefined && !this.#hasRoom(next);
  }

  /** Whether a message of so many bytes has a place on the disk, with none before it that has not. */
  hasPlaceFor(bytes: number): boolean {
    const isFirst = this.#pending.length === this.#appended;
    return isFirst && this.#queue.takenBytes + bytes <= this.#options.maxBytes;
  }

  /** Whether every message that was appended is on the disk, and none waits for room. */
  get isSettled(): boolean {
    return this.#uncommitted.length === 0 && !this.isFull && !this.#isHeldUp;
  }

  /** Whether a message waits to be written that nobody else keeps: the disk fails, or has enough on its way to it. */
  get #isHeldUp(): boolean {
    const next = this.#pending.peekAt(this.#appended);
    return next !== undefined && next.custody !== "atSource";
  }

  /** Whether the disk works and has written all that it was given, with room for more. */
  get isIdle(): boolean {
    return this.isSettled && this.#queue.trouble === undefined;
  }

  /** The pending write that arrived first. */
  get oldestPending(): Entry | undefined {
    return this.#pending.peekFront();
  }

  /** Puts a message behind all others: to the disk, and out of memory once it is there. */
  push(entry: Entry): void {
    this.#pending.push(entry);
    this.#pendingBytes += entry.memoryBytes;
    this.appendPending();
  }

  /**
   * Writes a message that stays in memory where it is, for it is next to be sent or in flight; tells whether it is on the
   * disk or on its way there. One that was never sent is written only while nothing newer is there: it is sent from there,
   * in order, when this process ends.
   */
  cover(entry: Entry): boolean {
    if (entry.sequence > 0) return true;
    const isBehindNewer = this.#hasUnread || this.#appended > 0;
    if ((isBehindNewer && !entry.wasSent) || !this.#takes(entry)) return false;
    this.#append(entry);
    if (isBehindNewer) this.#alsoInMemory.add(entry.sequence);
    else this.#lastInMemory = entry.sequence;
    return true;
  }

  /**
   * Writes those of these messages that came until then, oldest first, and writes on behind them. What its source
   * redelivers and was never sent is left out.
   * @returns whether there are more of them, for when what is on its way to the disk has come there
   */
  coverOlder(entries: readonly Entry[], latestMs: number): boolean {
    const rest = entries.find((entry) => entry.arrivedMs > latestMs || (!entry.isForgettable && !this.cover(entry)));
    this.appendPending();
    return rest !== undefined && rest.arrivedMs <= latestMs && !this.#mayAdd(rest);
  }

  /** The pending write that is sent next; `undefined` while older ones are on the disk. */
  peekPending(): Entry | undefined {
    return this.#hasUnread || this.readBack.isUnderWay ? undefined : this.#pending.peekFront();
  }

  /** Takes out what {@link peekPending} showed. */
  shiftPending(): void {
    const entry = this.#pending.shift();
    if (entry === undefined) return;
    this.#waiting.takeOrder(entry);
    this.#pendingBytes -= entry.memoryBytes;
    if (this.#appended > 0) this.#appended--;
    if (entry.sequence > 0) this.#lastInMemory = entry.sequence;
  }

  /** Milliseconds until the next message may leave the disk; 0 when it may now. */
  waitMs(): number {
    return this.#rate.waitMs(this.#options.now());
  }

  /** Counts a message that is sent. */
  countSent(entry: Entry): void {
    this.#rate.take(entry.publish.length);
  }

  isTooOld({ arrivedMs }: Entry): boolean {
    const { maxAgeMs, now } = this.#options;
    return maxAgeMs !== undefined && now() - arrivedMs > maxAgeMs;
  }

  /** Forgets a message that was delivered or given up. */
  remove(entry: Entry): void {
    this.#queue.remove(entry.sequence, entry.spooledBytes);
    // Rows that were read before it was removed may still be on their way.
    if (this.#alsoInMemory.has(entry.sequence) && this.readBack.isUnderWay) this.#removedMeanwhile.push(entry.sequence);
    else this.#alsoInMemory.delete(entry.sequence);
    entry.sequence = 0;
    this.appendPending();
  }

  /** Takes out what `isTaken` says of what is not yet on its way to the disk, and returns it in its order. */
  extractPending(isTaken: (entry: Entry) => boolean): Entry[] {
    const entries = this.#pending.toArray();
    const taken = entries.filter((entry) => entry.sequence === 0 && isTaken(entry));
    if (taken.length === 0) return taken;
    this.#pending.clear();
    this.#pendingBytes = 0;
    for (const entry of entries.filter((one) => !taken.includes(one))) {
      this.#pending.push(entry);
      this.#pendingBytes += entry.memoryBytes;
    }
    this.appendPending();
    return taken;
  }

  /** The messages of all pending writes, oldest first. */
  get pending(): readonly Entry[] {
    return this.#pending.toArray();
  }

  /** The source has lost its session: what came from it is here and nowhere else. */
  onSessionLost(session: SourceSession): void {
    for (const entry of this.pending) entry.onSessionLost(session);
    this.appendPending();
  }

  /** Reads on while few messages wait in memory, and writes on. */
  refill(): void {
    this.appendPending();
    const { portionBytes } = this.#options.memory;
    if (this.readBack.isUnderWay || !this.#hasUnread) return;
    if (this.#waiting.length >= readBelow || this.#waiting.bytes > portionBytes) return;
    this.readBack.start(this.#lastInMemory);
  }

  /**
   * Lets go of what waits in memory from the first large message on, where the disk has all of it in the same order: it is read again.
   * Nothing may be in flight.
   * @returns what has left memory
   */
  unread(): readonly Entry[] {
    const dropped = findReadAgain(this.#waiting.toArray(), this.#lastInMemory, this.#alsoInMemory);
    if (dropped.length === 0 || !this.readBack.withdraw()) return [];
    const gone = new Set(dropped);
    this.#waiting.extract((entry) => gone.has(entry));
    this.#lastLeft = Math.max(this.#lastLeft, this.#lastInMemory);
    this.#lastInMemory -= dropped.length;
    for (const entry of dropped) {
      this.identifiers.keep(entry);
      entry.leaveMemory();
    }
    return dropped;
  }

  get #hasUnread(): boolean {
    return this.#lastLeft > this.#lastInMemory;
  }

  #hasRoom({ publish }: Entry): boolean {
    return this.#queue.takenBytes + publish.length <= this.#options.maxBytes;
  }

  /** While the disk fails it is given nothing: what it can't write would be in memory twice. */
  #takes(entry: Entry): boolean {
    return this.#queue.trouble === undefined && this.#hasRoom(entry) && this.#mayAdd(entry);
  }

  /** Whether so little is on its way to the disk that a message may follow: there are copies of all of it. */
  #mayAdd({ memoryBytes }: Entry): boolean {
    const { writingBytes } = this.#queue;
    return writingBytes === 0 || writingBytes + memoryBytes <= this.#options.memory.portionBytes;
  }

  /** Writes on, as far as there is room. */
  appendPending(): void {
    // Nothing goes to the disk before what is only in memory and has to be sent before it.
    if (this.#waiting.peekBack()?.sequence === 0) return;
    for (let entry = this.#pending.peekAt(this.#appended); entry !== undefined;) {
      // What its source redelivers must not overtake what is before it and is redelivered too.
      if (entry.custody === "atSource" || !this.#takes(entry)) return;
      this.#append(entry);
      this.#appended++;
      entry = this.#pending.peekAt(this.#appended);
    }
  }

  #append(entry: Entry): void {
    const { publish, arrivedMs } = entry;
    const packet = packetAsItCame(publish);
    entry.sequence = this.#queue.append(packet, arrivedMs, publish.inputTopic, entry.isDeadLetter);
    entry.spooledBytes = publish.length;
    this.#uncommitted.push(entry);
  }

  /** Every message up to this sequence is on the disk; 0 where something else has changed there. */
  onCommitted(sequence: number): void {
    for (
      let entry = this.#uncommitted.peekFront();
      entry !== undefined && (entry.sequence <= sequence || entry.custody === "safe");
      entry = this.#uncommitted.peekFront()
    ) {
      this.#uncommitted.shift();
      entry.custody = "safe";
      entry.trace?.onSpooled();
      if (this.#pending.peekFront() !== entry) continue;
      this.#pending.shift();
      this.#pendingBytes -= entry.memoryBytes;
      this.#appended--;
      this.#lastLeft = entry.sequence;
      entry.leaveMemory();
    }
    // Messages in memory are written first; they are older.
    this.#onDone();
    // How much room there is shows only now: pages are shared, and what was removed counts until then.
    this.appendPending();
  }

  /** The disk works again. */
  onWorks(): void {
    this.appendPending();
    this.#onDone();
  }

  /** Takes the messages that were asked for. */
  onRows(rows: readonly Row[], largeBytes?: number): void {
    this.readBack.end();
    if (largeBytes !== undefined) {
      this.readBack.startLarge(this.#lastInMemory, largeBytes);
      return;
    }
    for (const row of rows) {
      this.#lastInMemory = row.sequence;
      if (this.#alsoInMemory.has(row.sequence)) continue;
      const publish = this.readBack.encode(row);
      if (typeof publish === "string") {
        if (this.#options.onDamaged({ ...row, damage: publish }) === "forget")
          this.#queue.remove(row.sequence, row.packetBytes);
        continue;
      }
      const entry = spooledEntry(publish, row.sequence, row.packetBytes, this.#queue.arrivalOf(row));
      entry.isDeadLetter = row.isDeadLetter;
      this.identifiers.restore(entry);
      entry.room = this.readBack.takeRoom();
      entry.trace = this.#options.tracer?.resume(publish);
      this.#waiting.push(entry);
    }
    for (const sequence of this.#removedMeanwhile.splice(0)) this.#alsoInMemory.delete(sequence);
    this.readBack.takeRoom()?.release(); // of a message that was damaged, or is gone
    if (rows.length === 0) this.#lastInMemory = this.#lastLeft;
    this.#onDone();
  }
}
