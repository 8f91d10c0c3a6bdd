import { isInRuns, runsOf } from "../../../../runtime/disk/thread/runs.ts";

test.each([
  ["none", [], []],
  ["one", [5], [[5, 5]]],
  ["all in a row", [1, 2, 3], [[1, 3]]],
  [
    "with gaps",
    [1, 2, 5, 7, 8, 9],
    [
      [1, 2],
      [5, 5],
      [7, 9],
    ],
  ],
  [
    "not ascending",
    [3, 2, 1],
    [
      [3, 3],
      [2, 2],
      [1, 1],
    ],
  ],
  [
    "the same again",
    [1, 2, 2, 3],
    [
      [1, 2],
      [2, 3],
    ],
  ],
])("runs of sequences: %s", (_, sequences, runs) => {
  expect(runsOf(sequences)).toEqual(runs);
});

test("knows which sequences are in runs, both ends among them", () => {
  const runs = runsOf([2, 3, 4, 9]);

  expect([1, 2, 3, 4, 5, 8, 9, 10].filter((sequence) => isInRuns(runs, sequence))).toEqual([2, 3, 4, 9]);
});
