import { printable } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import { say, sayJson } from "../session.ts";
import type { Session } from "../session.ts";
import { forEachBounded } from "./for-each.ts";
import { unknownBecause } from "./health.ts";
import type { SiteHealth } from "./health.ts";
import type { ReportOptions } from "./report.ts";
import { withFleet } from "./run.ts";
import type { FleetOptions, FleetTools, OpenFleet } from "./run.ts";
import { sitesOf } from "./sites.ts";
import type { Site } from "./sites.ts";
import { layOut } from "./table.ts";

/** How a site is. */
interface SiteStatus {
  readonly site: Site;
  readonly health: SiteHealth;
  readonly lastUpdate: string | undefined;
  readonly resourceCount: number | undefined;
  readonly isUpdating: boolean;
}

/**
 * Asks every site's relay how it is, and the backend when its stack was last deployed.
 * @returns the exit code: 1 when a relay is not `ok`
 */
export async function statusOfFleet(
  options: FleetOptions & ReportOptions,
  session: Session,
  tools: FleetTools,
): Promise<number> {
  return withFleet(options, session, tools, async (open) => {
    const statuses = await readStatuses(open, tools);
    const orphans = open.differences.orphans;
    if (options.json) sayJson(session, { version: 1, command: "status", sites: statuses.map(toJson), orphans });
    else say(session, ...render(statuses));
    return statuses.every(({ health }) => health.state === "ok") ? ExitCode.ok : ExitCode.failed;
  });
}

async function readStatuses({ fleet, operator, stacks }: OpenFleet, { health }: FleetTools): Promise<SiteStatus[]> {
  const { interruption, parallel, progress } = operator;
  const sites = sitesOf(fleet);
  const read = await forEachBounded(sites, parallel, interruption.stop, async (site) => {
    if (!stacks.has(site.name)) return unknownBecause("it has no stack yet");
    progress.started(site, "asking its relay");
    const said = await health(site, interruption.cancel);
    progress.paused(site);
    return said;
  });
  return sites.map((site, index) => ({
    site,
    health: read[index] ?? unknownBecause("it was not asked"),
    lastUpdate: stacks.get(site.name)?.lastUpdate,
    resourceCount: stacks.get(site.name)?.resourceCount,
    isUpdating: stacks.get(site.name)?.isUpdating ?? false,
  }));
}

function toJson({ site: { name, stack, ring }, ...status }: SiteStatus): object {
  return { site: name, stack, ring, ...status };
}

function render(statuses: readonly SiteStatus[]): string[] {
  const table = layOut([
    ["SITE", "RING", "RELAY", "VERSION", "DEPLOYED", "RESOURCES"],
    ...statuses.map(({ site, health, lastUpdate, resourceCount, isUpdating }) => [
      site.name,
      site.ring,
      health.state,
      health.version ?? "",
      isUpdating ? "right now" : (lastUpdate ?? "never"),
      resourceCount === undefined ? "" : String(resourceCount),
    ]),
  ]);
  const reasons = statuses.flatMap(({ site, health }) =>
    health.reasons.length === 0
      ? []
      : ["", `${site.name}:`, ...health.reasons.map((reason) => `  ${printable(reason)}`)],
  );
  const counts = Map.groupBy(statuses, ({ health }) => health.state);
  const summary = [...counts].map(([state, { length }]) => `${length} ${state}`).join(", ");
  return [...table, ...reasons, "", `relays: ${summary}`];
}
