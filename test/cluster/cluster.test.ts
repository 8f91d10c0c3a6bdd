import { existsSync } from "node:fs";
import path from "node:path";

import { describeWithParts, findExecutable } from "../support/real-parts.ts";
import { startProcess, stopProcesses } from "../support/started-process.ts";
import { podProcesses } from "./node/leftovers.ts";
import { cgroupHierarchies, readSysctls, whyNoNode } from "./node/machine.ts";
import { cgroupName, stateFolder } from "./node/places.ts";
import { nodeParts } from "./node/programs.ts";
import { rows } from "./rows/all.ts";
import type { Row, RowResult } from "./rows/row.ts";

/*
 * The rows run one after the other on one node, in a process of its own and in namespaces of its own. ROWS="ready drained" runs
 * some of them.
 */

/** Milliseconds of an idle machine for all rows, of which ten minutes are the life of a token. */
const allRowsMs = 25 * 60 * 1000;
/** The same for a node alone; images are built before it where there are none. */
const nodeMs = 5 * 60 * 1000;

function findPart(name: string): string | undefined {
  if (name !== "Kubernetes node") return findExecutable(name);
  const reason = whyNoNode();
  if (reason !== undefined) process.stderr.write(`Kubernetes node: ${reason}\n`);
  return reason === undefined ? "here" : undefined;
}

/** What a node may leave outside of its namespaces. */
function readTraces() {
  return {
    folder: existsSync(stateFolder),
    cgroups: cgroupHierarchies().filter((folder) => existsSync(path.join(folder, cgroupName))).length,
    processes: podProcesses().length,
    sysctls: readSysctls(),
  };
}

function start(...args: readonly string[]) {
  const node = path.join(import.meta.dirname, "../../node_modules/.bin/node");
  return startProcess(node, [path.join(import.meta.dirname, "main.ts"), ...args], { keepsInput: true });
}

describeWithParts(
  nodeParts,
  () => {
    const wanted = (process.env["ROWS"] ?? "").split(/[ ,]+/).filter(Boolean);
    const wantedRows = rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const before = readTraces();
    let afterKill: ReturnType<typeof readTraces>;
    let results: ReadonlyMap<string, RowResult>;

    beforeAll(async () => {
      const killed = start("hold", "bare");
      const isReady = () => killed.lines.find((line) => line.startsWith("The node is Ready"));
      await killed.until("the node", isReady, nodeMs);
      await killed.stop("SIGKILL");
      afterKill = readTraces();
      const run = start("rows", ...wanted);
      const { code } = await run.ended;
      if (code !== 0) throw new Error(`the run ended with ${String(code)}:\n${run.errorLines.slice(-20).join("\n")}`);
      const printed = run.lines.filter((line) => line.startsWith('{"kind":"row"'));
      results = new Map(printed.map((line) => JSON.parse(line) as RowResult).map((result) => [result.name, result]));
    }, nodeMs + allRowsMs);

    afterAll(stopProcesses);

    const expectRow = ({ name }: Row) => expect(results.get(name)?.failures).toEqual([]);

    test.each(wantedRows.filter(({ needs }) => needs === undefined))("$title", expectRow);

    for (const row of wantedRows) {
      if (row.needs === undefined) continue;
      describeWithParts(row.needs, () => {
        test(row.title, () => expectRow(row));
      });
    }

    test("a run that was killed has left no process, and the next one has removed everything else", () => {
      expect(afterKill).toMatchObject({ folder: true, processes: 0 });
      expect(readTraces()).toEqual({ folder: false, cgroups: 0, processes: 0, sysctls: before.sysctls });
    });
  },
  findPart,
);
