import { setTimeout as delay } from "node:timers/promises";

/** Waits until something holds, or `signal` aborts; looks each `pollMs` milliseconds. Never rejects. */
export async function until(holds: () => boolean, signal: AbortSignal, pollMs = 5): Promise<void> {
  while (!holds() && !signal.aborted) await delay(pollMs, undefined, { signal }).catch(() => undefined);
}

/** Resolves once a signal has aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
