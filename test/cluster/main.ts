import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { findExecutable } from "../support/real-parts.ts";
import { buildImages } from "./image/image.ts";
import { removeNode, takeOver } from "./node/leftovers.ts";
import { whyNoNode } from "./node/machine.ts";
import { nodeParts, rowParts } from "./node/programs.ts";
import type { NodeParts } from "./node/programs.ts";
import { startStage, writeEntrances } from "./node/stage.ts";
import { renderPage } from "./page.ts";
import { rows } from "./rows/all.ts";
import type { RowResult } from "./rows/row.ts";

/*
 * npm run cluster                    a node with brokers and a relay, until Ctrl-C; see doc/development/cluster.md
 * npm run cluster -- hold bare       a node alone
 * npm run cluster -- rows [ROW…]     the rows of doc/cluster.md, or those that are named, a line of JSON each; with --page, the page
 *                                    is written
 *
 * Sets the machine up, and removes what is left in the end; everything in between runs in namespaces of its own.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { page: { type: "boolean", default: false } },
});
const [command = "hold", ...names] = positionals;
const program = { hold: "hold.ts", rows: "run-rows.ts" }[command];
if (program === undefined) throw new Error(`"${command}": is no command; there are hold and rows`);
const reason = whyNoNode();
if (reason !== undefined) throw new Error(`this machine runs no node of Kubernetes: ${reason}`);
const parts = Object.fromEntries([
  ...nodeParts.map((name) => [name, locate(name)]),
  ...rowParts.map((name) => [name, findExecutable(name) ?? ""]),
]) as NodeParts;

const isUpgraded = rows.some(({ name, site }) => site === "upgraded" && (names.length === 0 || names.includes(name)));
const images = buildImages(parts, { earlier: command === "rows" && isUpgraded });
await takeOver();
try {
  process.exitCode = await runStage(program);
} finally {
  await removeNode();
}
process.exit();

/** Runs a program in the namespaces of a node, until it ends or whoever started this goes away. */
async function runStage(file: string): Promise<number> {
  const stage = startStage(process.execPath, [
    path.join(import.meta.dirname, file),
    JSON.stringify({ parts, images, names }),
  ]);
  const lines: string[] = [];
  createInterface({ input: stage.stdout! }).on("line", (line) => {
    lines.push(line);
    process.stdout.write(`${line}\n`);
  });
  process.stdin.on("error", () => undefined).pipe(stage.stdin!.on("error", () => undefined));
  // The stage has a session of its own, which a terminal's Ctrl-C does not reach.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stage.stdin?.end());
  const ended = once(stage, "close") as Promise<[number | null]>;
  await writeEntrances(stage, parts.kubectl);
  const [code] = await ended;
  if (values.page && code === 0) writePage(lines.filter((line) => line.startsWith("{")));
  return code ?? 1;
}

function writePage(lines: readonly string[]): void {
  const printed = lines.map((line) => JSON.parse(line) as { readonly kind: string; readonly seconds: number });
  const secondsOf = (kind: string) => printed.find((line) => line.kind === kind)?.seconds ?? 0;
  const results = printed.filter(({ kind }) => kind === "row") as unknown as readonly RowResult[];
  const page = renderPage({ nodeSeconds: secondsOf("node"), seconds: secondsOf("end"), results });
  writeFileSync(path.join(import.meta.dirname, "../../doc/cluster.md"), page);
}

function locate(name: (typeof nodeParts)[number]): string {
  if (name === "Kubernetes node") return "";
  const found = findExecutable(name);
  if (found === undefined) throw new Error(`${name}: not found; see doc/development/cluster.md for what a node takes`);
  return found;
}
