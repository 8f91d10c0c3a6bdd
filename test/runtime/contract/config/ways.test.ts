import fc from "fast-check";

import { findCircles, Trees, type Way } from "../../../../runtime/contract/config/ways.ts";
import { filtersOverlap } from "../../../../runtime/contract/topic/overlap.ts";

const broker = fc.constantFrom("a", "b");
const filters = fc.array(fc.constantFrom("x", "y", "z", "x/y", "x/+", "+", "y/#", "#"), { minLength: 1, maxLength: 2 });
const topics = fc.record({ broker, filters });
const way: fc.Arbitrary<Way> = fc.record({ takes: topics, gives: fc.array(topics, { maxLength: 2 }) });

/** Whether one way leads to another by itself. */
function leads(from: Way, to: Way): boolean {
  return from.gives.some(
    (given) =>
      given.broker === to.takes.broker &&
      given.filters.some((filter) => to.takes.filters.some((taken) => filtersOverlap(filter, taken))),
  );
}

/** For each way those that can be reached from it, found by trying all pairs until nothing is added. */
function reachable(ways: readonly Way[]): ReadonlySet<number>[] {
  const reached = ways.map((from) => new Set(ways.flatMap((to, index) => (leads(from, to) ? [index] : []))));
  for (let isDone = false; !isDone;) {
    isDone = true;
    for (const set of reached) {
      const before = set.size;
      for (const next of [...set]) for (const further of reached[next] ?? []) set.add(further);
      if (set.size > before) isDone = false;
    }
  }
  return reached;
}

test("two ways are in one circle just where each can be reached from the other, and one is where it leads to itself", () => {
  fc.assert(
    fc.property(fc.array(way, { maxLength: 8 }), (ways) => {
      const reached = reachable(ways);

      const circles = findCircles(ways);

      for (const [index, circle] of circles.entries()) {
        expect(circle !== undefined).toBe(reached[index]?.has(index));
        const together = circles.flatMap((other, at) => (circle !== undefined && other === circle ? [at] : []));
        const expected = [...(reached[index] ?? [])].filter((other) => reached[other]?.has(index));
        expect(together).toEqual(expected.sort((a, b) => a - b));
      }
    }),
  );
});

test.each<[string, (index: number, count: number) => [string[], string[]]]>([
  ["apart from each other", (index) => [[`t${index}/#`], [`out/${index}`]]],
  ["in a chain", (index) => [[`t${index}/#`], [`t${index + 1}/x`]]],
  ["in a ring", (index, count) => [[`t${index}/#`], [`t${(index + 1) % count}/x`]]],
  ["that all lead to each other", () => [["#"], ["a/#"]]],
])("the search costs as much for each way, however many there are: ways %s", (_case, make) => {
  const stepsOf = (count: number) => {
    const trees = new Trees();
    const ways = Array.from({ length: count }, (_, index): Way => {
      const [taken, given] = make(index, count);
      return { takes: { broker: "a", filters: taken }, gives: [{ broker: "a", filters: given }] };
    });
    findCircles(ways, trees);
    return trees.steps;
  };

  expect(stepsOf(1000) / stepsOf(250)).toBeLessThan(5);
});
