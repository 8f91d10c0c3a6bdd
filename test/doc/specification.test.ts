import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { listConfigFields } from "../../runtime/contract/config/reference.ts";

const root = path.join(import.meta.dirname, "../..");
/** Without the tables beside Azure Verified Modules, which `avm-namespace.test.ts` reads. */
const [page = ""] = readFileSync(path.join(root, "doc/specification.md"), "utf8").split("\n## Event Grid namespace, ");

/** Cells of every row of every table, without the headers. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| specification ") && !line.startsWith("| ---"))
  .map((line) => line.slice(2, -2).split(" | "));

const shortForms = { ep: "endpoints.<name>", ms: "endpoints.<name>.mqttSettings", df: "dataflows.<name>" } as const;

describe("doc/specification.md", () => {
  it("has a row for each of the specification's table rows and sentences, five filled cells each", () => {
    const bad = rows.filter((cells) => cells.length !== 5 || cells.some((cell) => cell.trim() === ""));

    expect(bad).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(70);
  });

  it("names only fields that the reference of the configuration has", () => {
    const known = listConfigFields().map((field) => field.path);
    const fields = rows
      .flatMap(([, , field = ""]) =>
        [...field.matchAll(/`((?:ms|ep|df|profile)\.[A-Za-z.]+)`/g)].map(([, name = ""]) => name),
      )
      .map((name) => name.replace(/^(ms|ep|df)(?=\.)/, (short) => shortForms[short as keyof typeof shortForms]));

    const unknown = [...new Set(fields)].filter(
      (field) => !known.some((path) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`)),
    );

    expect(unknown).toEqual([]);
  });

  it("names a test that exists for every row", () => {
    const files = rows.map(([, , , , test = ""]) =>
      [...test.matchAll(/test\/[\w./-]+\.test\.ts/g)].map(([file]) => file),
    );
    const missing = [...new Set(files.flat())].filter((file) => !existsSync(path.join(root, file)));

    expect(files.filter((named) => named.length === 0)).toEqual([]);
    expect(missing).toEqual([]);
  });
});
