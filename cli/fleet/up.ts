import { existsSync } from "node:fs";

import { ConfigError } from "../../runtime/contract/errors.ts";
import { ExitCode } from "../../runtime/run.ts";
import { reviewEvents } from "../review/index.ts";
import type { Session } from "../session.ts";
import { digestFleet } from "./digest.ts";
import type { Patience } from "./health.ts";
import { missingKubeconfig } from "./kubectl.ts";
import { reviewLines, writeReview } from "./preview.ts";
import type { PreviewOptions } from "./preview.ts";
import { readRecord, startRecord } from "./record.ts";
import type { RolloutRecord } from "./record.ts";
import { countOutcomes, exitCodeOf, report } from "./report.ts";
import { gatherEvents } from "./review.ts";
import { rollOut } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import { withFleet } from "./run.ts";
import type { FleetTools, OpenFleet } from "./run.ts";
import { sitesOf } from "./sites.ts";
import type { Fleet } from "./sites.ts";
import { provideStacks } from "./stacks.ts";

/** What `fleet up` is told. */
export interface UpOptions extends PreviewOptions, Omit<Patience, "intervalMs"> {
  /** Goes on with the last run: what it has deployed of the same program and settings isn't deployed again. */
  readonly resume: boolean;
}

/** Time between two questions to a relay that isn't well yet, in milliseconds. */
const intervalMs = 5000;

/**
 * Deploys the sites ring by ring, as long as each relay says that it is well.
 * @returns the exit code: 1 when it stopped before its end
 * @throws {ConfigError} when a site has no stack or no kubeconfig: nothing is deployed then
 */
export async function upFleet(options: UpOptions, session: Session, tools: FleetTools): Promise<number> {
  return withFleet(options, session, tools, async (open) => {
    const { fleet, operator, differences } = open;
    checkKubeconfigs(fleet);
    await provideStacks(operator.engine, fleet, differences, options.createStacks);
    const rollout = await runRecorded(options, open, tools);
    const { results, stopped } = rollout;
    const review = reviewEvents(reviewed(rollout));
    writeReview(options, review);
    report(session, options, {
      command: "up",
      results,
      orphans: differences.orphans,
      summary: `deployed: ${countOutcomes(results)}${stopped === undefined ? "" : `; stopped: ${stopped}`}`,
      more: { stopped, review },
      lines: [...reviewLines(review), ...(stopped === undefined ? gitOpsLines(fleet) : howToGoOn(rollout))],
    });
    return stopped === undefined ? exitCodeOf(results) : ExitCode.failed;
  });
}

async function runRecorded(options: UpOptions, { fleet, operator }: OpenFleet, tools: FleetTools): Promise<Rollout> {
  const digest = digestFleet(fleet);
  const before = readRecord(fleet);
  const resumed = options.resume ? resumable(before, digest, operator.progress) : undefined;
  const names = sitesOf(fleet).map(({ name }) => name);
  const record = startRecord(fleet, names, digest ?? "", resumed);
  try {
    const patience = { ...options, intervalMs };
    return await rollOut(fleet, { ...operator, health: tools.health, patience, record });
  } finally {
    record.close();
  }
}

/** The record of the last run where it may be resumed; else one line says why all sites are deployed. */
function resumable(
  before: RolloutRecord | undefined,
  digest: string | undefined,
  { say }: { readonly say: (text: string) => void },
): RolloutRecord | undefined {
  if (before === undefined) say("--resume: there is no record of a run, so all sites are deployed");
  else if (digest === undefined || before.digest !== digest) {
    say(`--resume: sites or program have changed since the run of ${before.startedAt}, so all sites are deployed`);
  } else return before;
  return undefined;
}

function checkKubeconfigs(fleet: Fleet): void {
  const problems = sitesOf(fleet).flatMap((site) => {
    const { name, kubeconfig } = site;
    if (kubeconfig === undefined || existsSync(kubeconfig)) return [];
    const [problem = "", remedy = ""] = missingKubeconfig(site).split("; ");
    return [{ path: `sites.${name}.kubernetes.kubeconfig`, problem: `says ${problem}`, remedy }];
  });
  if (problems.length > 0) throw new ConfigError(fleet.file, problems);
}

function reviewed({ results, previews }: Rollout): ReturnType<typeof gatherEvents> {
  return gatherEvents(
    results.flatMap((result) => {
      const events = previews.get(result.site);
      return events === undefined ? [] : [{ result: { ...result, outcome: "done" as const }, events }];
    }),
  );
}

function howToGoOn({ results }: Rollout): string[] {
  const locked = results.filter(({ outcome }) => outcome === "locked");
  return [
    "",
    "What was deployed stays; the sites behind are as they were. To go on:",
    "  1. mend what is said above, or put the declaration back",
    ...locked.map(({ site }) => `  2. when nobody deploys it any more: pulumi cancel --stack ${site.stack}`),
    `  ${locked.length > 0 ? 3 : 2}. mqtt-dataflow fleet up --yes --resume`,
  ];
}

function gitOpsLines(fleet: Fleet): string[] {
  const written = sitesOf(fleet).filter(({ manifests }) => manifests !== undefined);
  if (written.length === 0) return [];
  const names = written.map(({ name }) => name).join(", ");
  return [
    "",
    `manifests were written for ${names}: commit and push them; their relays were not asked, and fleet status asks them`,
  ];
}
