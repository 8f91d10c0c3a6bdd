import fc from "fast-check";

import { nextDelay } from "../../../runtime/contract/backoff.ts";

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
