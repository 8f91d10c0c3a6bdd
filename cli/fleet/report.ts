import type { Session } from "../session.ts";
import { say, sayJson } from "../session.ts";
import { isGood } from "./result.ts";
import type { SiteResult } from "./result.ts";
import { renderResults } from "./table.ts";
import { ExitCode } from "../../runtime/run.ts";

/** How a command on a fleet prints its result. */
export interface ReportOptions {
  /** One JSON document instead of a table. */
  readonly json: boolean;
}

/** What a command found, for both forms of its output. */
export interface Report {
  readonly command: "preview" | "up" | "drift" | "status";
  readonly results: readonly SiteResult[];
  /** Stacks that belong to no site. */
  readonly orphans: readonly string[];
  /** One line that says it all. */
  readonly summary: string;
  /** Fields of the JSON document besides. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Lines below the table. */
  readonly lines?: readonly string[];
}

/** Prints a result: a table and what it means, or one JSON document. */
export function report(
  session: Session,
  { json }: ReportOptions,
  { command, results, orphans, ...rest }: Report,
): void {
  if (json) {
    sayJson(session, { version: 1, command, sites: results.map(toJson), orphans, ...rest.more });
    return;
  }
  say(session, ...renderResults(results), ...(rest.lines ?? []), "", rest.summary);
}

/** A site in JSON: its names, and what became of it. */
function toJson({ site, ...result }: SiteResult): object {
  const { name, stack, ring } = site;
  return { site: name, stack, ring, ...result };
}

/** Counts sites by how they ended: `38 ok, 1 failed, 1 not-started`. */
export function countOutcomes(results: readonly SiteResult[]): string {
  const counts = Map.groupBy(results, (result) => (isGood(result) ? "ok" : result.outcome));
  return [...counts].map(([outcome, { length }]) => `${length} ${outcome}`).join(", ");
}

/** One exit code for all sites. */
export function exitCodeOf(results: readonly SiteResult[]): number {
  return results.every(isGood) ? ExitCode.ok : ExitCode.failed;
}
