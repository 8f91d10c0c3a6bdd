import { mkdirSync } from "node:fs";
import { parentPort, receiveMessageOnPort, type MessagePort } from "node:worker_threads";

import { describeError } from "../contract/errors.ts";
import { readMachineTime } from "./clock.ts";
import type { Answer, ReadRequest, Request, WriteRequest } from "./protocol.ts";
import { DamagedSpoolError, SpoolStore } from "./store.ts";

/** Pause after the disk refused something, before it is tried again. */
const retryMs = 1000;

/** SQLite's codes for a file that is damaged or is no database. @see https://www.sqlite.org/rescode.html */
const damageCodes: readonly number[] = [11, 26];

/** SQLite's code for a file that another connection has locked. @see https://www.sqlite.org/rescode.html */
const busyCode = 5;

/**
 * The thread that writes. It takes all requests that are at hand and commits them together, so that one fsync serves
 * every message that came while the one before it ran. Requests are served in their order, for ever: what can't be
 * written is not forgotten, and nothing behind it is written before it.
 */
class SpoolThread {
  readonly #port: MessagePort;
  #store: SpoolStore | undefined;
  readonly #requests: Request[] = [];
  #isScheduled = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (request: Request) => {
      this.#requests.push(request);
      this.#schedule(0);
    });
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const serve = () => {
      this.#isScheduled = false;
      this.#serve();
    };
    if (delayMs === 0) setImmediate(serve);
    else setTimeout(serve, delayMs);
  }

  #serve(): void {
    try {
      while (this.#requests.length > 0) {
        this.#takeAll();
        this.#serveFirst();
      }
    } catch (cause) {
      const isBroken = isDamage(cause);
      this.#answer({ kind: isBroken ? "broken" : "failing", reason: describeFailure(cause) });
      if (!isBroken) this.#schedule(retryMs);
    }
  }

  /** Takes what arrived while the thread was busy: it may go into the next commit. */
  #takeAll(): void {
    for (let more = receiveMessageOnPort(this.#port); more !== undefined; more = receiveMessageOnPort(this.#port))
      this.#requests.push(more.message as Request);
  }

  #serveFirst(): void {
    const request = this.#requests[0];
    switch (request?.kind) {
      case "open":
        this.#open(request.folder);
        break;
      case "write":
        this.#write();
        return;
      case "read":
        this.#read(request);
        break;
      case "close":
        this.#store?.close();
        this.#answer({ kind: "closed" });
        this.#port.close();
        break;
      case undefined:
        break;
    }
    this.#requests.shift();
  }

  #open(folder: string): void {
    mkdirSync(folder, { recursive: true });
    const store = new SpoolStore(folder, readMachineTime);
    try {
      this.#answer({ kind: "opened", clockMs: store.clockMs, queues: store.queues });
    } catch (cause) {
      // Its lock would keep the next attempt out.
      store.close();
      throw cause;
    }
    this.#store = store;
  }

  #read(request: ReadRequest): void {
    const { queue, after } = request;
    try {
      this.#answer({ kind: "rows", queue, rows: this.#opened.read(queue, after, request) });
    } catch (cause) {
      // One damaged message holds up its own dataflow and no other.
      if (!(cause instanceof DamagedSpoolError)) throw cause;
      this.#answer({ kind: "damaged", queue, reason: cause.message });
    }
  }

  #write(): void {
    const end = this.#requests.findIndex(({ kind }) => kind !== "write");
    const writes = this.#requests.slice(0, end < 0 ? undefined : end) as WriteRequest[];
    this.#opened.write(writes);
    this.#requests.splice(0, writes.length);
    this.#answer({ kind: "committed", batch: writes.at(-1)?.batch ?? 0 });
  }

  get #opened(): SpoolStore {
    if (this.#store === undefined) throw new Error("the spool is not open");
    return this.#store;
  }

  #answer(answer: Answer): void {
    this.#port.postMessage(answer);
  }
}

/**
 * Tells whether only an operator can make a spool usable: it is damaged, or of another version. Everything else can pass: a
 * volume that is mounted late, full or read-only, another process that still has the spool open, missing permissions.
 */
function isDamage(cause: unknown): boolean {
  return cause instanceof DamagedSpoolError || damageCodes.includes(sqliteCode(cause));
}

function describeFailure(cause: unknown): string {
  const reason = describeError(cause);
  return sqliteCode(cause) === busyCode ? `another process has the spool open (${reason})` : reason;
}

/** Primary result code of an error of SQLite; 0 for any other. */
function sqliteCode(cause: unknown): number {
  const { errcode } = cause as { readonly errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : 0;
}

if (parentPort !== null) new SpoolThread(parentPort);
