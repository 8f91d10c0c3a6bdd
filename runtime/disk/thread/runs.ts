/** Sequences that follow each other, both ends among them. */
export type Run = readonly [first: number, last: number];

/** Sequences in their order as runs: `[1, 2, 3, 7, 8]` → `[[1, 3], [7, 8]]`. */
export function runsOf(sequences: readonly number[]): Run[] {
  const runs: [number, number][] = [];
  for (const sequence of sequences) {
    const run = runs.at(-1);
    if (run !== undefined && sequence === run[1] + 1) run[1] = sequence;
    else runs.push([sequence, sequence]);
  }
  return runs;
}

export function isInRuns(runs: readonly Run[], sequence: number): boolean {
  return runs.some(([first, last]) => sequence >= first && sequence <= last);
}
