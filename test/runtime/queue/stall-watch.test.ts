import { StallWatch } from "../../../runtime/queue/stall-watch.ts";

const [first, second] = [{}, {}];

/** Looks at what is owed; a byte moved last at `movedMs`, and what a closer look finds is `foundMs`. */
function look(watch: StallWatch, owed: object | undefined, nowMs: number, movedMs = 0, foundMs = movedMs): boolean {
  return watch.isStalled({ owed, nowMs, lastProgressMs: movedMs, checkProgressMs: () => foundMs });
}

describe("StallWatch", () => {
  test("finds what stays owed for the time-out, and gives the same work longer at each try", () => {
    const watch = new StallWatch(1000);

    const stalledAt = Array.from({ length: 40_000 }, (_, nowMs) => nowMs).filter((nowMs) => look(watch, first, nowMs));

    expect(stalledAt).toEqual([1000, 3001, 7002, 15_003, 23_004, 31_005, 39_006]);
    expect(watch.count).toBe(7);
  });

  test("takes it for progress that something else is owed", () => {
    const watch = new StallWatch(1000);

    expect([look(watch, first, 0), look(watch, second, 999), look(watch, second, 1998)]).toEqual([false, false, false]);
  });

  test("counts from the last byte that moved, so that a large message on a slow link is no stall", () => {
    const watch = new StallWatch(1000);
    look(watch, first, 0);

    const stalledAt = Array.from({ length: 9000 }, (_, nowMs) => nowMs).find((nowMs) =>
      look(watch, first, nowMs, Math.min(nowMs, 5000)),
    );

    expect(stalledAt).toBe(6000);
  });

  test("looks closer before it says so: the operating system may still be sending", () => {
    const watch = new StallWatch(1000);
    look(watch, first, 0);

    expect(look(watch, first, 1000, 0, 900)).toBe(false);
    expect(look(watch, first, 1899, 0, 900)).toBe(false);
    expect(look(watch, first, 1900, 0, 900)).toBe(true);
  });

  test("has nothing to find while nothing is owed, or without a time-out", () => {
    const watch = new StallWatch(1000);
    const patient = new StallWatch(0);

    expect([look(watch, undefined, 0), look(watch, undefined, 9999)]).toEqual([false, false]);
    expect([look(patient, first, 0), look(patient, first, 9_999_999)]).toEqual([false, false]);
  });

  test("counts from 0 again, with the first time-out, once what was owed has come", () => {
    const watch = new StallWatch(10);
    look(watch, first, 0);
    look(watch, first, 10);

    watch.onProgress();

    expect([watch.count, watch.timeoutMs]).toEqual([0, 10]);
  });
});
