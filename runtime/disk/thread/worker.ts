import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";

import { Collector } from "../../memory/collector.ts";
import { UnusableSpoolError } from "./database.ts";
import { describeSqlite, isDamage, isFull } from "./failures.ts";
import { packRows, transferOf, unpackHeaders } from "../packed-rows.ts";
import { PendingWrites } from "./pending-writes.ts";
import type { Answer, ReadRequest, Request } from "../protocol.ts";
import { beat } from "../silence-watch.ts";
import { countAside } from "./spool-files.ts";
import { FilesCutError, FilesGoneError, SpoolFolder } from "./spool-folder.ts";

/** Time between two looks at the files, and between two attempts to do what the disk refused. */
const tickMs = 1000;
/** Bytes of packets that go into one commit: reads wait no longer than for that. */
const commitBytes = 2 * 1024 * 1024;
/** A spool that is damaged again so soon is on a disk that fails: it is not replaced once more. */
const replaceAgainMs = 10_000;
/** Time between two attempts to replace it: each copies as much as there is room for. */
const replaceRetryMs = 2000;

/** Bytes of buffers that may wait to be collected in this thread. */
const garbageBytes = 8 * 1024 * 1024;

/**
 * The thread that writes. It takes all changes that are at hand and commits them together, so that one fsync serves every
 * message that came while the one before it ran.
 *
 * Changes are committed in their order, for ever: what can't be written is not forgotten, and nothing behind it is reported
 * before it. Reads, removals and the end don't wait for it: they need no room, beside the reserve.
 */
class SpoolThread {
  readonly #port: MessagePort;
  readonly #beats: Int32Array;
  #spool: SpoolFolder | undefined;
  readonly #pending = new PendingWrites();
  /** One for each queue, which asks for the next rows once it has these. */
  readonly #reads = new Map<string, ReadRequest>();
  #isClosing = false;
  #isUnusable = false;
  #isScheduled = false;
  /** Why something can't be written, or read. */
  #writeTrouble: string | undefined;
  #readTrouble: string | undefined;
  #reported: string | undefined;
  /** Whether it is time to try again what failed. */
  #isDue = true;
  #replacedAtMs = -Infinity;
  /** When that failed last, and why. */
  #notReplacedAtMs = -Infinity;
  #replaceTrouble: string | undefined;
  /** Damaged databases in the folder. */
  #aside = 0;
  readonly #ticking: NodeJS.Timeout;
  /** The packets of a write that is done, and of a read that was answered, are garbage of this thread. */
  readonly #collector = new Collector({ garbageBytes, liveBytes: () => this.#pending.bytes });

