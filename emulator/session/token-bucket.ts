/** Lets through `perSecond` takes a second, and as many at once after a quiet second. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;
  readonly #perSecond: number;
  readonly #secondMs: number;

  constructor(perSecond: number, nowMs: number, secondMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAtMs = nowMs;
    this.#secondMs = secondMs;
  }

  /** Takes one token and returns 0, or takes none and returns the milliseconds until there is one. */
  take(nowMs: number): number {
    if (this.#perSecond === Infinity) return 0;
    const gained = ((nowMs - this.#filledAtMs) / this.#secondMs) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return ((1 - this.#tokens) / this.#perSecond) * this.#secondMs;
    this.#tokens -= 1;
    return 0;
  }
}
