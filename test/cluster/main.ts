import { once } from "node:events";
import path from "node:path";

import { findExecutable } from "../support/real-parts.ts";
import { buildImages } from "./image/image.ts";
import { removeNode, takeOver } from "./node/leftovers.ts";
import { whyNoNode } from "./node/machine.ts";
import { nodeParts } from "./node/programs.ts";
import type { NodeParts } from "./node/programs.ts";
import { startStage, writeEntrance } from "./node/stage.ts";

/*
 * npm run cluster                  a node with brokers and a relay, until it is told to end; see doc/development/cluster.md
 * npm run cluster -- rows          every row of doc/cluster.md, or those that are named, one line of JSON each
 *
 * Sets the machine up, and removes what is left in the end; everything in between runs in namespaces of its own.
 */

const [command = "hold", ...names] = process.argv.slice(2);
const program = { hold: "hold.ts", rows: "run-rows.ts" }[command];
if (program === undefined) throw new Error(`"${command}": is no command; there are hold and rows`);
const reason = whyNoNode();
if (reason !== undefined) throw new Error(`this machine runs no node of Kubernetes: ${reason}`);
const parts = Object.fromEntries(nodeParts.map((name) => [name, locate(name)])) as NodeParts;

const images = buildImages(parts);
await takeOver();
try {
  const input = JSON.stringify({ parts, images, names });
  const stage = startStage(process.execPath, [path.join(import.meta.dirname, program), input]);
  stage.stdout?.pipe(process.stdout);
  // Whoever started this and goes away closes it, which tells the stage to end.
  process.stdin.pipe(stage.stdin!);
  // The terminal's own signal reaches the stage as well.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stage.stdin?.end());
  await writeEntrance(stage);
  const [code] = (await once(stage, "exit")) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await removeNode();
}
process.exit();

function locate(name: (typeof nodeParts)[number]): string {
  if (name === "Kubernetes node") return "";
  const found = findExecutable(name);
  if (found === undefined) throw new Error(`${name}: not found; see doc/development/cluster.md for what a node takes`);
  return found;
}
