import { setTimeout as delay } from "node:timers/promises";

import type { Forwarder } from "../queue/forwarder.ts";

/** Time for a connection that is replaced to come to rest; what is not done by then is sent again. */
const quiesceMs = 5000;
const pollMs = 5;

/**
 * Takes no more messages from the source, and waits until what has come is acknowledged to it. It is read on meanwhile: it
 * acknowledges the dead letters that are published there.
 */
export async function quiesceSource(forwarder: Pick<Forwarder, "holdSource" | "owedToSource">): Promise<void> {
  forwarder.holdSource();
  await until(() => forwarder.owedToSource === 0);
}

/** Sends the destination nothing more and waits until it has acknowledged what it got. */
export async function quiesceDestination(forwarder: Pick<Forwarder, "holdDestination" | "inFlight">): Promise<void> {
  forwarder.holdDestination();
  await until(() => forwarder.inFlight === 0);
}

async function until(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + quiesceMs;
  while (!isDone() && performance.now() < deadlineMs) await delay(pollMs);
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
