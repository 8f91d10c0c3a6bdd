import type { Problem } from "../../runtime/contract/errors.ts";
import { ExitCode } from "../../runtime/run.ts";
import { readTarget, type CiTarget, type ServiceName } from "./ci-target.ts";
import { gitHubIssues } from "./github-issues.ts";
import { withPatience } from "./patience.ts";
import { readDrift, type Drift } from "./read-review.ts";
import {
  checkKeyOption,
  footerOf,
  isTarget,
  patienceOf,
  readText,
  refuse,
  reportFailure,
  type Surroundings,
} from "./run-comment.ts";
import { syncIssue } from "./sync-issue.ts";
import { azureWorkItems } from "./work-items.ts";

/** What `mqtt-dataflow drift-issue` is given. */
export interface DriftIssueOptions {
  /** Markdown of the review, the issue's text. */
  readonly file: string;
  /** JSON of the same review. */
  readonly review: string;
  readonly on?: ServiceName | undefined;
  /** Which of several issues of the command it is. @default "drift" */
  readonly key?: string | undefined;
  /** Type of work item at Azure DevOps. @default "Issue" */
  readonly workItemType?: string | undefined;
}

/**
 * Opens, edits or closes the one issue about drift.
 * @returns the exit code: 0; 1 when the service refuses, or a stack could not be compared; 2 when something to start with
 *   is missing
 */
export async function runDriftIssue(options: DriftIssueOptions, around: Surroundings): Promise<number> {
  const target = readTarget(around.environment, options.on);
  const markdown = await readText(options.file);
  const drift = await readDrift(options.review);
  const problems = [
    ...(isTarget(target) ? [] : target),
    ...(typeof markdown === "string" ? [] : [markdown]),
    ...(isProblem(drift) ? [drift] : []),
    ...checkKeyOption(options.key),
  ];
  if (problems.length > 0 || !isTarget(target) || typeof markdown !== "string" || isProblem(drift)) {
    return refuse(problems, around);
  }
  const code = await sync(target, drift, markdown, options, around);
  for (const stack of drift.unknown) {
    around.printError(`${stack}: could not be compared with what was deployed; read its errors in ${options.file}`);
  }
  return drift.unknown.length > 0 ? ExitCode.failed : code;
}

async function sync(
  target: CiTarget,
  drift: Drift,
  markdown: string,
  options: DriftIssueOptions,
  around: Surroundings,
): Promise<number> {
  const isCertain = drift.unknown.length === 0;
  if (drift.drifted.length === 0 && !isCertain) {
    around.print("no drift was found, and not every stack could be compared: an open issue stays open");
    return ExitCode.failed;
  }
  const key = options.key ?? "drift";
  const place =
    target.kind === "github" ? gitHubIssues(target, key) : azureWorkItems(target, key, options.workItemType ?? "Issue");
  const footer = footerOf(target, "drift-issue");
  const text = drift.drifted.length === 0 ? undefined : { title: titleOf(drift), body: markdown.trimEnd(), footer };
  const whole = target.runUrl === undefined ? "the file that was posted" : `[the run](${target.runUrl})`;
  const found = target.runUrl === undefined ? "No drift was found." : `[This run](${target.runUrl}) found no drift.`;
  return reportFailure(around, async () => {
    const synced = await withPatience(() => syncIssue(place, text, { whole, reason: found }), patienceOf(around));
    around.print(`${place.name}: ${synced}`);
  });
}

/** Names that a title lists; the text has all of them. */
const maxNames = 5;

function titleOf({ drifted, unknown, same }: Drift): string {
  const all = drifted.length + unknown.length + same.length;
  const names = drifted.slice(0, maxNames).join(", ");
  const more = drifted.length > maxNames ? ` and ${drifted.length - maxNames} more` : "";
  const count = all === 1 ? "" : ` (${drifted.length} of ${all} stacks)`;
  return `Drift: ${names}${more} ${drifted.length === 1 ? "differs" : "differ"} from what was deployed${count}`;
}

function isProblem(value: Drift | Problem): value is Problem {
  return "remedy" in value;
}
