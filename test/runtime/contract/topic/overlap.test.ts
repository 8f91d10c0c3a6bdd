import fc from "fast-check";

import { matchesTopicFilter, topicFilterProblem } from "../../../../runtime/contract/topic/filter.ts";
import {
  filtersOverlap,
  findOverlaps,
  intersectFilters,
  unsharedFilter,
} from "../../../../runtime/contract/topic/overlap.ts";

test.each([
  ["a/b", "a/b", true],
  ["a/b", "a/c", false],
  ["a/+", "a/c", true],
  ["a/+", "a/b/c", false],
  ["+/b", "a/+", true],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["a/#", "b", false],
  ["#", "a/b", true],
  ["a/+/c", "a/b/#", true],
  ["a/b", "a", false],
])("filters %s and %s share a topic: %p", (a, b, expected) => {
  expect(filtersOverlap(a, b)).toBe(expected);
  expect(filtersOverlap(b, a)).toBe(expected);
});

test.each([
  ["$share/group/a/#", "a/#"],
  ["$shared/group/a/#", "a/#"],
  ["a/#", "a/#"],
])("%s is seen as %s", (filter, expected) => {
  expect(unsharedFilter(filter)).toBe(expected);
});

test.each([
  ["a/+", "+/b", "a/b"],
  ["a/#", "+/b/c", "a/b/c"],
  ["a/#", "a", "a"],
  ["a/#", "#", "a/#"],
  ["+/#", "#", "+/#"],
  ["#", "#", "#"],
  ["a/+/c/#", "a/b/#", "a/b/c/#"],
  ["/+", "+/a", "/a"],
  ["$SYS/#", "$SYS/+", "$SYS/+"],
  ["#", "$SYS/a", undefined],
  ["+/a", "$SYS/a", undefined],
  ["#", "$SYS/#", undefined],
  ["a/b", "a/c", undefined],
  ["a/+", "a", undefined],
  ["+", "/#", undefined],
])("the topics under %s and %s are those under %s", (a, b, expected) => {
  expect(intersectFilters(a, b)).toBe(expected);
  expect(intersectFilters(b, a)).toBe(expected);
});

/** Few words, so that they meet often; empty levels and "$" are levels like others, but for a "$" that begins a topic. */
const word = fc.constantFrom("a", "b", "", "$", "$a");
const topic = fc
  .array(word, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join("/"))
  .filter((text) => text !== "");
const filter = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("+")), { maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"))
  .filter((text) => text !== "");

test("a topic falls under the intersection exactly when it falls under both filters", () => {
  fc.assert(
    fc.property(filter, filter, topic, (a, b, name) => {
      const both = intersectFilters(a, b);

      const isInBoth = matchesTopicFilter(a, name) && matchesTopicFilter(b, name);
      expect(both !== undefined && matchesTopicFilter(both, name)).toBe(isInBoth);
    }),
    { numRuns: 20_000 },
  );
});

test("an intersection is a topic filter, and the same from either side", () => {
  fc.assert(
    fc.property(filter, filter, (a, b) => {
      const both = intersectFilters(a, b);

      expect(both === undefined ? undefined : topicFilterProblem(both)).toBeUndefined();
      expect(intersectFilters(b, a)).toBe(both);
    }),
    { numRuns: 5000 },
  );
});

test("each filter is found with one before it that it shares topics with, whatever group it is shared in", () => {
  expect(findOverlaps(["a/#", "b/#", "$shared/one/+/x", "$share/two/a/b"])).toEqual([
    { filter: "$shared/one/+/x", index: 2, other: "a/#" },
    { filter: "$share/two/a/b", index: 3, other: "a/#" },
  ]);
  expect(findOverlaps(["a/b", "a/c", "#", "$SYS/broker/load"])).toEqual([{ filter: "#", index: 2, other: "a/b" }]);
});
