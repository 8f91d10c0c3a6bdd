import { globSync, readFileSync } from "node:fs";

import { endMqttClients } from "../support/mqtt-clients.ts";
import { recordOutput } from "../support/secrets/run-record.ts";
import { startNode } from "./node/node.ts";
import type { Images } from "./image/image.ts";
import { inState } from "./node/places.ts";
import type { NodeParts } from "./node/programs.ts";
import { runRows } from "./rows/run.ts";
import { openCluster } from "./site/site.ts";

/* Runs the rows in the namespaces that it was started in, and prints what came of each. */

interface Input {
  readonly parts: NodeParts;
  readonly images: Images;
  readonly names: readonly string[];
}

const { parts, images, names } = JSON.parse(process.argv[2] ?? "") as Input;
const startMs = performance.now();
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const node = await startNode(parts, images);
print({ kind: "node", seconds: secondsSince(startMs) });
// Whoever started this is gone.
process.stdin.resume().once("end", () => process.exit(1));
const cluster = await openCluster(node, parts);
await runRows(cluster, names, print);
await endMqttClients();
recordPodLogs();
await node.stop();
print({ kind: "end", seconds: secondsSince(startMs) });
process.exit(0);

/** What relays have logged is searched for secrets, as all that the tests' programs put out. */
function recordPodLogs(): void {
  for (const file of globSync(inState("pod-logs", "*/*/*.log"))) recordOutput("relay-log")(readFileSync(file));
}

function secondsSince(ms: number): number {
  return Math.round((performance.now() - ms) / 100) / 10;
}
