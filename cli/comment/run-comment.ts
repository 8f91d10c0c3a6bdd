import { describeError, formatProblem, type Problem } from "../../runtime/contract/errors.ts";
import { readBoundedFile } from "../../runtime/bounded-file.ts";
import { ExitCode } from "../../runtime/run.ts";
import { azureDevOpsPullRequest } from "./azure-devops.ts";
import { readTarget, type CiTarget, type ServiceName } from "./ci-target.ts";
import { gitHubPullRequest } from "./github.ts";
import { checkKey } from "./marker.ts";
import { withPatience } from "./patience.ts";
import { postComment, type CommentPlace } from "./post-comment.ts";
import { ServiceError } from "./service-error.ts";

/** What `mqtt-dataflow comment` is given. */
export interface CommentOptions {
  /** Markdown to post. */
  readonly file: string;
  /** @default the service whose variables are set */
  readonly on?: ServiceName | undefined;
  /** Which of several comments of the command it is. @default "review" */
  readonly key?: string | undefined;
  /** Number of the pull request. @default the one that the job runs for */
  readonly pullRequest?: number | undefined;
}

/** What a command that writes to a service needs from outside. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly wait: (ms: number) => Promise<void>;
}

/** Rate limits of GitHub may last an hour; a job that waits for one costs more than one that is run again. */
const patienceMs = 5 * 60_000;

const fileBound = { bytes: 16 * 1024 * 1024, reason: "far more than a comment holds" };

/**
 * Writes a file into the one comment of its key on the pull request.
 * @returns the exit code: 0; 1 when the service refuses; 2 when something to start with is missing
 */
export async function runComment(options: CommentOptions, around: Surroundings): Promise<number> {
  const target = readTarget(around.environment, options.on);
  const markdown = await readText(options.file);
  const problems = [
    ...(isTarget(target) ? checkPullRequest(target, options.pullRequest) : target),
    ...(typeof markdown === "string" ? [] : [markdown]),
    ...checkKeyOption(options.key),
  ];
  if (problems.length > 0 || !isTarget(target) || typeof markdown !== "string") return refuse(problems, around);
  const place = placeOf(target, options.pullRequest ?? target.pullRequest ?? 0);
  const comment = {
    key: options.key ?? "review",
    run: target.run,
    markdown: markdown.trimEnd(),
    footer: footerOf(target),
    whole: target.runUrl === undefined ? "the file that was posted" : `[the run](${target.runUrl})`,
  };
  return reportFailure(around, async () => {
    const posted = await withPatience(() => postComment(place, comment), patienceOf(around));
    around.print(
      posted === "superseded"
        ? `${place.name}: a later run has written its comment, which stays`
        : `${place.name}: comment ${posted}`,
    );
  });
}

/** Prints what a service refuses. @returns the exit code */
export async function reportFailure(around: Surroundings, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    around.printError(error.message);
    return ExitCode.failed;
  }
}

/** Prints a line for each problem. @returns the exit code */
export function refuse(problems: readonly Problem[], around: Surroundings): number {
  for (const problem of problems) around.printError(formatProblem(problem));
  return ExitCode.badConfiguration;
}

export function patienceOf(around: Surroundings) {
  return { limitMs: patienceMs, say: around.printError, wait: around.wait };
}

export function isTarget(target: CiTarget | readonly Problem[]): target is CiTarget {
  return !Array.isArray(target);
}

/** Reads Markdown; a problem where there is none. */
export async function readText(file: string): Promise<string | Problem> {
  const path = `--file ${file}`;
  try {
    const text = (await readBoundedFile(file, fileBound)).toString("utf8");
    if (text.trim() !== "") return text;
    return { path, problem: "is empty", remedy: "check the step that writes it" };
  } catch (error) {
    return { path, problem: `can't be read: ${describeError(error)}`, remedy: "check the step that writes it" };
  }
}

export function checkKeyOption(key: string | undefined): Problem[] {
  const remedy = key === undefined ? undefined : checkKey(key);
  return remedy === undefined ? [] : [{ path: "--key", problem: `is "${key ?? ""}"`, remedy }];
}

function checkPullRequest(target: CiTarget, given: number | undefined): Problem[] {
  if (given !== undefined || target.pullRequest !== undefined) return [];
  const name = target.kind === "github" ? "GITHUB_REF" : "SYSTEM_PULLREQUEST_PULLREQUESTID";
  const remedy = "run it in a job for a pull request, or give --pull-request NUMBER";
  return [{ path: name, problem: "names no pull request", remedy }];
}

function placeOf(target: CiTarget, pullRequest: number): CommentPlace {
  return target.kind === "github"
    ? gitHubPullRequest({ ...target, pullRequest })
    : azureDevOpsPullRequest({ ...target, pullRequest });
}

/** Tells which commit and run the text is of: it is edited in place, so its date does not. */
export function footerOf({ commit, runUrl }: CiTarget, command = "comment"): string {
  const about = commit === undefined ? "Posted" : `For commit ${commit.slice(0, 10)}`;
  return `${about} by \`mqtt-dataflow ${command}\`${runUrl === undefined ? "" : ` in [this run](${runUrl})`}.`;
}
