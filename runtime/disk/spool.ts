import { existsSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { every } from "../event-loop/every.ts";
import { describeError } from "../contract/errors.ts";
import type { Logger } from "../report/log.ts";
import { packHeaders, unpackRows } from "./packed-rows.ts";
import { spoolFile, type Answer, type Loss, type QueueState, type Request, type Row } from "./protocol.ts";
import { createBeats, lookMs, SilenceWatch, silentAfterMs } from "./silence-watch.ts";
import { SpoolQueue, type Changes } from "./spool-queue.ts";
import type { WriteBatch } from "./write-batch.ts";

export type { DeadLetter, QueueState, Row } from "./protocol.ts";
export { SpoolQueue } from "./spool-queue.ts";

/** What a dataflow is told of its queue. */
export interface QueueEvents {
  /** Every message up to this sequence is on the disk; 0 for changes that append none. What is taken of the disk has changed. */
  readonly onCommitted: (sequence: number) => void;
  /** The answer to {@link SpoolQueue.read}. */
  readonly onRows: (rows: readonly Row[], largeBytes: number | undefined) => void;
  /** The disk works again, after {@link SpoolQueue.trouble}. */
  readonly onWorks: () => void;
  /** Messages of this queue are gone with damaged files; {@link SpoolQueue.settleLoss} once that was counted. */
  readonly onLoss: (loss: Loss) => void;
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
  readonly changes: Changes;
}

/** Time for the thread to end once it is told to: one that waits for the disk can't. */
const terminateMs = 1000;

/** Beside the source lies the source; beside the bundle lies the bundled worker. */
const workerFile = import.meta.url.endsWith(".ts") ? "./thread/worker.ts" : "./spool-worker.mjs";

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
  #filesAside = 0;
  #isBroken = false;
  readonly #watch: SilenceWatch;
  readonly #endWatching: () => void;
  #onOpened: ((broken: string | undefined) => void) | undefined;
  #onClosed: () => void = () => undefined;

  /** @param afterMs how long the disk may not answer before that is trouble, in milliseconds */
  constructor(folder: string, log: Logger, afterMs = silentAfterMs) {
    this.folder = folder;
    this.#log = log.child({ spool: folder });
    const beats = createBeats();
    // Without the options of this process: what is preloaded here is not meant for a thread.
    this.#worker = new Worker(new URL(workerFile, import.meta.url), { execArgv: [], workerData: beats });
    this.#watch = new SilenceWatch(beats, afterMs, performance.now());
    this.#endWatching = every(lookMs, this.#look.bind(this));
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

  /**
   * Opens the folder, as soon as the disk works; resolves with the reason when that can't be done.
   * @param dataflows names of those that use it: what is lost with files that can't be read is reported to each of them
   */
  async open(dataflows: readonly string[] = []): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#onOpened = resolve;
      this.post({ kind: "open", folder: this.folder, dataflows });
    });
  }

  /** Whether {@link open} was called and has not resolved. */
  get isOpening(): boolean {
    return this.#onOpened !== undefined;
  }

  /** Why nothing can be written at this time; `undefined` while all is well. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#watch.trouble;
  }

  /** Damaged databases that were kept in the folder; somebody has to look at them. */
  get filesAside(): number {
    return this.#filesAside;
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

  /**
   * Commits what was given and closes the files, or gives up at the deadline. Says what was not confirmed.
   * @returns whether its thread has ended; `false`: it waits for the disk, and the process can't end in good order
   */
  async close(deadline: AbortSignal): Promise<boolean> {
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      deadline.addEventListener(
        "abort",
        () => {
          resolve();
        },
        { once: true },
      );
      if (deadline.aborted || this.#isBroken || this.isOpening || this.#watch.isSilent) resolve();
      for (const queue of this.#queues.values()) queue.flush();
      this.post({ kind: "close" });
    });
    this.#onClosed = () => undefined;
    this.#endWatching();
    this.#reportUnconfirmed();
    const ended = this.#worker.terminate().then(() => true);
    const hasEnded = await Promise.race([ended, delay(terminateMs, false, { ref: false })]);
    if (!hasEnded)
      this.#log.error(
        { event: "spool-not-closed" },
        "spool's thread can't be ended: it waits for a disk that does not answer",
      );
    return hasEnded;
  }

  /** Says which dataflows' changes may not be on the disk. */
  #reportUnconfirmed(): void {
    for (const [dataflow, queue] of this.#queues) {
      const changes = this.#unanswered.filter((one) => one.queue === queue).map((one) => one.changes);
      const sum = (read: (one: Changes) => number) => changes.reduce((total, one) => total + read(one), 0);
      const counts = { messages: sum((one) => one.appended), others: sum((one) => one.onDone.length) };
      const removed = sum((one) => one.removed);
      if (counts.messages + counts.others + removed === 0) continue;
      const remedy = "those that are not on the disk were not acknowledged; those removed may be delivered again";
      this.#log.error(
        { event: "spool-unconfirmed", dataflow, ...counts, removed, remedy },
        "not confirmed on the disk",
      );
    }
  }

  #look(): void {
    const change = this.#watch.look(performance.now());
    if (change === "silent")
      this.#log.error(
        { event: "spool-silent", reason: this.#watch.trouble },
        "spool's disk does not answer; nothing is acknowledged for it",
      );
    if (change !== "answers") return;
    this.#log.info({ event: "spool-answers" }, "spool's disk answers again");
    if (this.#trouble === undefined) for (const queue of this.#queues.values()) queue.events.onWorks();
  }

  /** For queues: hands a request to the thread that writes. */
  post(request: Request, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  /** For queues: writes a batch. */
  write(queue: SpoolQueue, batch: WriteBatch, changes: Changes): void {
    const request = batch.take(queue.name, ++this.#batch, this.clockMs);
    this.#unanswered.push({ batch: this.#batch, queue, changes });
    const rows = packHeaders(request.rows);
    const payloads = request.deadLetters.map(({ payload }) => payload.buffer);
    this.post({ ...request, rows }, [rows.numbers.buffer, request.packets.buffer, ...payloads]);
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
        this.#onCommitted(answer);
        break;
      case "rows":
        this.#queues.get(answer.queue)?.events.onRows(unpackRows(answer.rows), answer.largeBytes);
        break;
      case "failing":
        this.#onFailing(answer);
        break;
      case "working":
        this.#recover();
        for (const queue of this.#queues.values()) queue.events.onWorks();
        break;
      case "replaced":
        this.#onReplaced(answer);
        break;
      case "aside":
        this.#filesAside = answer.files;
        break;
      case "broken":
        this.#break(answer.reason, laterVersionRemedy);
        break;
      case "closed":
        this.#onClosed();
        break;
    }
  }

  #onCommitted({ batch, counts }: Extract<Answer, { kind: "committed" }>): void {
    while ((this.#unanswered[0]?.batch ?? Infinity) <= batch) {
      const done = this.#unanswered.shift();
      if (done === undefined) break;
      done.queue.onCommitted(done.changes, counts[done.queue.name]);
    }
  }

  #onFailing({ reason }: Extract<Answer, { kind: "failing" }>): void {
    const what = this.isOpening ? "opened" : "written";
    const text = `spool can't be ${what}, will retry; nothing is acknowledged`;
    if (this.#trouble === undefined) this.#log.error({ event: "spool-failing", reason }, text);
    this.#trouble = reason;
  }

  #onReplaced({ reason, aside, queues }: Extract<Answer, { kind: "replaced" }>): void {
    const lost = Object.values(queues).reduce((sum, { loss }) => sum + (loss?.messages ?? 0), 0);
    const kept = aside === "" ? {} : { aside };
    this.#log.error(
      { event: "spool-replaced", reason, ...kept, lost },
      "spool goes on in new files, with the messages that could be read",
    );
    for (const queue of this.#queues.values()) {
      const state = queues[queue.name];
      queue.onReplaced(state);
      if (state?.loss !== undefined) queue.events.onLoss(state.loss);
    }
  }

  #recover(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info({ event: "spool-works" }, this.isOpening ? "spool is open" : "spool can be written again");
  }

  #break(reason: string, remedy?: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    const text = brokenText(this.folder, reason, remedy);
    this.#trouble = reason;
    this.#log.error({ event: "spool-unusable", reason }, "spool can't be used");
    this.#onOpened?.(text);
    this.#onOpened = undefined;
    for (const queue of this.#queues.values()) queue.events.onBroken(text);
  }
}

/** The thread says "broken" of a file of another version alone, and earlier versions are brought to this one. */
const laterVersionRemedy =
  "run the later release of the relay, which wrote it, or move its files away, with the messages that are in them";

function brokenText(
  folder: string,
  reason: string,
  remedy = "check its volume, or move its files away, with the messages that are in them, and restart the relay",
): string {
  return `spool ${folder}: can't be used (${reason}); ${remedy}`;
}
