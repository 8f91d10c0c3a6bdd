import { readFileSync } from "node:fs";
import path from "node:path";

import { renderEmulator, statementProblems } from "../../doc/emulator/page.ts";
import { readStatementTests } from "../../doc/emulator/statement-tests.ts";

test("each statement that concerns a server is kept, with a test, or not offered, or not yet", () => {
  expect(statementProblems()).toEqual([]);
});

test("doc/emulator.md is what the statements and the names of tests say", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/emulator.md"), "utf8");

  if (stored !== renderEmulator()) throw new Error("doc/emulator.md: differs from the tests; run `npm run docs`");
});

test("a statement whose only test is gone, and one that two lists have, are told", () => {
  const tests = readStatementTests().filter(({ ids }) => !ids.includes("MQTT-3.12.4-1"));
  const twice = { file: "test/emulator/x.test.ts", name: "x", ids: ["MQTT-4.3.3-1", "MQTT-9.9.9-9"] };

  expect(statementProblems([...tests, twice])).toEqual([
    "MQTT-9.9.9-9: no such statement",
    "MQTT-3.12.4-1: in no list",
    "MQTT-4.3.3-1: kept and not offered",
  ]);
});
