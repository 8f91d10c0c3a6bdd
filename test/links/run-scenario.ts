import path from "node:path";

import { startProcess } from "../support/started-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { inNamespaces } from "./namespaces.ts";
import type { Outcome } from "./scenarios.ts";

const main = path.join(import.meta.dirname, "main.ts");
const resultMark = "result ";
const shownLines = 20;

/** Runs a scenario in a process of its own. @param program what `compileLink` made */
export async function runScenario(name: string, program: string): Promise<Outcome> {
  const folder = createTemporaryFolder(`link-${name}`);
  const started = startProcess(...inNamespaces(process.execPath, [main, name, program, folder]));
  await started.ended;
  const result = started.lines.find((line) => line.startsWith(resultMark));
  if (result === undefined) throw new Error(`${name}: ended early:\n${started.lines.slice(-shownLines).join("\n")}`);
  return JSON.parse(result.slice(resultMark.length)) as Outcome;
}
