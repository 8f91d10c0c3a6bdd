import { setTimeout as delay } from "node:timers/promises";

import { quiesceDestination, quiesceSource } from "../../../runtime/connection/quiesce.ts";

/** Whether a promise has settled. */
function watch(promise: Promise<void>): () => boolean {
  let isDone = false;
  void promise.then(() => (isDone = true));
  return () => isDone;
}

test("a destination is held first, and is at rest once nothing is in flight", async () => {
  const forwarder = { inFlight: 2, isHeld: false, holdDestination: () => void (forwarder.isHeld = true) };

  const isDone = watch(quiesceDestination(forwarder));
  expect(forwarder.isHeld).toBe(true);
  await delay(50);
  expect(isDone()).toBe(false);
  forwarder.inFlight = 0;
  await delay(50);

  expect(isDone()).toBe(true);
});

test("a source is held first, and is at rest once it is owed nothing", async () => {
  const forwarder = { owedToSource: 1, isHeld: false, holdSource: () => void (forwarder.isHeld = true) };

  const isDone = watch(quiesceSource(forwarder));
  expect(forwarder.isHeld).toBe(true);
  await delay(50);
  expect(isDone()).toBe(false);
  forwarder.owedToSource = 0;
  await delay(50);

  expect(isDone()).toBe(true);
});

test("what never comes to rest is waited for no longer than a few seconds", async () => {
  const startMs = performance.now();

  await quiesceDestination({ inFlight: 1, holdDestination: () => undefined });

  expect(performance.now() - startMs).toBeGreaterThan(4000);
}, 15_000);
