import fc from "fast-check";

import { Backoff, nextDelay } from "../../../runtime/contract/backoff.ts";

const bounds = { minDelayMs: 1000, maxDelayMs: 60_000 };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("nextDelay", () => {
  test.each([
    [0, 0, 1000],
    [0, 0.5, 2000],
    [0, 0.999_999, 3000],
    [2000, 0, 1000],
    [2000, 0.999_999, 6000],
    [60_000, 0.999_999, 60_000],
  ])("after %d ms, with %d drawn, is about %d ms", (previousMs, drawn, delayMs) => {
    expect(Math.round(nextDelay(previousMs, bounds, () => drawn))).toBe(delayMs);
  });

  test("stays between its bounds, however long it has gone on", () => {
    fc.assert(
      fc.property(fc.array(random), (draws) => {
        let delayMs = 0;
        for (const drawn of draws) {
          const before = delayMs;
          delayMs = nextDelay(before, bounds, () => drawn);
          expect(delayMs).toBeGreaterThanOrEqual(bounds.minDelayMs);
          expect(delayMs).toBeLessThanOrEqual(Math.min(bounds.maxDelayMs, 3 * Math.max(bounds.minDelayMs, before)));
        }
      }),
    );
  });

  test("differs from client to client, so that they don't come back all at once", () => {
    fc.assert(
      fc.property(fc.double({ min: 1000, max: 20_000, noNaN: true }), random, random, (previousMs, one, other) => {
        fc.pre(Math.abs(one - other) > 0.001);
        expect(nextDelay(previousMs, bounds, () => one)).not.toBe(nextDelay(previousMs, bounds, () => other));
      }),
    );
  });

  test("never exceeds the longest wait, also where that is below three times the shortest", () => {
    expect(nextDelay(0, { minDelayMs: 1000, maxDelayMs: 1500 }, () => 0.99)).toBe(1500);
  });
});

describe("Backoff", () => {
  const minute = 60_000;
  const waits = (backoff: Backoff, ends: readonly (readonly ["soon" | "slowly", number])[]) =>
    ends.map(([retry, lastedMs]) => Math.round(backoff.next(retry, lastedMs)));
  const repeat = (count: number, lastedMs: number) =>
    Array.from({ length: count }, () => ["slowly", lastedMs] as const);

  test("waits no longer than the shortest wait where the relay itself wants another connection, however often", () => {
    const backoff = new Backoff(bounds, () => 0.5);

    const waits = [backoff.next("now", 500), backoff.next("now", 500), backoff.next("soon", 500)];

    expect(waits).toEqual([500, 500, 2000]);
  });

  test("waits from 2 s to 5 minutes where somebody has to change something, twice as long each time", () => {
    const least = waits(new Backoff(bounds, () => 0), repeat(9, 0));
    const most = waits(new Backoff(bounds, () => 0.999_999_9), repeat(9, 0));

    expect(least).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000]);
    expect(most).toEqual(least.map((waitMs) => 2 * waitMs));
    expect(most.at(-1)).toBe(5 * minute);
  });

  test("waits as the bounds say where it passes by itself, and shortly again after a connection of more than 10 s", () => {
    const backoff = new Backoff(bounds, () => 0.999_999_9);

    expect(
      waits(backoff, [
        ["soon", 0],
        ["soon", 10_000],
        ["soon", 10_001],
      ]),
    ).toEqual([3000, 9000, 3000]);
  });

  test.each([
    ["a minute, after a short wait", 2, minute, minute + 1],
    ["twice the longest that the last wait could be", 6, 2 * 128_000, 2 * 128_000 + 1],
    ["ten minutes, after the longest wait", 12, 10 * minute, 10 * minute + 1],
  ])("waits 2 s again only after a connection that lasted longer than %s", (_case, count, shortMs, longMs) => {
    const after = (lastedMs: number) => {
      const backoff = new Backoff(bounds, () => 0);
      waits(backoff, repeat(count, 0));
      return backoff.next("slowly", lastedMs);
    };

    expect(after(shortMs)).toBeGreaterThan(2000);
    expect(after(longMs)).toBe(2000);
  });

  test("an outage of the network between two refusals makes the next wait no shorter", () => {
    const backoff = new Backoff(bounds, () => 0);

    expect(
      waits(backoff, [
        ["slowly", 0],
        ["slowly", 0],
        ["soon", 0],
        ["soon", 0],
        ["slowly", 0],
      ]),
    ).toEqual([2000, 4000, 1000, 1000, 8000]);
  });

  test("two relays that share a client identifier end each other's connections every few minutes at last", () => {
    fc.assert(
      fc.property(fc.infiniteStream(random), (draws) => {
        const draw = () => Number(draws.next().value);
        const relays = [new Backoff(bounds, draw), new Backoff(bounds, draw)];
        // The one that comes ends the connection of the other one, which has lasted as long as it waited itself.
        let waitMs = 0;
        let elapsedMs = 0;
        const takeoversMs: number[] = [];
        for (let turn = 0; elapsedMs < 24 * 60 * minute; turn++) {
          waitMs = relays[turn % 2]?.next("slowly", waitMs) ?? 0;
          elapsedMs += waitMs;
          takeoversMs.push(elapsedMs);
        }

        expect(takeoversMs.filter((atMs) => atMs > 60 * minute).length).toBeLessThanOrEqual((23 * 60) / 2.5 + 1);
      }),
      { numRuns: 20 },
    );
  });
});
