import { printable } from "../../runtime/contract/printable.ts";
import { widthOf } from "../demo/terminal-text.ts";
import { describeChanges } from "./result.ts";
import type { Outcome, SiteResult } from "./result.ts";

const outcomes: Readonly<Record<Outcome, string>> = {
  done: "ok",
  failed: "FAILED",
  locked: "LOCKED",
  cancelled: "CANCELLED",
  "no-stack": "NO STACK",
  "not-started": "not started",
  unhealthy: "UNHEALTHY",
  "done-before": "ok, before",
};

/** Lays rows out in columns as wide as their widest cell; the last one as it is. */
export function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((most, row) => {
    row.forEach((cell, column) => (most[column] = Math.max(most[column] ?? 0, widthOf(cell))));
    return most;
  }, []);
  return rows.map((row) =>
    row
      .map((cell, column) => `${cell}${" ".repeat((widths[column] ?? 0) - widthOf(cell))}`)
      .join("  ")
      .trimEnd(),
  );
}

/** One line a site, and below those that did not end well why. */
export function renderResults(results: readonly SiteResult[]): string[] {
  const shows = {
    changes: results.some(({ changes }) => changes !== undefined),
    health: results.some(({ health }) => health !== undefined),
  };
  const heading = ["SITE", "RING", "RESULT", ...(shows.changes ? ["CHANGES"] : []), ...(shows.health ? ["RELAY"] : [])];
  const table = layOut([
    [...heading, "TIME"],
    ...results.map(({ site, outcome, changes, health, seconds }) => [
      site.name,
      site.ring,
      outcomes[outcome],
      ...(shows.changes ? [describeChanges(changes)] : []),
      ...(shows.health ? [health?.state ?? ""] : []),
      seconds === undefined ? "" : describeSeconds(seconds),
    ]),
  ]);
  const reasons = results.flatMap((result) => {
    const said = [...result.reasons, ...(result.health?.reasons ?? [])];
    return said.length === 0 ? [] : ["", `${result.site.name}:`, ...said.map((reason) => `  ${printable(reason)}`)];
  });
  return [...table, ...reasons];
}

export function describeSeconds(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
