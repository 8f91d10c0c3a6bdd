import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";

import { describeError } from "../contract/errors.ts";
import type { Logger } from "../report/log.ts";
import { spoolFile, type Answer, type DeadLetter, type QueueState, type Request, type Row } from "./protocol.ts";
import { WriteBatch } from "./write-batch.ts";

export type { DeadLetter, QueueState, Row } from "./protocol.ts";

/** What a dataflow is told of its queue. */
export interface QueueEvents {
  /** Every message up to this sequence is on the disk. */
  readonly onCommitted: (sequence: number) => void;
  /** The answer to {@link SpoolQueue.read}. */
  readonly onRows: (rows: readonly Row[]) => void;
  /** The queue can't be used any more before the operator has done something. */
  readonly onBroken: (reason: string) => void;
}

/** Tells whether a folder holds a spool. */
export function hasSpool(folder: string): boolean {
  return existsSync(path.join(folder, spoolFile));
}

/** Changes that wait for their commit. */
interface Unanswered {
  readonly batch: number;
  readonly queue: SpoolQueue;
  readonly lastSequence: number;
  readonly onDeadLetters: readonly (() => void)[];
}

/** Beside the source lies the source; beside the bundle lies the bundled worker. */
const workerFile = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./spool-worker.mjs";

/**
 * The disk queues of a relay, in one folder. Writing happens in a thread of its own, since an fsync may take as long as
 * the disk likes; everything here returns at once.
 */
export class Spool {
  readonly folder: string;
  readonly #log: Logger;
  readonly #worker: Worker;
  readonly #queues = new Map<string, SpoolQueue>();
  #states: Readonly<Record<string, QueueState>> = {};
  readonly #unanswered: Unanswered[] = [];
  #batch = 0;
  #clockOffsetMs = 0;
  #trouble: string | undefined;
  #isBroken = false;
  #onOpened: ((broken: string | undefined) => void) | undefined;
  #onClosed: () => void = () => undefined;

  constructor(folder: string, log: Logger) {
    this.folder = folder;
    this.#log = log.child({ spool: folder });
    // Without the options of this process: what is preloaded here is not meant for a thread.
    this.#worker = new Worker(new URL(workerFile, import.meta.url), { execArgv: [] });
    this.#worker.on("message", (answer: Answer) => {
      this.#onAnswer(answer);
    });
    this.#worker.on("error", (cause: unknown) => {
      this.#break(describeError(cause));
    });
    this.#worker.on("exit", () => {
      this.#onClosed();
    });
  }

  /** Opens the folder, as soon as the disk works; resolves with the reason when that can't be done. */
  async open(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#onOpened = resolve;
      this.post({ kind: "open", folder: this.folder });
    });
  }

  /** Whether {@link open} was called and has not resolved. */
  get isOpening(): boolean {
    return this.#onOpened !== undefined;
  }

  /** Why nothing can be written at this time; `undefined` while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** What each queue that was ever written held when it was opened, by the name of its dataflow. */
  get states(): Readonly<Record<string, QueueState>> {
    return this.#states;
  }

  /** Time in milliseconds of a clock that goes on over restarts of the relay and does not jump. */
  get clockMs(): number {
    return performance.now() + this.#clockOffsetMs;
  }

  /** The queue of a dataflow; `open` comes first. */
  queue(name: string, events: QueueEvents): SpoolQueue {
    const queue = new SpoolQueue(name, this, events, this.#states[name]);
    this.#queues.set(name, queue);
    return queue;
  }

  /** Commits what was given and closes the files, or gives up at the deadline. */
  async close(deadline: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      deadline.addEventListener(
        "abort",
        () => {
          resolve();
        },
        { once: true },
      );
      if (deadline.aborted || this.#isBroken || this.isOpening) resolve();
      for (const queue of this.#queues.values()) queue.flush();
      this.post({ kind: "close" });
    });
    this.#onClosed = () => undefined;
    await this.#worker.terminate();
  }

  /** For queues: hands a request to the thread that writes. */
  post(request: Request, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  /** For queues: writes a batch; `onDeadLetters` are called once it is on the disk. */
  write(queue: SpoolQueue, batch: WriteBatch, lastSequence: number, onDeadLetters: readonly (() => void)[]): void {
    const request = batch.take(queue.name, ++this.#batch, this.clockMs);
    this.#unanswered.push({ batch: this.#batch, queue, lastSequence, onDeadLetters });
    this.post(request, [request.packets.buffer]);
  }

  #onAnswer(answer: Answer): void {
    switch (answer.kind) {
      case "opened":
        this.#states = answer.queues;
        this.#clockOffsetMs = answer.clockMs - performance.now();
        this.#recover();
        this.#onOpened?.(undefined);
        this.#onOpened = undefined;
        break;
      case "committed":
        this.#recover();
        this.#onCommitted(answer.batch);
        break;
      case "rows":
        this.#recover();
        this.#queues.get(answer.queue)?.events.onRows(answer.rows);
        break;
      case "damaged":
        this.#queues.get(answer.queue)?.events.onBroken(brokenText(this.folder, answer.reason));
        break;
      case "failing":
        if (this.#trouble === undefined) {
          const what = this.isOpening ? "opened" : "written";
          this.#log.error({ reason: answer.reason }, `spool can't be ${what}, will retry; nothing is acknowledged`);
        }
        this.#trouble = answer.reason;
        break;
      case "broken":
        this.#break(answer.reason);
        break;
      case "closed":
        this.#onClosed();
        break;
    }
  }

  #onCommitted(batch: number): void {
    while ((this.#unanswered[0]?.batch ?? Infinity) <= batch) {
      const done = this.#unanswered.shift();
      if (done === undefined) break;
      if (done.lastSequence > 0) done.queue.events.onCommitted(done.lastSequence);
      for (const callback of done.onDeadLetters) callback();
    }
  }

  #recover(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info(this.isOpening ? "spool is open" : "spool can be written again");
  }

  #break(reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    const text = brokenText(this.folder, reason);
    this.#trouble = reason;
    this.#log.error({ reason }, "spool can't be used");
    this.#onOpened?.(text);
    this.#onOpened = undefined;
    for (const queue of this.#queues.values()) queue.events.onBroken(text);
  }
}

