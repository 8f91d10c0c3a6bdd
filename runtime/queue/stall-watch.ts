/** A time-out grows with each stall in a row up to this many times itself: the same work gets longer at each try. */
const maxGrowth = 8;

/** What is looked at. */
export interface Motion {
  /** What has to happen next, such as the message that is to be acknowledged; `undefined` when nothing is owed. */
  readonly owed: object | undefined;
  /** When a byte last moved, as far as it is known without effort, by the clock of `nowMs`. */
  readonly lastProgressMs: number;
  /** The same, looked up with more effort; asked only when a stall is about to be declared. */
  readonly checkProgressMs: () => number;
  readonly nowMs: number;
}

/**
 * Finds a side that is connected, owes something, and doesn't move: the same thing has been owed for the whole time-out, and
 * no byte was read or sent. A large message on a slow link is no stall.
 */
export class StallWatch {
  readonly #timeoutMs: number;
  #owed: object | undefined;
  #sinceMs = 0;
  #count = 0;

  /** @param timeoutMs 0 is for ever */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Stalls since the last progress. */
  get count(): number {
    return this.#count;
  }

  /** Time that may pass without progress at this time, in milliseconds. */
  get timeoutMs(): number {
    return this.#timeoutMs * Math.min(maxGrowth, 2 ** this.#count);
  }

  /** Tells whether nothing has moved for too long; once for each time-out. */
  isStalled({ owed, lastProgressMs, checkProgressMs, nowMs }: Motion): boolean {
    if (owed !== this.#owed) {
      this.#owed = owed;
      this.#sinceMs = nowMs;
      return false;
    }
    if (owed === undefined || this.#timeoutMs === 0) return false;
    this.#sinceMs = Math.max(this.#sinceMs, lastProgressMs);
    if (nowMs - this.#sinceMs < this.timeoutMs) return false;
    this.#sinceMs = Math.max(this.#sinceMs, checkProgressMs());
    if (nowMs - this.#sinceMs < this.timeoutMs) return false;
    this.#owed = undefined;
    this.#count++;
    return true;
  }

  /** What was owed has come. */
  onProgress(): void {
    this.#count = 0;
  }
}
