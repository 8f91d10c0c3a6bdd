import { confidence, type MedianInterval } from "../measure/statistics.ts";

/** Writes a number with the digits that a reader can use: `12,300`, `186`, `17.3`, `0.48`, `0.004`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 10_000) return (Math.round(value / 100) * 100).toLocaleString("en");
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01 || value === 0) return value.toFixed(2);
  return value.toPrecision(1);
}

/** What stands in place of a number that is not there. */
export const nothing = "–";

/** Writes a median with its interval; a range that is no 95 % interval is marked with `*`. */
export function formatInterval(interval: MedianInterval | undefined, unit = ""): string {
  if (interval === undefined) return nothing;
  const suffix = unit === "" ? "" : ` ${unit}`;
  const { median, low, high, count, coverage } = interval;
  if (count === 1) return `${formatNumber(median)}${suffix}`;
  const mark = coverage < confidence ? "*" : "";
  return `${formatNumber(median)}${suffix} [${formatNumber(low)}, ${formatNumber(high)}]${mark}`;
}

/** Writes a time of seconds as a reader plans with it: `40 s`, `12 min`. */
export function formatTime(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
