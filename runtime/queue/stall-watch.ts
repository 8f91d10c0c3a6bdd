/** Finds a destination that is connected, has messages to acknowledge, and leaves the oldest of them unacknowledged. */
export class StallWatch {
  readonly #timeoutMs: number;
  #oldest: object | undefined;
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

  /** Tells whether the oldest message in flight has been the oldest for too long; once for each time-out. */
  isStalled(oldest: object | undefined, nowMs: number): boolean {
    if (oldest !== this.#oldest) {
      this.#oldest = oldest;
      this.#sinceMs = nowMs;
      return false;
    }
    if (oldest === undefined || this.#timeoutMs === 0 || nowMs - this.#sinceMs < this.#timeoutMs) return false;
    this.#oldest = undefined;
    this.#count++;
    return true;
  }

  /** The destination has acknowledged a message. */
  onProgress(): void {
    this.#count = 0;
  }
}
