import { StallWatch } from "../../../../runtime/queue/destination/stall-watch.ts";
import { FakeDestination } from "../fakes.ts";

const [first, second] = [{}, {}];

/** A stall watch on a clock of the test, and the connection that it looks at. */
function start(timeoutMs: number) {
  const clock = { nowMs: 0 };
  const connection = new FakeDestination();
  const watch = new StallWatch(timeoutMs, () => clock.nowMs);
  const owes = { now: first as object | undefined };
  /** Looks until then, eight times in the first time-out, and tells when it was stalled. */
  const lookUntil = async (untilMs: number, meanwhile: () => void = () => undefined) => {
    const stalledAt: number[] = [];
    for (; clock.nowMs <= untilMs; clock.nowMs += 125) {
      meanwhile();
      const owing = { owed: () => owes.now, traffic: connection.traffic };
      if (await watch.isStalled(owing)) stalledAt.push(clock.nowMs);
    }
    return stalledAt;
  };
  return { watch, clock, connection, owes, lookUntil };
}

describe("StallWatch", () => {
  test("finds what stays owed for the time-out, and gives the same work longer at each try", async () => {
    const { watch, lookUntil } = start(1000);

    const stalledAt = await lookUntil(32_000);

    const waits = stalledAt.map((atMs, index) => atMs - (stalledAt[index - 1] ?? 0));
    expect(waits.map((waitMs) => Math.floor(waitMs / 1000))).toEqual([1, 2, 4, 8, 8, 8]);
    expect([watch.count, watch.timeoutMs]).toEqual([6, 8000]);
  });

  test("takes it for progress that something else is owed", async () => {
    const { owes, clock, lookUntil } = start(1000);

    const stalledAt = await lookUntil(3000, () => (owes.now = clock.nowMs % 250 === 0 ? first : second));

    expect(stalledAt).toEqual([]);
  });

  test("counts from the last byte that left, so that a large message on a slow link is no stall", async () => {
    const { connection, clock, lookUntil } = start(1000);
    connection.moved.givenBytes = connection.moved.heldBytes = 5000;

    const stalledAt = await lookUntil(12_000, () => {
      connection.moved.heldBytes = Math.max(0, 5000 - clock.nowMs);
    });

    // What left over five seconds may wait on the way for as long again.
    expect(stalledAt[0]).toBeGreaterThan(10_000);
  });

  test("says nothing of what has come while it looked", async () => {
    const { watch, clock, connection, lookUntil } = start(1000);
    await lookUntil(800);
    clock.nowMs = 1200;
    let asked = 0;

    const isStalled = await watch.isStalled({
      owed: () => (asked++ === 0 ? first : undefined),
      traffic: connection.traffic,
    });

    expect([isStalled, watch.count]).toEqual([false, 0]);
  });

  test("has nothing to find while nothing is owed, or without a time-out", async () => {
    const { owes, lookUntil } = start(1000);
    owes.now = undefined;
    expect(await lookUntil(5000)).toEqual([]);

    expect(await start(0).lookUntil(5000)).toEqual([]);
    expect(await start(1000).watch.isStalled(undefined)).toBe(false);
  });

  test("starts anew with another connection, which has not been given anything", async () => {
    const { watch, clock, lookUntil } = start(1000);
    await lookUntil(900);

    clock.nowMs = 1100;
    const isStalled = await watch.isStalled({ owed: () => first, traffic: new FakeDestination().traffic });

    expect(isStalled).toBe(false);
  });

  test("counts from 0 again, with the first time-out, once what was owed has come", async () => {
    const { watch, lookUntil } = start(1000);
    await lookUntil(1500);
    expect(watch.count).toBe(1);

    watch.onProgress();

    expect([watch.count, watch.timeoutMs]).toEqual([0, 1000]);
  });
});
