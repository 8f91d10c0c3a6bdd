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
