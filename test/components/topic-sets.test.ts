import fc from "fast-check";

import {
  destinationFilter,
  filterCovers,
  filtersOverlap,
  intersectFilters,
  unsharedFilter,
} from "../../components/topic-sets.ts";
import { matchesTopicFilter, topicFilterProblem } from "../../runtime/contract/topic/filter.ts";

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
  ["a/#", "a/b/+", true],
  ["a/#", "a", true],
  ["a/#", "#", false],
  ["a/+", "a/b", true],
  ["a/+", "a/+", true],
  ["a/b", "a/+", false],
  ["a/+", "a/#", false],
  ["a/+", "a/b/c", false],
  ["a/b/c", "a/b", false],
  ["#", "a/#", true],
  ["+/#", "#", true],
  ["a/+/#", "a/#", false],
  ["#", "$SYS/#", false],
  ["+/a", "$SYS/a", false],
  ["$SYS/#", "$SYS/a", true],
])("%s takes in every topic of %s: %p", (outer, inner, expected) => {
  expect(filterCovers(outer, inner)).toBe(expected);
});

test.each([
  ["$share/group/a/#", "a/#"],
  ["$shared/group/a/#", "a/#"],
  ["a/#", "a/#"],
])("%s is seen as %s", (filter, expected) => {
  expect(unsharedFilter(filter)).toBe(expected);
});

test.each([
  ["sites/oslo/${inputTopic}", "plant/+/telemetry/#", "sites/oslo/plant/+/telemetry/#"],
  ["${inputTopic}", "$share/group/a/#", "a/#"],
  ["x/${inputTopic.2}/y", "plant/+/telemetry", "x/+/y"],
  ["x/${inputTopic.1}/y", "plant/+/telemetry", "x/plant/y"],
  ["x/${inputTopic.4}", "plant/#", "x/+"],
  ["x/pre-${inputTopic.2}-post", "plant/+", "x/+"],
  ["x/${inputTopic}/end", "a/#", "x/a/#"],
  ["x/${inputTopic}", "a/+", "x/a/+"],
  ["fixed/topic", "a/#", "fixed/topic"],
])("%s publishes what comes in under %s to %s", (dataDestination, dataSource, expected) => {
  expect(destinationFilter(dataDestination, dataSource)).toBe(expected);
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

test("a filter that takes in another one has all its topics", () => {
  fc.assert(
    fc.property(filter, filter, topic, (outer, inner, name) => {
      fc.pre(filterCovers(outer, inner) && matchesTopicFilter(inner, name));

      expect(matchesTopicFilter(outer, name)).toBe(true);
    }),
    { maxSkipsPerRun: 10_000 },
  );
});
