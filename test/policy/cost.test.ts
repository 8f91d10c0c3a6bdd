import { fitsPattern } from "../../policy/inputs.ts";
import { noSecretInConfigMap } from "../../policy/rules/secrets.ts";
import { growthOf, mostLinearGrowth } from "../support/growth.ts";

test.each([
  ["words with dots, which could all begin an address", (n: number) => "a.".repeat(n)],
  ["starts of tokens that never end", (n: number) => "eyJ-".repeat(n)],
  ["starts of private keys", (n: number) => "-----BEGIN A ".repeat(n)],
  ["blanks", (n: number) => `SharedAccessKey${" ".repeat(n)}`],
  ["one word", (n: number) => "AccountKey".repeat(n)],
])("looking for secrets costs as a ConfigMap is long: %s", (_case, make) => {
  const work = (text: string) => {
    const props = { data: { "config.json": text } };
    noSecretInConfigMap.check({ type: "kubernetes:core/v1:ConfigMap", name: "x", props, stack: "dev" } as never, {});
  };

  expect(growthOf(make, work, 20_000)).toBeLessThan(mostLinearGrowth);
});

test.each([
  ["prod", "prod", true],
  ["prod-1", "prod", false],
  ["Prod-oslo", "prod*", true],
  ["oslo-prod", "*-prod", true],
  ["x", "*", true],
  ["", "*", true],
  ["aXbXc", "a*b*c", true],
  ["aba", "ab*ba", false],
  ["a.c", "a?c", false],
])("%s fits %s: %p", (text, pattern, expected) => {
  expect(fitsPattern(text, pattern)).toBe(expected);
});

test("a pattern with any number of stars costs as the text is long", () => {
  const work = (text: string) => void fitsPattern(text, `${"a*".repeat(20)}b`);

  expect(growthOf((n) => "a".repeat(n), work, 100_000)).toBeLessThan(mostLinearGrowth);
});
