import { destinationFilter, filterCovers, filtersOverlap, unsharedFilter } from "../../components/topic-sets.ts";

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
