import { StallWatch } from "../../../runtime/queue/stall-watch.ts";

const [first, second] = [{}, {}];

describe("StallWatch", () => {
  test("finds a message that stays the oldest for the time-out, once for each", () => {
    const watch = new StallWatch(1000);

    expect([0, 999, 1000, 1001, 2000, 2001].map((nowMs) => watch.isStalled(first, nowMs))).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(watch.count).toBe(2);
  });

  test("takes another oldest message for progress", () => {
    const watch = new StallWatch(1000);

    expect([watch.isStalled(first, 0), watch.isStalled(second, 999), watch.isStalled(second, 1998)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("has nothing to find while nothing is in flight, or without a time-out", () => {
    const watch = new StallWatch(1000);
    const patient = new StallWatch(0);

    expect([watch.isStalled(undefined, 0), watch.isStalled(undefined, 9999)]).toEqual([false, false]);
    expect([patient.isStalled(first, 0), patient.isStalled(first, 9_999_999)]).toEqual([false, false]);
  });

  test("counts from 0 again once a message was acknowledged", () => {
    const watch = new StallWatch(10);
    watch.isStalled(first, 0);
    watch.isStalled(first, 10);

    watch.onProgress();

    expect(watch.count).toBe(0);
  });
});
