/** Runs of which the fastest counts: whatever else the machine does only makes one slower. */
const runs = 3;

/**
 * How many times the CPU time that four times as much takes: 4 where cost grows as the input does, 16 where it grows as its
 * square. Both are measured in this process, so the machine's speed is in neither.
 *
 * @param make the input of a size; not measured
 * @param size of the smaller input: large enough that the work takes some milliseconds
 */
export function growthOf<T>(make: (size: number) => T, work: (input: T) => void, size: number): number {
  const [small, large] = [make(size), make(4 * size)];
  work(small);
  const once = Math.min(...Array.from({ length: runs }, () => cpuMicroseconds(small, work)));
  const fourTimes = Math.min(...Array.from({ length: runs }, () => cpuMicroseconds(large, work)));
  return fourTimes / Math.max(once, leastMicroseconds);
}

/** What is faster is not measured well enough to divide by. */
const leastMicroseconds = 2000;

/** Ratio that tells the one from the other, with a wide margin on both sides. */
export const mostLinearGrowth = 10;

function cpuMicroseconds<T>(input: T, work: (input: T) => void): number {
  const start = process.cpuUsage();
  work(input);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
