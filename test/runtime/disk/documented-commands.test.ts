import { readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { spoolFile } from "../../../runtime/disk/protocol.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { Client, SpoolBench } from "./spool-bench.ts";

/*
 * What doc/operations.md tells an operator to do with `sqlite3` at a spool that no relay has open. Node.js' SQLite takes no text in
 * double quotes, nor does the command from 3.41 on.
 */

const page = readFileSync(path.join(import.meta.dirname, "../../../doc/operations.md"), "utf8");

/** The statements that the page hands to `sqlite3`, without the quoting of the shell. */
function statementsWith(word: string): string {
  const line = page.split("\n").find((text) => text.includes("sqlite3 ") && text.includes(word)) ?? "";
  return (/sqlite3 \S+ (?<mark>['"])(?<text>.*)\k<mark>$/.exec(line)?.groups?.["text"] ?? "").replaceAll('\\"', '"');
}

let bench: SpoolBench;

beforeEach(async () => {
  bench = new SpoolBench(path.join(createTemporaryFolder("spool"), "spool"));
  const spool = await bench.open(["kept", "gone"]);
  for (const name of ["kept", "gone"]) {
    const client = new Client(spool, name);
    client.append(3);
    await client.untilCommitted(3);
  }
  await bench.close(spool);
});

afterEach(async () => {
  await bench.closeAll();
  removeTemporaryFolders();
});

test("the query of the page has the number of messages of each dataflow", () => {
  const database = new DatabaseSync(path.join(bench.folder, spoolFile));
  const rows = database.prepare(statementsWith("SELECT")).all();
  database.close();

  expect(rows.map(({ name, messages }) => [name, messages]).sort()).toEqual([
    ["gone", 3],
    ["kept", 3],
  ]);
  expect(rows[0]?.["bytes"]).toBeGreaterThan(0);
});

test("the statements of the page give up the messages of one dataflow, and the relay takes nothing for damaged or lost", async () => {
  const database = new DatabaseSync(path.join(bench.folder, spoolFile));
  database.exec(statementsWith("DROP TABLE").replaceAll("<dataflow>", "gone"));
  database.close();

  const spool = await bench.open(["kept", "gone"]);
  const [kept, gone] = [new Client(spool, "kept"), new Client(spool, "gone")];

  expect(await kept.readSequences()).toEqual([1, 2, 3]);
  expect(await gone.readSequences()).toEqual([]);
  expect([...kept.losses, ...gone.losses, ...bench.filesAside]).toEqual([]);
});
