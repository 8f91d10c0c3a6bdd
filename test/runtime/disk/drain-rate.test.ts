import { DrainRate, type DrainRates } from "../../../runtime/disk/drain-rate.ts";

/** Messages that go within so many milliseconds, when each goes as soon as it may. */
function countWithin(durationMs: number, rates: DrainRates, bytes: number): number {
  let nowMs = 0;
  const rate = new DrainRate(rates, nowMs);
  for (let count = 0; ; count++) {
    for (let waitMs = rate.waitMs(nowMs); waitMs > 0; waitMs = rate.waitMs(nowMs)) nowMs += waitMs;
    if (nowMs >= durationMs || count > 100_000) return count;
    rate.take(bytes);
  }
}

describe("DrainRate", () => {
  test.each([
    ["messages", { messagesPerSecond: 900, bytesPerSecond: 0 }, 100, 9000],
    ["bytes", { messagesPerSecond: 0, bytesPerSecond: 900_000 }, 1000, 9000],
    ["whichever is less", { messagesPerSecond: 900, bytesPerSecond: 100_000 }, 1000, 1000],
    ["bytes of messages that are larger than a second's", { messagesPerSecond: 900, bytesPerSecond: 1000 }, 2000, 5],
  ])("lets no more through in ten seconds than %s allow, and hardly less", (_case, rates, bytes, most) => {
    const count = countWithin(10_000, rates, bytes);

    expect(count).toBeLessThanOrEqual(most * 1.02 + 1);
    expect(count).toBeGreaterThanOrEqual(most * 0.9 - 1);
  });

  test("lets everything through without bounds", () => {
    expect(countWithin(1, { messagesPerSecond: 0, bytesPerSecond: 0 }, 1_000_000)).toBeGreaterThan(100_000);
  });

  test("saves nothing up while nothing goes", () => {
    const rate = new DrainRate({ messagesPerSecond: 100, bytesPerSecond: 0 }, 0);

    let count = 0;
    while (rate.waitMs(60_000) === 0) {
      rate.take(1);
      count++;
    }

    expect(count).toBe(10);
  });
});
