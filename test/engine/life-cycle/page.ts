import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const file = path.join(import.meta.dirname, "../../../doc/life-cycle.md");

/** A table's cells, line by line. */
export type Table = readonly (readonly string[])[];

/** Writes a table of Markdown, aligned as prettier does. */
export function renderTable([head = [], ...lines]: Table): string {
  const all = [head, ...lines].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [first = [], ...others] = all;
  return [line(first), rule, ...others.map(line)].join("\n");
}

/**
 * Compares what a run has seen with the part of doc/life-cycle.md between `<!-- begin <name> -->` and `<!-- end <name> -->`. With
 * `UPDATE_DOCS=1` the part is written.
 */
export function expectOnPage(name: string, seen: string): void {
  const [begin, end] = [`<!-- begin ${name} -->\n`, `\n<!-- end ${name} -->`];
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)];
  if (from < begin.length || to < 0) throw new Error(`${file}: has no part "${name}"`);
  const part = `\n${seen}\n`;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, `${page.slice(0, from)}${part}${page.slice(to)}`);
  expect(readFileSync(file, "utf8")).toContain(`${begin}${part}${end}`);
}