  /** @param beats where it shows that it does not wait for the disk */
  constructor(port: MessagePort, beats: Int32Array) {
    this.#port = port;
    this.#beats = beats;
    port.on("message", (request: Request) => {
      this.#take(request);
      this.#schedule();
    });
    this.#ticking = setInterval(() => {
      this.#isDue = true;
      this.#serve();
    }, tickMs);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#serve();
    });
  }

  #take(request: Request): void {
    switch (request.kind) {
      case "open":
        this.#spool = new SpoolFolder(request.folder, request.dataflows, this.#beat.bind(this));
        break;
      case "write":
        this.#pending.push({ ...request, rows: unpackHeaders(request.rows) });
        break;
      case "read":
        this.#reads.set(request.queue, request);
        break;
      case "close":
        this.#isClosing = true;
        break;
    }
  }

  /** Takes what arrived while the thread was busy: it may go into the next commit. */
  #takeAll(): void {
    for (let more = receiveMessageOnPort(this.#port); more !== undefined; more = receiveMessageOnPort(this.#port))
      this.#take(more.message as Request);
  }

  #beat(): void {
    beat(this.#beats);
  }

  #serve(): void {
    this.#beat();
    const spool = this.#spool;
    if (spool !== undefined && !this.#isUnusable) this.#serveSpool(spool);
    if (this.#isClosing) this.#close();
  }

  #serveSpool(spool: SpoolFolder): void {
    const isDue = this.#isDue;
    this.#isDue = false;
    if (!spool.isOpen && !(isDue && this.#open(spool))) return;
    if (spool.unfinished !== undefined && isDue) this.#replace(spool, spool.unfinished, false);
    if (spool.unfinished !== undefined) {
      // Files that were deleted can be read as long as they are open.
      if (spool.isReadable) this.#readAll(spool, isDue);
      this.#report();
      return;
    }
    if (isDue) this.#look(spool);
    // What the pending writes don't change is read before them: it need not wait for their sync.
    this.#readAll(spool, false, ({ queue, after }) => !this.#pending.changesBehind(queue, after));
    if (isWhole(spool)) this.#change(spool, isDue);
    this.#report();
  }

  #change(spool: SpoolFolder, isDue: boolean): void {
    if (this.#writeTrouble === undefined || isDue || this.#isClosing) this.#writeAll(spool);
    if (this.#writeTrouble !== undefined) this.#removeAll(spool);
    this.#readAll(spool, isDue);
  }

  #open(spool: SpoolFolder): boolean {
    try {
      const replacement = spool.open();
      const { store } = spool;
      const queues = store.queues;
      this.#writeTrouble = undefined;
      if (replacement !== undefined) this.#answer({ kind: "replaced", ...replacement, queues });
      this.#answer({ kind: "opened", clockMs: store.clockNowMs, queues });
      return true;
    } catch (cause) {
      if (cause instanceof UnusableSpoolError) {
        this.#isUnusable = true;
        this.#answer({ kind: "broken", reason: cause.message });
        return false;
      }
      const reason = describeSqlite(cause);
      const { unfinished } = spool;
      this.#writeTrouble = unfinished === undefined ? reason : `${unfinished}; new files can't be made: ${reason}`;
      this.#report();
      return false;
    }
  }

  /** Looks after the files, though nothing may be written. */
  #look(spool: SpoolFolder): void {
    this.#countAside(spool);
    this.#guard(spool, () => {
      spool.assertThere();
      spool.keepLock();
      // Nothing is written without the reserve: it is for what has to be done on a full volume.
      if (this.#writeTrouble === undefined && this.#pending.isEmpty) spool.holdReserve([]);
    });
  }

  #countAside(spool: SpoolFolder): void {
    const files = countAside(spool.folder);
    if (files === this.#aside) return;
    this.#aside = files;
    this.#answer({ kind: "aside", files });
  }

  #writeAll(spool: SpoolFolder): void {
    if (this.#pending.isEmpty && this.#writeTrouble === undefined) return;
    this.#guard(spool, () => {
      spool.holdReserve(this.#pending.first(commitBytes));
      while (!this.#pending.isEmpty) {
        const requests = this.#pending.first(commitBytes);
        const counts = spool.write(requests);
        this.#beat();
        this.#pending.shift(requests.length);
        this.#collector.allocated(requests.reduce((sum, { packets }) => sum + packets.length, 0));
        this.#answer({ kind: "committed", batch: requests.at(-1)?.batch ?? 0, counts });
        this.#takeAll();
        this.#readAll(spool, false);
      }
      // Without a change nothing would tell that the disk works again.
      if (this.#writeTrouble !== undefined) spool.probe();
      this.#writeTrouble = undefined;
    });
  }

  /** Removes what can be removed although something before it can't be written. */
  #removeAll(spool: SpoolFolder): void {
    const removals = this.#pending.settleRemovals();
    if (removals.size > 0) {
      this.#guard(spool, () => {
        spool.remove(removals);
        this.#pending.forgetRemovals();
      });
    }
    const batch = this.#pending.takeDone();
    if (batch !== undefined) this.#answer({ kind: "committed", batch, counts: {} });
  }

  #readAll(spool: SpoolFolder, isDue: boolean, isWanted: (request: ReadRequest) => boolean = () => true): void {
    if (this.#reads.size === 0 || (this.#readTrouble !== undefined && !isDue && !this.#isClosing)) return;
    let trouble: string | undefined;
    for (const request of this.#reads.values()) {
      if (!isWanted(request)) continue;
      try {
        this.#read(spool, request);
        this.#beat();
        this.#reads.delete(request.queue);
      } catch (cause) {
        trouble = describeSqlite(cause);
        if (isDamage(cause)) this.#replace(spool, trouble, true);
      }
    }
    this.#readTrouble = trouble;
  }

  #read({ store }: SpoolFolder, request: ReadRequest): void {
    const { queue, after, mostBytes } = request;
    const firstBytes = store.firstBytes(queue, after);
    if (firstBytes > mostBytes) {
      this.#answer({ kind: "rows", queue, rows: packRows([]), largeBytes: firstBytes });
      return;
    }
    const rows = store.readPacked(queue, after, request);
    const { length } = rows.packets;
    this.#port.postMessage({ kind: "rows", queue, rows } satisfies Answer, transferOf(rows));
    this.#collector.allocated(length);
  }

  /** Does what may fail: damaged or missing files are replaced at once, everything else is tried again later. */
  #guard(spool: SpoolFolder, act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.#writeTrouble = describeSqlite(cause);
      if (cause instanceof FilesGoneError || cause instanceof FilesCutError || isDamage(cause))
        this.#replace(spool, this.#writeTrouble, isDamage(cause));
      else if (isFull(cause)) spool.releaseReserve();
    }
  }

  #replace(spool: SpoolFolder, reason: string, isDamaged: boolean): void {
    const now = performance.now();
    if (isDamaged && now - this.#replacedAtMs < replaceAgainMs) return;
    if (now - this.#notReplacedAtMs < replaceRetryMs) {
      this.#writeTrouble = this.#replaceTrouble;
      return;
    }
    try {
      const replacement = spool.replace(reason, (queue, sequence) => this.#pending.has(queue, sequence));
      this.#replacedAtMs = performance.now();
      this.#answer({ kind: "replaced", ...replacement, queues: spool.store.queues });
      this.#isDue = true;
      this.#schedule();
    } catch (cause) {
      this.#notReplacedAtMs = performance.now();
      this.#replaceTrouble = `${spool.unfinished ?? reason}; new files can't be made: ${describeSqlite(cause)}`;
      this.#writeTrouble = this.#replaceTrouble;
    }
  }

  /** Tells of trouble when it begins, changes or ends. */
  #report(): void {
    const trouble = this.#writeTrouble ?? this.#readTrouble;
    if (trouble === this.#reported) return;
    this.#reported = trouble;
    this.#answer(trouble === undefined ? { kind: "working" } : { kind: "failing", reason: trouble });
  }

  #close(): void {
    clearInterval(this.#ticking);
    try {
      this.#spool?.close();
    } catch {
      // What was committed is in the log, whatever became of taking it over.
    }
    this.#answer({ kind: "closed" });
    this.#port.close();
  }

  #answer(answer: Answer): void {
    this.#port.postMessage(answer);
  }
}

/** Whether its files have not to be replaced first. */
function isWhole({ unfinished }: SpoolFolder): boolean {
  return unfinished === undefined;
}

if (parentPort !== null) new SpoolThread(parentPort, workerData as Int32Array);
