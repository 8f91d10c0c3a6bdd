import { readFileSync } from "node:fs";
import path from "node:path";

import { checkPlan } from "../../components/bridge/check-plan.ts";
import { planBridge } from "../../components/bridge/plan.ts";
import { rules } from "../../components/checks/rules.ts";
import { baseDeclaration, configurationRules } from "../../doc/checks/declaration.ts";
import { checkExamples } from "../../doc/checks/examples.ts";
import { problemsOf, renderChecks } from "../../doc/checks/page.ts";

test("doc/checks.md is what the rules and examples say", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/checks.md"), "utf8");

  if (stored !== renderChecks()) throw new Error("doc/checks.md: differs from the rules; run `npm run docs`");
});

test("the declaration that examples change breaks no rule", () => {
  expect(checkPlan(planBridge("oslo", baseDeclaration))).toEqual({ problems: [], warnings: [] });
});

/** Rules that need more than one bridge: test/components/bridge/fleet.test.ts has them. */
const elsewhere = ["federated-credentials", "one-owner"];

test("every rule has an example", () => {
  const covered = new Set(checkExamples.map(({ rule }) => rule));

  const missing = [...Object.keys(rules), ...Object.keys(configurationRules)].filter((rule) => !covered.has(rule));

  expect(missing).toEqual(elsewhere);
});

describe.each(
  checkExamples.map((example, index) => [`${index + 1} ${example.rule}: ${example.path}`, example] as const),
)("example %s", (_, example) => {
  test("fails by its rule", () => {
    const found = problemsOf(example, example.fails);

    expect(found).toHaveLength(1);
  });

  test("passes with the neighbour", () => {
    expect(problemsOf(example, example.passes)).toEqual([]);
  });
});
