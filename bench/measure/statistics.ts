/** Smallest share of repeated runs in which the true median lies inside a {@link MedianInterval}. */
export const confidence = 0.95;

/** With fewer values no interval of the median reaches {@link confidence}. */
export const fewestRounds = 6;

/** A median and how sure it is. */
export interface MedianInterval {
  readonly median: number;
  /** Bounds, inclusive: two of the measured values. */
  readonly low: number;
  readonly high: number;
  /** Number of values. */
  readonly count: number;
  /** Probability that the bounds hold the true median; below {@link confidence} with fewer than six values. */
  readonly coverage: number;
}

/**
 * Median of the values with the tightest distribution-free interval that reaches 95 %: the k-th smallest and the k-th
 * largest value, chosen by the binomial distribution. Nothing is assumed about how the values scatter. With fewer than
 * six values no such interval exists; the bounds are then the smallest and the largest, and `coverage` tells.
 *
 * @throws {RangeError} without a value
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) throw new RangeError("values: there is none; a median needs one");
  let rank = 1;
  while (rank + 1 <= count / 2 && rankCoverage(count, rank + 1) >= confidence) rank++;
  return {
    median: quantile(sorted, 0.5),
    low: at(sorted, rank - 1),
    high: at(sorted, count - rank),
    count,
    coverage: rankCoverage(count, rank),
  };
}

/** Probability that the true median lies between the `rank`-th smallest and the `rank`-th largest of `count` values. */
export function rankCoverage(count: number, rank: number): number {
  let tail = 0;
  let combinations = 1;
  for (let index = 0; index < rank; index++) {
    tail += combinations / 2 ** count;
    combinations = (combinations * (count - index)) / (index + 1);
  }
  return Math.max(0, 1 - 2 * tail);
}

/**
 * Quantile by linear interpolation between the two nearest values.
 * @param sorted ascending, not empty
 * @param share 0 to 1, both inclusive
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = at(sorted, below);
  return low + (at(sorted, Math.ceil(position)) - low) * (position - below);
}

/** Values of the same round divided by each other; a round that lacks one of them is left out. */
export function pairedRatios(
  numerators: readonly (number | undefined)[],
  denominators: readonly (number | undefined)[],
): number[] {
  return numerators.flatMap((numerator, round) => {
    const denominator = denominators[round];
    return numerator === undefined || denominator === undefined || denominator === 0 ? [] : [numerator / denominator];
  });
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`values: there is no value number ${index + 1}`);
  return value;
}
