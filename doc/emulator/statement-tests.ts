import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A test, or a row of a table of tests, whose name has the statements that it proves. */
export interface StatementTest {
  /** Path from the root of the repository, with slashes. */
  readonly file: string;
  /** Without the statements. */
  readonly name: string;
  /** Such as "MQTT-3.1.0-1". */
  readonly ids: readonly string[];
}

const root = path.join(import.meta.dirname, "../..");

/** The emulator's own tests, then those of the oracle with which `test/emulator/fuzz.test.ts` compares the emulator's reader. */
const testFiles = [/^test\/emulator\/.*\.test\.ts$/, /^test\/fuzz\/client-(connect|oracle)\.test\.ts$/];

/** Reads the statements out of the names of tests, in the files' texts: a name is a string with the number in brackets. */
export function readStatementTests(): StatementTest[] {
  const files = readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll(path.sep, "/")}`)
    .sort();
  return testFiles.flatMap((pattern) => files.filter((file) => pattern.test(file)).flatMap(testsOf));
}

function testsOf(file: string): StatementTest[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(/^( *)(\[\n? *)?.*?"([^"\n]*\[MQTT-[^"\n]*)"/gm)].map((match) => {
    const [all, indent = "", row, name = ""] = match;
    const ids = [...name.matchAll(/\[(MQTT-[\d.]+-\d+)\]/g)].map(([, id = ""]) => id);
    const own = withoutStatements(name);
    const end = match.index + all.length;
    const title = row === undefined ? `${describedBy(text, match.index, indent)}${own}` : titleOf(text, end, own);
    return { file, name: title, ids };
  });
}

/** The table's title, with the row in the place of `%s`. */
function titleOf(text: string, rowEnd: number, row: string): string {
  const [, title = "%s"] = /^ *\](?: as const)?\)\(\s*"([^"\n]*)"/m.exec(text.slice(rowEnd)) ?? [];
  return withoutStatements(title).replace("%s", () => row);
}

/** The name of the block around a test that is indented, with a space behind it. */
function describedBy(text: string, testStart: number, indent: string): string {
  if (indent === "") return "";
  const name = [...text.slice(0, testStart).matchAll(/^describe\("([^"\n]*)"/gm)].at(-1)?.[1];
  return name === undefined ? "" : `${name} `;
}

function withoutStatements(name: string): string {
  return name.replaceAll(/ *\[MQTT-[\d.-]+\] */g, "").trim();
}
