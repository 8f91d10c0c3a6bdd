import type { EngineEvent, StackRun } from "./engine.ts";
import type { SiteHealth } from "./health.ts";
import type { Site } from "./sites.ts";

/**
 * What became of one site.
 * - `no-stack`: it has none, and none was to be created
 * - `not-started`: the run ended before it
 * - `unhealthy`: it was deployed, and its relay does not say that it is well
 * - `done-before`: an earlier run that this one resumes has deployed it
 */
export type Outcome = StackRun["outcome"] | "no-stack" | "not-started" | "unhealthy" | "done-before";

/** Resources by what the engine does, or would do, to them. */
export interface Changes {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
}

export interface SiteResult {
  readonly site: Site;
  readonly outcome: Outcome;
  /** Why it did not end well, in lines. */
  readonly reasons: readonly string[];
  /** `undefined`: not known, since the engine did not come to its summary. */
  readonly changes?: Changes | undefined;
  readonly seconds?: number | undefined;
  readonly health?: SiteHealth | undefined;
}

/** Whether a site needs somebody to look at it. */
export function isGood({ outcome }: Pick<SiteResult, "outcome">): boolean {
  return outcome === "done" || outcome === "done-before";
}

export function resultOf(site: Site, { outcome, reasons, events, seconds }: StackRun): SiteResult {
  return { site, outcome, reasons, changes: countChanges(events), seconds };
}

/** Counts as the engine's own summary does; of a refresh, what differs is an update. */
export function countChanges(events: readonly EngineEvent[]): Changes | undefined {
  const summary = events.findLast(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
  if (summary === undefined) return undefined;
  const { create = 0, update = 0, replace = 0, delete: deleted = 0 } = summary.resourceChanges;
  return { create, update, replace, delete: deleted };
}

export function hasChanges(changes: Changes | undefined): boolean {
  return changes !== undefined && Object.values(changes).some((count: number) => count > 0);
}

/** Says changes in a few words: `+3 ~1`, or "none". */
export function describeChanges(changes: Changes | undefined): string {
  if (changes === undefined) return "";
  const signs = [
    ["+", changes.create],
    ["~", changes.update],
    ["+-", changes.replace],
    ["-", changes.delete],
  ] as const;
  const shown = signs.filter(([, count]) => count > 0).map(([sign, count]) => `${sign}${count}`);
  return shown.length === 0 ? "none" : shown.join(" ");
}
