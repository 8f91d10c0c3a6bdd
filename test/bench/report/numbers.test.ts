import { formatInterval, formatNumber } from "../../../bench/report/numbers.ts";

test.each([
  [12_345, "12,300"],
  [186.4, "186"],
  [17.34, "17.3"],
  [0.478, "0.48"],
  [0.0042, "0.004"],
  [0.0962, "0.10"],
  [0, "0.00"],
  [-0.5, "-0.50"],
])("writes %f as %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [7, 0.98, "2.00 ms [1.00, 3.00]"],
  [3, 0.75, "2.00 ms [1.00, 3.00]*"],
  [1, 0, "2.00 ms"],
])("writes a median of %i values that covers %f as %s", (count, coverage, text) => {
  expect(formatInterval({ median: 2, low: 1, high: 3, count, coverage }, "ms")).toBe(text);
});

test("writes a dash for what was not measured", () => {
  expect(formatInterval(undefined)).toBe("–");
});
