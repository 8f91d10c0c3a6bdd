import path from "node:path";

import { describeWithParts, findExecutable } from "../support/real-parts.ts";
import { startProcess, stopProcesses } from "../support/started-process.ts";
import { whyNoNode } from "./node/machine.ts";
import { nodeParts } from "./node/programs.ts";
import { rows } from "./rows/all.ts";
import type { RowResult } from "./rows/row.ts";

/*
 * The rows run one after the other on one node, in a process of its own and in namespaces of its own. ROWS="ready drained" runs
 * some of them.
 */

/** Milliseconds of an idle machine for all rows, of which ten minutes are the life of a token. */
const allRowsMs = 25 * 60 * 1000;

function findPart(name: string): string | undefined {
  if (name !== "Kubernetes node") return findExecutable(name);
  const reason = whyNoNode();
  if (reason !== undefined) process.stderr.write(`Kubernetes node: ${reason}\n`);
  return reason === undefined ? "here" : undefined;
}

describeWithParts(
  nodeParts,
  () => {
    const wanted = (process.env["ROWS"] ?? "").split(/[ ,]+/).filter(Boolean);
    const wantedRows = rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    let results: ReadonlyMap<string, RowResult>;

    beforeAll(async () => {
      const node = path.join(import.meta.dirname, "../../node_modules/.bin/node");
      const run = startProcess(node, [path.join(import.meta.dirname, "main.ts"), "rows", ...wanted], {
        keepsInput: true,
      });
      const { code } = await run.ended;
      const printed = run.lines
        .filter((line) => line.startsWith('{"kind":"row"'))
        .map((line) => JSON.parse(line) as RowResult);
      if (code !== 0) throw new Error(`the run ended with ${String(code)}:\n${run.errorLines.slice(-20).join("\n")}`);
      results = new Map(printed.map((result) => [result.name, result]));
    }, allRowsMs);

    afterAll(stopProcesses);

    test.each(wantedRows)("$title", ({ name }) => {
      expect(results.get(name)?.failures).toEqual([]);
    });
  },
  findPart,
);
