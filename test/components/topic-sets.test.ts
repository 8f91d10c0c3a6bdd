import fc from "fast-check";

import { destinationFilter, filterCovers } from "../../components/topic-sets.ts";
import { matchesTopicFilter } from "../../runtime/contract/topic/filter.ts";

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

test("a filter that takes in another one has all its topics", () => {
  fc.assert(
    fc.property(filter, filter, topic, (outer, inner, name) => {
      fc.pre(filterCovers(outer, inner) && matchesTopicFilter(inner, name));

      expect(matchesTopicFilter(outer, name)).toBe(true);
    }),
    { maxSkipsPerRun: 10_000 },
  );
});
