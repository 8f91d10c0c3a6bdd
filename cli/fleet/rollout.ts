import type { EngineEvent } from "./engine.ts";
import { forEachBounded } from "./for-each.ts";
import { awaitHealthy, isHealthy } from "./health.ts";
import type { HealthReader, Patience } from "./health.ts";
import { notStarted, operateOn } from "./operate.ts";
import type { Operated, Operator } from "./operate.ts";
import type { RunningRecord } from "./record.ts";
import { isGood } from "./result.ts";
import type { SiteResult } from "./result.ts";
import { sitesOf } from "./sites.ts";
import type { Fleet, Ring, Site } from "./sites.ts";

/** What a rollout is done with beside the engine. */
export interface RolloutTools extends Operator {
  readonly health: HealthReader;
  readonly patience: Patience;
  readonly record: Pick<RunningRecord, "doneBefore" | "mark">;
}

/** How a rollout ended. */
export interface Rollout {
  /** All sites of the fleet, in the order of the rollout. */
  readonly results: readonly SiteResult[];
  /** The previews by site, for one review of all that was rolled out. */
  readonly previews: ReadonlyMap<Site, readonly EngineEvent[]>;
  /** Why it stopped before its end; `undefined`: it did not. */
  readonly stopped: string | undefined;
}

/**
 * Deploys ring after ring. A ring is previewed whole before its first site changes, so that what can't be deployed is found while
 * nothing has changed. Each site's relay has to be well before its place is taken by the next one: the first that isn't ends the
 * rollout, once what runs is finished.
 */
export async function rollOut(fleet: Fleet, tools: RolloutTools): Promise<Rollout> {
  const results = new Map<Site, SiteResult>();
  const previews = new Map<Site, readonly EngineEvent[]>();
  let stopped: string | undefined;
  for (const ring of fleet.rings) {
    stopped = tools.interruption.stop.aborted ? "was asked to end" : await rollOutRing(ring, tools, results, previews);
    if (stopped !== undefined) break;
  }
  return {
    results: sitesOf(fleet).map((site) => results.get(site) ?? notStarted(site)),
    previews,
    stopped,
  };
}

async function rollOutRing(
  ring: Ring,
  tools: RolloutTools,
  results: Map<Site, SiteResult>,
  previews: Map<Site, readonly EngineEvent[]>,
): Promise<string | undefined> {
  const { interruption, parallel, progress, record } = tools;
  const left = ring.sites.filter(({ name }) => !record.doneBefore.has(name));
  progress.say(`ring ${ring.name}: ${ring.sites.length} sites${describeRest(ring, left)}`);
  const seen = await forEachBounded(left, parallel, interruption.stop, (site) => operateOn(tools, "preview", site));
  for (const operated of seen) if (operated !== undefined) previews.set(operated.result.site, operated.events);
  const refused = seen.flatMap((operated) => (operated === undefined || isGood(operated.result) ? [] : [operated]));
  for (const { result } of refused) end(tools, results, result);
  if (refused.length > 0) return `${namesOf(refused)} can't be deployed, so nothing of ring ${ring.name} was`;

  const halt = new AbortController();
  const stop = AbortSignal.any([interruption.stop, halt.signal]);
  await forEachBounded(ring.sites, parallel, stop, async (site) => {
    const result = await deploy(site, tools);
    end(tools, results, result);
    if (!isGood(result)) halt.abort();
  });
  const bad = [...results.values()].filter((result) => !isGood(result) && ring.sites.includes(result.site));
  if (bad.length > 0) return bad.map(({ site, outcome }) => `${site.name} is ${outcome}`).join(", ");
  return interruption.stop.aborted ? "was asked to end" : undefined;
}

function describeRest({ sites }: Ring, left: readonly Site[]): string {
  return left.length === sites.length ? "" : `, ${sites.length - left.length} of them done before`;
}

function namesOf(operated: readonly Operated[]): string {
  return operated.map(({ result }) => result.site.name).join(", ");
}

/** Deploys a site unless it is done, and asks its relay; one that was done before is asked too. */
async function deploy(site: Site, tools: RolloutTools): Promise<SiteResult> {
  const { health, interruption, patience, progress, record } = tools;
  let result: SiteResult = { site, outcome: "done-before", reasons: [] };
  if (!record.doneBefore.has(site.name)) {
    record.mark(site.name, "running");
    ({ result } = await operateOn(tools, "up", site));
    if (!isGood(result)) return result;
  }
  // Its cluster takes the manifests later, from the repository: what its relay says now is of the release before.
  if (site.manifests !== undefined) return result;
  progress.started(site, "waiting for its relay");
  const said = await awaitHealthy(site, health, patience, interruption.stop);
  // Asked to end, the run has not waited for it; a run that resumes this one asks again.
  const isJudged = isHealthy(said, patience) || interruption.stop.aborted;
  return { ...result, health: said, ...(isJudged ? {} : { outcome: "unhealthy" as const }) };
}

function end({ progress, record }: RolloutTools, results: Map<Site, SiteResult>, result: SiteResult): void {
  results.set(result.site, result);
  const { outcome } = result;
  switch (outcome) {
    case "done":
    case "done-before":
      record.mark(result.site.name, "done");
      break;
    case "failed":
    case "locked":
    case "cancelled":
    case "unhealthy":
      record.mark(result.site.name, outcome);
      break;
    case "no-stack":
    case "not-started":
      break;
  }
  progress.ended(result);
}
