import { readFileSync } from "node:fs";
import path from "node:path";

import { renderStatusApi } from "../../doc/status-api/page.ts";

const page = renderStatusApi();

test("doc/status-api.md is what the schema says", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/status-api.md"), "utf8");

  if (stored !== page) throw new Error("doc/status-api.md: differs from the schema; run `npm run docs`");
});

test("every field says what it means, but for those that only group others", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const silent = rows.filter((row) => row.endsWith("|  |") && !/ (list of )?object /.test(row));

  expect(rows.length).toBeGreaterThan(90);
  expect(silent).toEqual([]);
});
