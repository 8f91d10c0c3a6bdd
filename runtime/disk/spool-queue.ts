import { textBytes } from "../memory/text-bytes.ts";
import type { DeadLetter, Loss, QueueState, Row, StoredCounts } from "./protocol.ts";
import type { QueueEvents, Spool } from "./spool.ts";
import { deadLetterSize, rowSize } from "./row-size.ts";
import { WriteBatch } from "./write-batch.ts";

/** Packets that go to the thread in one piece: it commits in portions of that size, and reads in between. */
const largestBatchBytes = 1024 * 1024;

/** What a queue holds, or by how much that changes. */
class Counts implements StoredCounts {
  messages = 0;
  bytes = 0;
  usedBytes = 0;
  deadLetterBytes = 0;

  add({ messages, bytes, usedBytes, deadLetterBytes }: StoredCounts, sign: 1 | -1 = 1): this {
    this.messages += sign * messages;
    this.bytes += sign * bytes;
    this.usedBytes += sign * usedBytes;
    this.deadLetterBytes += sign * deadLetterBytes;
    return this;
  }
}

/** What a batch changes, for when it is committed. */
export class Changes {
  readonly counts = new Counts();
  /** Sequence of its last message; 0 when there is none. */
  lastSequence = 0;
  readonly onDone: (() => void)[] = [];
  /** Messages that it appends, and the bytes that they take in memory; and those that it removes. */
  appended = 0;
  appendedBytes = 0;
  removed = 0;
}

/** The disk queue of one dataflow. Changes are gathered within one turn of the event loop. */
export class SpoolQueue {
  readonly name: string;
  readonly events: QueueEvents;
  readonly #spool: Spool;
  readonly #batch = new WriteBatch();
  #changes = new Changes();
  /** What the disk held after the last commit that is known. */
  #stored: StoredCounts;
  /** What changes since then. */
  readonly #onWay = new Counts();
  #isScheduled = false;
  #writingBytes = 0;
  #lastSequence: number;
  /** What the source's session may hold; `undefined` when nothing is known of it. */
  readonly filters: readonly string[] | undefined;
  /** Messages that damage to the files has taken before this process used it. */
  readonly loss: Loss | undefined;

  constructor(name: string, spool: Spool, events: QueueEvents, state: QueueState | undefined) {
    this.name = name;
    this.events = events;
    this.#spool = spool;
    this.#lastSequence = state?.lastSequence ?? 0;
    this.#stored = state ?? new Counts();
    this.filters = state?.filters;
    this.loss = state?.loss;
  }

  /** Messages that are on the disk or on their way there. */
  get messages(): number {
    return this.#stored.messages + this.#onWay.messages;
  }

  /** Bytes of their packets. */
  get bytes(): number {
    return this.#stored.bytes + this.#onWay.bytes;
  }

  /** Bytes that they and the dead letters take of the disk. */
  get takenBytes(): number {
    const { usedBytes, deadLetterBytes } = this.#stored;
    return usedBytes + deadLetterBytes + this.#onWay.usedBytes + this.#onWay.deadLetterBytes;
  }

  /** Bytes of messages that are on their way to the disk. */
  get writingBytes(): number {
    return this.#writingBytes;
  }

  /** Bytes of the dead letters that are on their way to the disk. */
  get pendingDeadLetterBytes(): number {
    return this.#onWay.deadLetterBytes;
  }

  /** Sequence of the message that was appended last, by this process or an earlier one. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Why nothing can be written at this time; `undefined` while all is well. */
  get trouble(): string | undefined {
    return this.#spool.trouble;
  }

  /** Appends a message, which is copied; returns its sequence. `arrivedMs` is by `performance.now()`. */
  append(packet: Uint8Array, arrivedMs: number, inputTopic: string | undefined, isDeadLetter = false): number {
    const sequence = ++this.#lastSequence;
    const onClock = this.#spool.clockMs - performance.now() + arrivedMs;
    const packetBytes = packet.length;
    const bytesInMemory = packetBytes + textBytes(inputTopic);
    this.#batch.addRow({ sequence, arrivedMs: onClock, inputTopic, packetBytes, isDeadLetter }, packet);
    this.#changes.lastSequence = sequence;
    this.#changes.appended++;
    this.#changes.appendedBytes += bytesInMemory;
    this.#writingBytes += bytesInMemory;
    const usedBytes = rowSize(packetBytes + (inputTopic === undefined ? 0 : Buffer.byteLength(inputTopic)));
    for (const counts of [this.#changes.counts, this.#onWay]) {
      counts.messages++;
      counts.bytes += packetBytes;
      counts.usedBytes += usedBytes;
    }
    this.#schedule();
    if (this.#batch.bytes >= largestBatchBytes) this.flush();
    return sequence;
  }

  /** Forgets a message that was delivered or given up. */
  remove(sequence: number, packetBytes: number): void {
    this.#batch.remove(sequence);
    this.#changes.removed++;
    for (const counts of [this.#changes.counts, this.#onWay]) {
      counts.messages--;
      counts.bytes -= packetBytes;
    }
    this.#schedule();
  }

  /** Keeps a dead letter; calls back once it is on the disk. */
  addDeadLetter(deadLetter: DeadLetter, onCommitted: () => void): void {
    this.#batch.addDeadLetter(deadLetter);
    this.#changes.onDone.push(onCommitted);
    const bytes = deadLetterSize(deadLetter);
    for (const counts of [this.#changes.counts, this.#onWay]) counts.deadLetterBytes += bytes;
    this.#schedule();
  }

  /** Remembers the filters of the source's session. */
  rememberFilters(filters: readonly string[], onCommitted: () => void): void {
    this.#batch.setFilters(filters);
    this.#changes.onDone.push(onCommitted);
    this.#schedule();
  }

  /** Forgets a loss that was counted, so that it is not told again. */
  settleLoss(): void {
    this.#batch.settleLoss();
    this.#schedule();
  }

  /**
   * Asks for messages behind `after`; the answer is {@link QueueEvents.onRows}. Where the first one has more than `mostBytes`,
   * the answer is how many it has.
   */
  read(after: number, maxMessages: number, maxBytes: number, mostBytes = Infinity): void {
    this.flush();
    this.#spool.post({ kind: "read", queue: this.name, after, maxMessages, maxBytes, mostBytes });
  }

  /** When a message came, by `performance.now()`: before this process, it is a negative number. */
  arrivalOf({ arrivedMs }: Row): number {
    return arrivedMs - this.#spool.clockMs + performance.now();
  }

  /** Hands what was gathered to the thread that writes. */
  flush(): void {
    if (this.#batch.isEmpty) return;
    const changes = this.#changes;
    this.#changes = new Changes();
    this.#spool.write(this, this.#batch, changes);
  }

  /** For the spool: changes are on the disk. */
  onCommitted(changes: Changes, stored: StoredCounts | undefined): void {
    this.#onWay.add(changes.counts, -1);
    this.#writingBytes -= changes.appendedBytes;
    this.#stored = stored ?? new Counts().add(this.#stored).add(changes.counts);
    this.events.onCommitted(changes.lastSequence);
    for (const callback of changes.onDone) callback();
  }

  /** For the spool: it holds this now, whatever it held before. */
  onReplaced(state: QueueState | undefined): void {
    this.#stored = state ?? new Counts();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
