import { ExitCode } from "../../runtime/run.ts";
import type { Session } from "../session.ts";
import { operateOnAll } from "./operate.ts";
import { countOutcomes, exitCodeOf, report } from "./report.ts";
import type { ReportOptions } from "./report.ts";
import { hasChanges } from "./result.ts";
import { withFleet } from "./run.ts";
import type { FleetOptions, FleetTools } from "./run.ts";
import { sitesOf } from "./sites.ts";
import { driftedResources } from "./drifted.ts";

/**
 * Compares what the stacks have deployed with what is there; changes nothing. Sites without a stack have nothing to compare.
 * @returns the exit code: 1 when something differs, or a site could not be compared
 */
export async function driftFleet(
  options: FleetOptions & ReportOptions,
  session: Session,
  tools: FleetTools,
): Promise<number> {
  return withFleet(options, session, tools, async ({ fleet, operator, differences }) => {
    const sites = sitesOf(fleet).filter((site) => !differences.missing.includes(site));
    const operated = await operateOnAll(operator, "drift", sites);
    const results = operated.map(({ result }) => result);
    const drifted = operated
      .filter(({ result }) => hasChanges(result.changes))
      .map(({ result, events }) => ({ site: result.site.name, resources: driftedResources(events) }));
    const count = drifted.length === 1 ? "1 site has" : `${drifted.length} sites have`;
    report(session, options, {
      command: "drift",
      results,
      orphans: differences.orphans,
      summary: `compared: ${countOutcomes(results)}; ${drifted.length === 0 ? "no site has" : count} drifted`,
      more: { drifted },
      lines: drifted.flatMap(({ site, resources }) => [
        "",
        `${site} differs from what was deployed:`,
        ...resources.map(({ operation, type, name, paths }) => {
          const where = paths.length === 0 ? "" : ` (${paths.join(", ")})`;
          return `  ${operation} ${type} ${name}${where}`;
        }),
      ]),
    });
    return drifted.length > 0 ? ExitCode.failed : exitCodeOf(results);
  });
}
