import { setTimeout as delay } from "node:timers/promises";

import { aborted, until } from "../../../runtime/connection/quiesce.ts";

/** Whether a promise has settled. */
function watch(promise: Promise<void>): () => boolean {
  let isDone = false;
  void promise.then(() => (isDone = true));
  return () => isDone;
}

describe("until", () => {
  test("waits as long as something does not hold", async () => {
    let owed = 1;
    const isDone = watch(until(() => owed === 0, new AbortController().signal));

    await delay(50);
    expect(isDone()).toBe(false);
    owed = 0;
    await delay(50);

    expect(isDone()).toBe(true);
  });

  test("waits no longer once its signal has aborted", async () => {
    const ended = new AbortController();
    const isDone = watch(until(() => false, ended.signal));

    await delay(20);
    expect(isDone()).toBe(false);
    ended.abort();
    await delay(20);

    expect(isDone()).toBe(true);
    await until(() => false, ended.signal);
  });
});

test("aborted settles with its signal, also with one that has aborted before", async () => {
  const ended = new AbortController();
  const isDone = watch(aborted(ended.signal));

  await delay(10);
  expect(isDone()).toBe(false);
  ended.abort();
  await delay(10);

  expect(isDone()).toBe(true);
  await aborted(ended.signal);
});
