import fc from "fast-check";

import { medianInterval, pairedRatios, quantile, rankCoverage } from "../../../bench/measure/statistics.ts";

// Probabilities that the k-th smallest and k-th largest of n values enclose the median: 1 - 2 P(Binomial(n, 1/2) < k).
test.each([
  [5, 1, 0.9375],
  [6, 1, 0.96875],
  [7, 1, 0.984375],
  [8, 1, 0.9921875],
  [9, 2, 0.9609375],
  [15, 4, 0.96484375],
])("of %i values, number %i from either end encloses the median with probability %f", (count, rank, coverage) => {
  expect(rankCoverage(count, rank)).toBeCloseTo(coverage, 10);
});

test("takes the tightest interval that reaches 95 %", () => {
  const values = [9, 1, 8, 2, 7, 3, 6, 4, 5];

  expect(medianInterval(values)).toEqual({ median: 5, low: 2, high: 8, count: 9, coverage: 0.9609375 });
});

test("goes no further in than 95 % allow: the second of eight from either end would reach 93 %", () => {
  const { low, high } = medianInterval([1, 2, 3, 4, 5, 6, 7, 8]);

  expect([low, high]).toEqual([1, 8]);
});

test("says with fewer than six values that their range is no 95 % interval", () => {
  const { low, high, coverage } = medianInterval([3, 1, 2]);

  expect([low, high]).toEqual([1, 3]);
  expect(coverage).toBe(0.75);
});

test("gives a single value as its own interval", () => {
  expect(medianInterval([4])).toEqual({ median: 4, low: 4, high: 4, count: 1, coverage: 0 });
});

test("refuses a median of nothing", () => {
  expect(() => medianInterval([])).toThrow("values: there is none; a median needs one");
});

test("keeps the median inside of the interval, and both among the values, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 40 }),
      (values) => {
        const { low, median, high } = medianInterval(values);

        expect(low).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(high);
        expect(values).toEqual(expect.arrayContaining([low, high]));
      },
    ),
  );
});

test("interpolates quantiles between the two nearest values", () => {
  expect(quantile([10, 20, 30, 40], 0.5)).toBe(25);
  expect(quantile([10, 20, 30], 0.99)).toBeCloseTo(29.8, 10);
  expect(quantile([10, 20], 0)).toBe(10);
  expect(quantile([10, 20], 1)).toBe(20);
});

test("divides values of the same round, and leaves out a round that lacks one of them", () => {
  expect(pairedRatios([10, undefined, 30, 5], [20, 2, undefined, 10])).toEqual([0.5, 0.5]);
});
