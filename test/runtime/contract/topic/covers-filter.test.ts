import fc from "fast-check";

import { coversFilter } from "../../../../runtime/contract/topic/covers-filter.ts";
import { matchesTopicFilter } from "../../../../runtime/contract/topic/filter.ts";

test.each([
  ["#", "a/b", true],
  ["#", "#", true],
  ["#", "+/b", true],
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["$SYS/#", "$SYS/x", true],
  ["a/#", "a", true],
  ["a/#", "a/#", true],
  ["a/#", "a/+/c", true],
  ["a/#", "+/b", false],
  ["a/#", "ab", false],
  ["a/+", "a/b", true],
  ["a/+", "a/+", true],
  ["a/+", "a/#", false],
  ["a/+", "a", false],
  ["a/+", "a/b/c", false],
  ["a/+/c", "a/b/c", true],
  ["a/+/c", "a/+/+", false],
  ["a/+/#", "a/b", true],
  ["a/+/#", "a/#", false],
  ["a/b", "a/b", true],
  ["a/b", "a/+", false],
  ["a/b", "a/b/", false],
  ["a/b/c", "a/b", false],
  ["+", "/", false],
  ["+/+", "/", true],
])("template %s covers filter %s: %s", (template, filter, expected) => {
  expect(coversFilter(template, filter)).toBe(expected);
});

test("covers a topic name exactly when the template matches it", () => {
  const level = fc.constantFrom("a", "b", "");
  const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  const wild = fc.array(fc.constantFrom("a", "b", "+", ""), { minLength: 1, maxLength: 4 });
  const template = fc
    .tuple(wild, fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));

  fc.assert(
    fc.property(template, topic, (covering, name) => {
      expect(coversFilter(covering, name)).toBe(matchesTopicFilter(covering, name));
    }),
  );
});