function brokenText(folder: string, reason: string): string {
  const remedy = "check its volume, or move its files away, with the messages that are in them, and restart the relay";
  return `spool ${folder}: can't be used (${reason}); ${remedy}`;
}

/** The disk queue of one dataflow. Changes are gathered within one turn of the event loop. */
export class SpoolQueue {
  readonly name: string;
  readonly events: QueueEvents;
  readonly #spool: Spool;
  readonly #batch = new WriteBatch();
  #onDeadLetters: (() => void)[] = [];
  #lastInBatch = 0;
  #isScheduled = false;
  #lastSequence: number;
  /** What the source's session may hold; `undefined` when nothing is known of it. */
  readonly filters: readonly string[] | undefined;
  /** Messages that are on the disk or on their way there. */
  messages: number;
  /** Bytes of their packets. */
  bytes: number;
  deadLetterBytes: number;

  constructor(name: string, spool: Spool, events: QueueEvents, state: QueueState | undefined) {
    this.name = name;
    this.events = events;
    this.#spool = spool;
    this.#lastSequence = state?.lastSequence ?? 0;
    this.messages = state?.messages ?? 0;
    this.bytes = state?.bytes ?? 0;
    this.deadLetterBytes = state?.deadLetterBytes ?? 0;
    this.filters = state?.filters;
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
  append(packet: Uint8Array, arrivedMs: number, inputTopic: string | undefined): number {
    const sequence = ++this.#lastSequence;
    const onClock = this.#spool.clockMs - performance.now() + arrivedMs;
    this.#batch.addRow({ sequence, arrivedMs: onClock, inputTopic, packetBytes: packet.length }, packet);
    this.messages++;
    this.bytes += packet.length;
    this.#lastInBatch = sequence;
    this.#schedule();
    return sequence;
  }

  /** Forgets a message that was delivered or given up. */
  remove(sequence: number, packetBytes: number): void {
    this.#batch.remove(sequence);
    this.messages--;
    this.bytes -= packetBytes;
    this.#schedule();
  }

  /** Keeps a dead letter; calls back once it is on the disk. */
  addDeadLetter(deadLetter: DeadLetter, onCommitted: () => void): void {
    this.#batch.addDeadLetter(deadLetter);
    this.deadLetterBytes += deadLetter.payload.length + deadLetter.properties.length;
    this.#onDeadLetters.push(onCommitted);
    this.#schedule();
  }

  /** Remembers the filters of the source's session. */
  rememberFilters(filters: readonly string[], onCommitted: () => void): void {
    this.#batch.setFilters(filters);
    this.#onDeadLetters.push(onCommitted);
    this.#schedule();
  }

  /** Asks for messages behind `after`; the answer is {@link QueueEvents.onRows}. */
  read(after: number, maxMessages: number, maxBytes: number): void {
    this.flush();
    this.#spool.post({ kind: "read", queue: this.name, after, maxMessages, maxBytes });
  }

  /** When a message came, by `performance.now()`: before this process, it is a negative number. */
  arrivalOf({ arrivedMs }: Row): number {
    return arrivedMs - this.#spool.clockMs + performance.now();
  }

  /** Hands what was gathered to the thread that writes. */
  flush(): void {
    if (this.#batch.isEmpty) return;
    const onDeadLetters = this.#onDeadLetters;
    this.#onDeadLetters = [];
    this.#spool.write(this, this.#batch, this.#lastInBatch, onDeadLetters);
    this.#lastInBatch = 0;
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
