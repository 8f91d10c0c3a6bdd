import { Arrivals } from "../../../bench/load/arrivals.ts";

function count(expected: number, messages: readonly number[]) {
  const arrivals = new Arrivals(expected);
  for (const message of messages) arrivals.add(message);
  const { distinct, missing, duplicates, outOfOrder } = arrivals;
  return { distinct, missing, duplicates, outOfOrder };
}

test.each([
  ["all in order", [0, 1, 2, 3], { distinct: 4, missing: 0, duplicates: 0, outOfOrder: 0 }],
  ["one missing", [0, 1, 3], { distinct: 3, missing: 1, duplicates: 0, outOfOrder: 0 }],
  ["a copy", [0, 1, 1, 0, 2, 3], { distinct: 4, missing: 0, duplicates: 2, outOfOrder: 0 }],
  ["two behind a later one", [2, 0, 1, 3], { distinct: 4, missing: 0, duplicates: 0, outOfOrder: 2 }],
  ["nothing", [], { distinct: 0, missing: 4, duplicates: 0, outOfOrder: 0 }],
])("counts %s", (_, messages, expected) => {
  expect(count(4, messages)).toEqual(expected);
});

test("refuses a number that the load does not have", () => {
  expect(() => count(4, [4])).toThrow("message 4: the load has only 4");
});
