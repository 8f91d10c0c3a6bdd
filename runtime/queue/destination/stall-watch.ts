import { ProgressWatch, type Traffic } from "../../mqtt/progress-watch.ts";

/** A time-out grows with each stall in a row up to this many times itself: the same work gets longer at each try. */
const maxGrowth = 8;

/** What a connection owes, and what moves on it. */
export interface Owing {
  /** What has to happen next, such as the message that is to be acknowledged; `undefined` when nothing is owed. */
  readonly owed: () => object | undefined;
  readonly traffic: Traffic;
}

/**
 * Finds a side that is connected, owes something, and doesn't move: the same thing has been owed for the whole time-out, and
 * no byte of it was sent or answered. A large message on a slow link is no stall: see {@link ProgressWatch}.
 */
export class StallWatch {
  readonly #timeoutMs: number;
  readonly #now: () => number;
  #owed: object | undefined;
  #traffic: Traffic | undefined;
  #watch: ProgressWatch | undefined;
  #count = 0;

  /**
   * @param timeoutMs 0 is for ever
   * @param now monotonic clock in milliseconds
   */
  constructor(timeoutMs: number, now: () => number) {
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** Stalls since the last progress. */
  get count(): number {
    return this.#count;
  }

  /** Time that may pass without progress at this time, in milliseconds. */
  get timeoutMs(): number {
    return this.#timeoutMs * Math.min(maxGrowth, 2 ** this.#count);
  }

  /**
   * Tells whether nothing has moved for too long; once for each time-out. To be called a few times in a time-out. It promises
   * the answer only where it has to wait for it: nearly always nothing is owed.
   */
  isStalled(owing: Owing | undefined): Promise<boolean> | false {
    const owed = this.#timeoutMs === 0 ? undefined : owing?.owed();
    if (owing === undefined || owed === undefined) {
      this.#owed = this.#watch = undefined;
      return false;
    }
    if (this.#watch !== undefined && owed === this.#owed && owing.traffic === this.#traffic)
      return this.#look(this.#watch, owing);
    this.#owed = owed;
    this.#traffic = owing.traffic;
    this.#watch = new ProgressWatch(owing.traffic, { timeoutMs: this.timeoutMs, now: this.#now });
    return false;
  }

  async #look(watch: ProgressWatch, owing: Owing): Promise<boolean> {
    const owed = this.#owed;
    // It may have come while the watch looked, or the connection may have ended.
    if (!(await watch.look()) || watch !== this.#watch || owing.owed() !== owed) return false;
    this.#watch = undefined;
    this.#count++;
    return true;
  }

  /** What was owed has come. */
  onProgress(): void {
    this.#count = 0;
  }
}
