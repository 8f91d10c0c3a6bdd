import { PublishView } from "../../../runtime/mqtt/publish-view.ts";
import { maxSamplesPerSecond, Tap } from "../../../runtime/report/tap.ts";

const sent = { undeliverable: "no" } as const;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("wants no message while nobody watches", () => {
  const tap = new Tap();

  jest.advanceTimersByTime(10_000);

  expect(tap.wantsOne).toBe(false);
});

test("wants so many messages a second and no more, however many come", () => {
  const tap = new Tap();
  const seen: unknown[] = [];
  tap.watch((view) => seen.push(view));

  for (let ms = 0; ms < 3000; ms++) {
    jest.advanceTimersByTime(1);
    for (let message = 0; message < 10; message++) if (tap.wantsOne) tap.take(new PublishView(), sent);
  }

  expect(seen).toHaveLength(3 * maxSamplesPerSecond);
});

test("ends with its last watcher, and takes nothing more from a message", () => {
  const tap = new Tap();
  const ends = [tap.watch(() => undefined), tap.watch(() => undefined)];
  jest.advanceTimersByTime(1000);

  ends[0]?.();
  expect(tap.wantsOne).toBe(true);
  ends[1]?.();

  jest.advanceTimersByTime(1000);
  expect(tap.wantsOne).toBe(false);
  expect(jest.getTimerCount()).toBe(0);
});

test("keeps a watcher's fault from the message and from the other watchers", () => {
  const tap = new Tap();
  const seen: unknown[] = [];
  tap.watch(() => {
    throw new Error("slip");
  });
  tap.watch((view) => seen.push(view));

  tap.take(new PublishView(), sent);

  expect(seen).toHaveLength(1);
});
