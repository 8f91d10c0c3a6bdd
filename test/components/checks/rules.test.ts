import { byRule, rules } from "../../../components/checks/rules.ts";
import { ConfigError } from "../../../runtime/contract/errors.ts";

test.each(Object.entries(rules))("rule %s has a title without a period, and a source", (_, { title, source }) => {
  expect(title).toMatch(/^[A-Z].*[^.]$/);
  expect(source).toMatch(/\w/);
});

test("every problem carries the name of the rule that found it, where a person reads it", () => {
  const problems = byRule("load", [
    { path: "a", problem: "is 1", remedy: "give 2" },
    { path: "b", problem: "is 3", remedy: "give 4" },
  ]);

  expect(new ConfigError("oslo", problems).message.match(/\[load\]/g)).toHaveLength(2);
});
