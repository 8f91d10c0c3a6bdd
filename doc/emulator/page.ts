import { notOffered, notYet } from "../../test/emulator/not-kept.ts";
import type { NotKept } from "../../test/emulator/not-kept.ts";
import { statements } from "../../test/emulator/statements.ts";
import type { Statement } from "../../test/emulator/statements.ts";
import { readStatementTests } from "./statement-tests.ts";
import type { StatementTest } from "./statement-tests.ts";

/** Tests that a row names; how many more there are is told. */
const namedTests = 2;

type Verdict = "kept" | "not offered" | "not yet";

/** Why a statement is in no list, or in two: `[]` when each is in one. */
export function statementProblems(tests: readonly StatementTest[] = readStatementTests()): string[] {
  const lists = { kept: tests.flatMap(({ ids }) => ids), "not offered": idsOf(notOffered), "not yet": idsOf(notYet) };
  const known = new Set(statements.map(({ id }) => id));
  const unknown = Object.values(lists)
    .flat()
    .filter((id) => !known.has(id))
    .map((id) => `${id}: no such statement`);
  const misplaced = statements.flatMap(({ id }) => {
    const found = Object.entries(lists).filter(([, ids]) => ids.includes(id));
    return found.length === 1 ? [] : [`${id}: ${found.map(([verdict]) => verdict).join(" and ") || "in no list"}`];
  });
  return [...unknown, ...misplaced];
}

/** Renders `doc/emulator.md`. The same statements and tests give the same bytes. */
export function renderEmulator(tests: readonly StatementTest[] = readStatementTests()): string {
  const rows = statements.map((statement) => ({ statement, ...judge(statement, tests) }));
  const count = (wanted: Verdict) => rows.filter(({ verdict }) => verdict === wanted).length;
  return [
    "# The emulator, and the statements of MQTT 5",
    "",
    "<!-- Generated from the names of tests, test/emulator/statements.ts and not-kept.ts: change those, then run `npm run docs`. -->",
    "",
    "The emulator stands in for the MQTT brokers of Event Grid and AIO, in one process on loopback. It is an MQTT 5 broker; a profile adds",
    "the rules of the real one. [emulate.md](emulate.md) says how to use it.",
    "",
    "The table lists each numbered statement of MQTT 5 that concerns a server, in our words, with the tests that prove it. It is made from",
    "the names of the tests. `test/doc/emulator.test.ts` fails if a statement has neither a test nor a reason, or both.",
    "",
    "Tests in `test/fuzz` test an oracle that was written independently of the emulator. `test/emulator/fuzz.test.ts` shows that the emulator",
    "reads each packet as the oracle does. `test/emulator/support/server-packets.ts` checks everything that the emulator sends in its tests.",
    "",
    "| verdict | statements |",
    "| --- | --- |",
    `| kept | ${count("kept")} |`,
    `| not offered | ${count("not offered")} |`,
    `| not yet | ${count("not yet")} |`,
    "",
    "| id | what it says | verdict | test, or reason |",
    "| --- | --- | --- | --- |",
    ...rows.map(
      ({ statement: { id, about }, verdict, reason }) => `| ${id} | ${cell(about)} | ${verdict} | ${cell(reason)} |`,
    ),
    "",
  ].join("\n");
}

function judge({ id }: Statement, tests: readonly StatementTest[]): { verdict: Verdict; reason: string } {
  const offered = whyOf(notOffered, id);
  if (offered !== undefined) return { verdict: "not offered", reason: offered };
  const missing = whyOf(notYet, id);
  if (missing !== undefined) return { verdict: "not yet", reason: missing };
  return { verdict: "kept", reason: nameTests(tests.filter(({ ids }) => ids.includes(id))) };
}

function nameTests(proving: readonly StatementTest[]): string {
  const named = proving.slice(0, namedTests).map(({ file, name }) => `\`${file}\`: ${name}`);
  const more = proving.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join("; ");
}

function whyOf(list: readonly NotKept[], id: string): string | undefined {
  return list.find((entry) => idsOf([entry]).includes(id))?.why;
}

function idsOf(list: readonly NotKept[]): string[] {
  return list.flatMap(({ numbers }) => numbers.map((number) => `MQTT-${number}`));
}

/** What a cell of a table may not have as it is. */
function cell(text: string): string {
  return text.replaceAll(/[|*_<]/g, "\\$&");
}
