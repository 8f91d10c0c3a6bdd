import type { Retry } from "./errors.ts";

/** Bounds of the wait between two attempts, in milliseconds. */
export interface BackoffBounds {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Next wait after a failed attempt: decorrelated jitter, so that the clients of a broker that comes back don't all
 * come at once.
 *
 * @param previousMs the wait before, 0 for the first
 * @param random uniform in [0, 1)
 * @see Amazon Architecture Blog, Exponential Backoff And Jitter
 */
export function nextDelay(previousMs: number, { minDelayMs, maxDelayMs }: BackoffBounds, random: () => number): number {
  const upper = Math.max(minDelayMs, previousMs) * 3;
  return Math.min(maxDelayMs, minDelayMs + random() * (upper - minDelayMs));
}

/** A connection that lasted longer was a good one: the next wait of the kind `soon` starts small again. */
const stableMs = 10_000;
/** Most that the first wait of the kind `slowly` takes; the least is half of it. */
const firstSlowMs = 4000;
/** Most that a wait takes, of the kind `slowly`. */
const maxSlowMs = 5 * 60_000;
/** A connection has to last at least so long before the waits of the kind `slowly` start small again. */
const minSlowStableMs = 60_000;

/**
 * How long one connection's owner waits before each attempt. The two kinds of wait are counted apart: an outage of the
 * network between two refusals makes the wait after the next refusal no shorter.
 */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #soonMs = 0;
  /** Most that the last wait of the kind `slowly` could take; 0 before the first. */
  #slowMs = 0;

  /**
   * @param bounds of the kind `soon`; those of `slowly` are fixed: 2 s to 5 minutes
   * @param random uniform in [0, 1)
   */
  constructor(bounds: BackoffBounds, random: () => number) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /**
   * Next wait, in milliseconds.
   *
   * @param lastedMs how long the connection lasted that has just ended; 0 where none came about
   */
  next(retry: Retry, lastedMs: number): number {
    if (lastedMs > stableMs) this.#soonMs = 0;
    // Two relays with one client identifier end each other's connections. Each lasts as long as the other one waits, so
    // that neither counts as a good one, and they meet only every few minutes.
    if (lastedMs > Math.max(minSlowStableMs, 2 * this.#slowMs)) this.#slowMs = 0;
    if (retry === "now") return this.#bounds.minDelayMs * this.#random();
    if (retry === "soon") {
      this.#soonMs = nextDelay(this.#soonMs, this.#bounds, this.#random);
      return this.#soonMs;
    }
    this.#slowMs = this.#slowMs === 0 ? firstSlowMs : Math.min(maxSlowMs, 2 * this.#slowMs);
    return this.#slowMs * (0.5 + 0.5 * this.#random());
  }
}
