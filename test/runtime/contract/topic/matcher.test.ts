import fc from "fast-check";

import { matchesTopicFilter } from "../../../../runtime/contract/topic/filter.ts";
import { TopicMatcher } from "../../../../runtime/contract/topic/matcher.ts";

describe("TopicMatcher", () => {
  const matcher = new TopicMatcher(["a/+", "$share/g/b/#"]);

  test.each([
    ["a/x", true],
    ["a/x/y", false],
    ["a", false],
    ["a/", true],
    ["b", true],
    ["b/x/y", true],
    ["c", false],
    ["$share/g/b/x", false],
  ])("of %s says %s, the first time and when it is asked again", (topic, expected) => {
    expect([matcher.matches(topic), matcher.matches(topic)]).toEqual([expected, expected]);
  });

  test("gives right answers for more topics than it remembers, and for long ones", () => {
    const topics = Array.from({ length: 10_000 }, (_, index) => `${index % 2 === 0 ? "a" : "c"}/${index}`);
    const long = Array.from({ length: 40 }, (_, index) => `a/${"x".repeat(60_000)}${index}`);

    for (const topic of [...topics, ...long, ...topics]) expect(matcher.matches(topic)).toBe(topic.startsWith("a"));
  });

  test("agrees with the levels of filter and topic compared one by one", () => {
    const level = fc.constantFrom("", "a", "b", "ab", "$a");
    const filter = fc
      .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([levels, isOpen]) => [...levels, ...(isOpen ? ["#"] : [])].join("/"));
    const name = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/"));

    fc.assert(
      fc.property(filter, name, (wanted, topic) => {
        const expected = matchesByLevel(wanted, topic);

        expect(new TopicMatcher([wanted]).matches(topic)).toBe(expected);
        expect(matchesTopicFilter(wanted, topic)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The rule of MQTT 5.0 §4.7 with both split into levels. */
function matchesByLevel(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
