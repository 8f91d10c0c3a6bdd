import { Counters, latencyBoundsSeconds } from "../../../runtime/report/counters.ts";

describe("observeLatency", () => {
  test.each([
    [0, 0],
    [0.001, 0],
    [0.001_1, 1],
    [0.05, 5],
    [60, 13],
    [60.1, 14],
    [100_000, 14],
  ])("puts %d s into bucket %d, whose bound is inclusive", (seconds, bucket) => {
    const counters = new Counters();

    counters.observeLatency(seconds);

    expect(counters.latency.indexOf(1)).toBe(bucket);
    expect(counters.latencySumSeconds).toBe(seconds);
  });

  test("has a bucket for each bound and one above them all, and bounds that rise", () => {
    expect(new Counters().latency).toHaveLength(latencyBoundsSeconds.length + 1);
    expect([...latencyBoundsSeconds].sort((a, b) => a - b)).toEqual([...latencyBoundsSeconds]);
  });
});
