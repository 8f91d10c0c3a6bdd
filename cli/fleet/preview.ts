import { writeFileSync } from "node:fs";

import { ExitCode } from "../../runtime/run.ts";
import { renderMarkdown, reviewEvents } from "../review/index.ts";
import type { Review } from "../review/index.ts";
import type { Session } from "../session.ts";
import { operateOnAll } from "./operate.ts";
import type { Operated } from "./operate.ts";
import { countOutcomes, exitCodeOf, report } from "./report.ts";
import type { ReportOptions } from "./report.ts";
import { gatherEvents } from "./review.ts";
import { withFleet } from "./run.ts";
import type { FleetOptions, FleetTools, OpenFleet } from "./run.ts";
import { sitesOf } from "./sites.ts";
import { missingStacks, provideStacks } from "./stacks.ts";

/** What `fleet preview` is told. */
export interface PreviewOptions extends FleetOptions, ReportOptions {
  /** Gives sites without a stack an empty one, to preview what would be in it. */
  readonly createStacks: boolean;
  /** Path of a file for the review in Markdown. */
  readonly markdown?: string | undefined;
}

/**
 * Previews the sites, and reviews all previews as one change.
 * @returns the exit code: 1 when a site could not be previewed, or the review says that something can't be deployed
 */
export async function previewFleet(options: PreviewOptions, session: Session, tools: FleetTools): Promise<number> {
  return withFleet(options, session, tools, async (open) => {
    const previews = await previewAll(options, open);
    const review = reviewEvents(gatherEvents(previews));
    const results = previews.map(({ result }) => result);
    writeReview(options, review);
    report(session, options, {
      command: "preview",
      results,
      orphans: open.differences.orphans,
      summary: `previewed: ${countOutcomes(results)}; review: ${review.verdict}`,
      more: { review },
      lines: reviewLines(review),
    });
    return review.verdict === "blocked" ? ExitCode.failed : exitCodeOf(results);
  });
}

async function previewAll(
  { createStacks }: PreviewOptions,
  { fleet, operator, differences }: OpenFleet,
): Promise<Operated[]> {
  if (createStacks) await provideStacks(operator.engine, fleet, differences, true);
  const missing = createStacks ? [] : differences.missing;
  const problems = missingStacks(missing, differences.orphans);
  const without = missing.map((site, index): Operated => {
    const { problem = "", remedy = "" } = problems[index] ?? {};
    const result = { site, outcome: "no-stack" as const, reasons: [`${problem}; ${remedy}`] };
    operator.progress.ended(result);
    return { result, events: [] };
  });
  const sites = sitesOf(fleet);
  const operated = await operateOnAll(
    operator,
    "preview",
    sites.filter((site) => !missing.includes(site)),
  );
  const all = new Map([...without, ...operated].map((each) => [each.result.site, each]));
  return sites.flatMap((site) => all.get(site) ?? []);
}

/** Writes the review as a comment on a pull request, where one is wanted. */
export function writeReview({ markdown }: Pick<PreviewOptions, "markdown">, review: Review): void {
  if (markdown !== undefined) writeFileSync(markdown, renderMarkdown(review));
}

/** What a review says beyond its verdict. */
export function reviewLines({ reasons }: Review): string[] {
  return reasons.length === 0 ? [] : ["", "review:", ...reasons.map((reason) => `  ${reason}`)];
}
