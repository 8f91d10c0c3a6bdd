/** Bounds of what leaves the disk; 0 is no bound. */
export interface DrainRates {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** Part of a second's amount that may go at once. */
const burstSeconds = 0.1;

/**
 * Two token buckets, one of messages and one of bytes. A message may go while neither is empty, however large it is: what
 * it takes too much is owed, and those behind it wait for so much longer.
 */
export class DrainRate {
  readonly #rates: DrainRates;
  #messages: number;
  #bytes: number;
  #filledMs: number;

  constructor(rates: DrainRates, nowMs: number) {
    this.#rates = rates;
    this.#filledMs = nowMs;
    this.#messages = rates.messagesPerSecond * burstSeconds;
    this.#bytes = rates.bytesPerSecond * burstSeconds;
  }

  /** Milliseconds until the next message may go; 0 when it may now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    const { messagesPerSecond, bytesPerSecond } = this.#rates;
    const forMessages = messagesPerSecond === 0 ? 0 : (Math.max(0, 1 - this.#messages) / messagesPerSecond) * 1000;
    const forBytes = bytesPerSecond === 0 ? 0 : (Math.max(0, 1 - this.#bytes) / bytesPerSecond) * 1000;
    return Math.ceil(Math.max(forMessages, forBytes));
  }

  /** Counts a message that goes. */
  take(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
  }

  #fill(nowMs: number): void {
    const seconds = (nowMs - this.#filledMs) / 1000;
    this.#filledMs = nowMs;
    const { messagesPerSecond, bytesPerSecond } = this.#rates;
    this.#messages = Math.min(burst(messagesPerSecond), this.#messages + seconds * messagesPerSecond);
    this.#bytes = Math.min(burst(bytesPerSecond), this.#bytes + seconds * bytesPerSecond);
  }
}

/** At least one message or byte, or nothing would ever go. */
function burst(perSecond: number): number {
  return Math.max(1, perSecond * burstSeconds);
}
