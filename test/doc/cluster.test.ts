import { readFileSync } from "node:fs";
import path from "node:path";

import { rows } from "../cluster/rows/all.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../doc/cluster.md"), "utf8");
const lines = page.split("\n");

test.each(rows)("doc/cluster.md has a run of: $title", ({ title, promise }) => {
  const cells = lines
    .find((line) => line.startsWith(`| ${title} `))
    ?.split("|")
    .map((cell) => cell.trim());

  expect(Number(cells?.[2])).toBeGreaterThan(0);
  expect(cells?.[4]).toBe("0");
  expect(cells?.[5]).toContain(`(${promise.duplicates})`);
  expect(cells?.[6]).toContain(`(${promise.gapSeconds} s)`);
});
