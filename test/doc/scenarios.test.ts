import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { renderScenarios, scenarioTables } from "../../doc/scenarios/page.ts";

const root = path.join(import.meta.dirname, "../..");

test("doc/scenarios.md is what the tables say", () => {
  const stored = readFileSync(path.join(root, "doc/scenarios.md"), "utf8");

  if (stored !== renderScenarios()) throw new Error("doc/scenarios.md: differs from the tables; run `npm run docs`");
});

describe.each(Object.entries(scenarioTables))("%s", (_heading, { rows }) => {
  test.each(rows.map((row) => [row.id, row] as const))(
    "%s is shown by tests that exist, or says why not",
    (_id, row) => {
      const missing = row.tests.filter(({ file, name }) => !hasTest(path.join(root, "test", file), name));

      expect(missing).toEqual([]);
      expect(row.tests.length > 0 || row.remark !== undefined).toBe(true);
    },
  );
});

test("every trap has a number, in order, and a test", () => {
  const { rows } = scenarioTables["Traps of a data plane on bytes"]!;

  expect(rows.map(({ id }) => Number.parseInt(id, 10))).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
});

/** Tells whether a file names a test, or a block of tests, exactly so. */
function hasTest(file: string, name: string): boolean {
  if (!existsSync(file)) return false;
  const source = readFileSync(file, "utf8");
  const quoted = [JSON.stringify(name), `'${name}'`, `\`${name}\``];
  return quoted.some((text) =>
    new RegExp(String.raw`(?:test|describe|it)(?:\.each)?\b[^;]*?\(\s*${escapeExpression(text)}`).test(source),
  );
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
