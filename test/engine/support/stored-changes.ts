import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { readableDiff } from "./diff-text.ts";

/**
 * Compares what the engine shows of a change with the file that a reviewer has read, `test/engine/changes/<change>.txt`.
 * With `UPDATE_CHANGES=true` the file is written.
 */
export function expectStored(change: string, output: string): void {
  const file = path.join(import.meta.dirname, "../changes", `${change}.txt`);
  const shown = readableDiff(output);
  if (process.env["UPDATE_CHANGES"] === "true") writeFileSync(file, shown);
  expect(shown).toBe(readFileSync(file, "utf8"));
}
