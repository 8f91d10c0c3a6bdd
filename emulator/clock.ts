/** The broker's time. Monotonic, so that a wall clock that jumps neither expires nor revives anything. */
export interface Clock {
  /** Milliseconds since some fixed moment. */
  nowMs(): number;
  /** Milliseconds that an MQTT second lasts. 1000, except where a test hurries keep alive and expiry. */
  readonly secondMs: number;
}

/** Longest delay that a Node.js timer takes, about 25 days. */
export const maxTimerMs = 2 ** 31 - 1;

export const defaultSecondMs = 1000;

/** Creates a clock on the process's monotonic time. */
export function createClock(secondMs = defaultSecondMs): Clock {
  return { nowMs: () => performance.now(), secondMs };
}
