/**
 * Works on items, at most so many at a time, in their order. Once `stop` aborts, what runs is finished and nothing else is started.
 * Rejects with the first error that `work` throws, after what ran then has ended.
 * @returns the results, in the order of the items; `undefined` for what was not started
 */
export async function forEachBounded<T, R>(
  items: readonly T[],
  atOnce: number,
  stop: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<(R | undefined)[]> {
  const results: (R | undefined)[] = items.map(() => undefined);
  const rest = items.entries();
  let hasFailed = false;
  const lane = async () => {
    for (const [index, item] of rest) {
      if (stop.aborted || hasFailed) return;
      try {
        results[index] = await work(item);
      } catch (cause) {
        hasFailed = true;
        throw cause;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  const failed = lanes.find((ended) => ended.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}
