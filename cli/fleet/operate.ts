import { existsSync } from "node:fs";

import type { Engine, EngineEvent, Operation } from "./engine.ts";
import { forEachBounded } from "./for-each.ts";
import type { Interruption } from "./interruption.ts";
import { missingKubeconfig } from "./kubectl.ts";
import type { Progress } from "./progress.ts";
import { resultOf } from "./result.ts";
import type { SiteResult } from "./result.ts";
import type { Site } from "./sites.ts";

/** What an operation on sites is done with. */
export interface Operator {
  readonly engine: Engine;
  readonly progress: Pick<Progress, "started" | "event" | "paused" | "ended" | "say">;
  readonly interruption: Pick<Interruption, "stop" | "cancel">;
  /** Sites at a time. */
  readonly parallel: number;
}

/** What became of a site, with the engine's events for the review. */
export interface Operated {
  readonly result: SiteResult;
  readonly events: readonly EngineEvent[];
}

/** Runs one operation on one site; without its kubeconfig the engine isn't started. Never throws. */
export async function operateOn(
  { engine, progress, interruption }: Operator,
  operation: Operation,
  site: Site,
): Promise<Operated> {
  const { kubeconfig } = site;
  if (kubeconfig !== undefined && !existsSync(kubeconfig)) {
    return { result: { site, outcome: "failed", reasons: [missingKubeconfig(site)] }, events: [] };
  }
  progress.started(site, operation);
  const run = await engine.run(operation, site, {
    onEvent: (event) => progress.event(site, event),
    cancel: interruption.cancel,
  });
  progress.paused(site);
  return { result: resultOf(site, run), events: run.events };
}

/** Runs one operation on many sites: one that fails is no reason to leave the others out. */
export async function operateOnAll(
  operator: Operator,
  operation: Operation,
  sites: readonly Site[],
): Promise<Operated[]> {
  const done = await forEachBounded(sites, operator.parallel, operator.interruption.stop, async (site) => {
    const operated = await operateOn(operator, operation, site);
    operator.progress.ended(operated.result);
    return operated;
  });
  return sites.map((site, index) => done[index] ?? { result: notStarted(site), events: [] });
}

export function notStarted(site: Site): SiteResult {
  return { site, outcome: "not-started", reasons: [] };
}
