import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A test, or a row of a table of tests, that proves statements by its own name. */
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
  return text.split("\n").flatMap((line) =>
    [...line.matchAll(/"([^"]*\[MQTT-[^"]*)"/g)].map(([, name = ""]) => ({
      file,
      name: name.replaceAll(/ ?\[MQTT-[\d.-]+\] ?/g, "").trim(),
      ids: [...name.matchAll(/\[(MQTT-[\d.]+-\d+)\]/g)].map(([, id = ""]) => id),
    })),
  );
}
