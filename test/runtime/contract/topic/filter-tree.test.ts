import fc from "fast-check";

import { FilterTree } from "../../../../runtime/contract/topic/filter-tree.ts";
import { filtersOverlap, findOverlaps } from "../../../../runtime/contract/topic/overlap.ts";
import { topicFilterProblem } from "../../../../runtime/contract/topic/filter.ts";

/** Few words, so that they meet often; up to 11 levels, more than the tree has nodes for. */
const filter = fc
  .array(fc.constantFrom("a", "b", "", "$a", "+"), { minLength: 1, maxLength: 11 })
  .chain((levels) => fc.constantFrom(levels.join("/"), [...levels, "#"].join("/"), "#"))
  .filter((text) => topicFilterProblem(text) === undefined);

describe("a tree of topic filters", () => {
  test("finds just the filters that share topics with another one", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 12 }), filter, (filters, asked) => {
        const tree = new FilterTree<number>();
        filters.forEach((one, index) => tree.add(one, index));

        const found = [...tree.overlapping(asked)].sort((a, b) => a - b);

        expect(found).toEqual(filters.flatMap((one, index) => (filtersOverlap(one, asked) ? [index] : [])));
      }),
    );
  });

  test("finds nothing that was taken out, before a search or during it", () => {
    const tree = new FilterTree<string>();
    const handles = ["a/1", "a/2", "a/3"].map((name) => tree.add(name, name));
    tree.remove(handles[0]!);
    tree.remove(handles[0]!);

    const found: string[] = [];
    for (const name of tree.overlapping("a/#")) {
      found.push(name);
      tree.remove(handles[["a/1", "a/2", "a/3"].indexOf(name) === 1 ? 2 : 1]!);
    }

    expect(found).toHaveLength(1);
    expect([...tree.overlapping("#")]).toEqual(found);
  });

  test("takes filters of any number of levels, without a stack for them", () => {
    const tree = new FilterTree<string>();
    tree.add("x/".repeat(30_000) + "y", "deep");

    expect([...tree.overlapping("x/".repeat(30_000) + "+")]).toEqual(["deep"]);
    expect([...tree.overlapping("x/".repeat(30_000) + "z")]).toEqual([]);
  });
});

test.each([
  ["apart by their first level", (index: number) => `site-${index}/+/telemetry/#`],
  ["apart by their last level", (index: number) => `plant/line/machine/sensor-${index}`],
  ["all the same", () => "plant/+/telemetry/#"],
])("finding overlaps costs as much for each filter, however many there are: %s", (_case, make) => {
  const stepsOf = (count: number) => {
    const tree = new FilterTree<string>();
    findOverlaps(
      Array.from({ length: count }, (_, index) => make(index)),
      tree,
    );
    return tree.steps;
  };

  expect(stepsOf(2000) / stepsOf(500)).toBeLessThan(5);
});
