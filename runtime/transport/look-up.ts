import dns from "node:dns";
import { isIP } from "node:net";

import { describeError } from "../contract/errors.ts";

/** An address of a host name. */
export interface HostNameAddress {
  readonly address: string;
  readonly family: number;
}

/** Asks the system for all addresses of a name. */
export type SystemLookUp = (hostname: string) => Promise<readonly HostNameAddress[]>;

/**
 * Looks up host names: one look-up for each name at a time, shared by everyone who waits for it.
 *
 * The system's look-up (getaddrinfo) knows `/etc/hosts` and the search domains of a cluster, but it blocks a thread of
 * libuv's pool until the DNS answers or gives up, and nothing can cancel it. Without sharing, every retry of every dataflow
 * would block another thread, and with all of them blocked no other name is found. {@link reserveLookUpThreads} sees to it
 * that there is a thread for each name.
 */
export class SharedLookUp {
  readonly #ask: SystemLookUp;
  readonly #running = new Map<string, Promise<readonly HostNameAddress[]>>();

  constructor(ask: SystemLookUp) {
    this.#ask = ask;
  }

  /**
   * Finds the addresses of a name; of an address, itself. Joins a look-up of the same name that is under way.
   * @param signal releases this caller; the look-up goes on, and a later caller joins it
   * @throws what the system says, or an error that names the DNS when `signal` aborts first
   */
  async find(hostname: string, signal: AbortSignal): Promise<readonly HostNameAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    signal.throwIfAborted();
    let onAbort: () => void = () => undefined;
    const released = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        reject(new Error(`the DNS has not answered for "${hostname}": ${describeError(signal.reason)}`));
      };
    });
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#join(hostname), released]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #join(hostname: string): Promise<readonly HostNameAddress[]> {
    const running = this.#running.get(hostname);
    if (running !== undefined) return running;
    const started = this.#ask(hostname).finally(() => this.#running.delete(hostname));
    started.catch(() => undefined); // one that fails when nobody waits any longer
    this.#running.set(hostname, started);
    return started;
  }
}

/** The look-ups of this process. */
export const lookUps = new SharedLookUp((hostname) => dns.promises.lookup(hostname, { all: true }));

/** Threads of libuv's pool that are left for files. */
const otherThreads = 4;
/** @see libuv, Thread pool work scheduling */
const maxPoolThreads = 1024;

/**
 * Makes libuv's pool large enough for a look-up of each of so many names at once, with threads to spare for files: libuv
 * gives look-ups half of its pool, which has 4 threads unless it is told otherwise.
 *
 * Only the first use of the pool reads the size, so this has to come before any file is read asynchronously. Does nothing
 * where `UV_THREADPOOL_SIZE` is set. A thread that waits costs about 20 KB of memory.
 */
export function reserveLookUpThreads(names: number, environment: NodeJS.ProcessEnv = process.env): void {
  const threads = Math.min(maxPoolThreads, 2 * names + otherThreads);
  environment["UV_THREADPOOL_SIZE"] ??= String(threads);
}
