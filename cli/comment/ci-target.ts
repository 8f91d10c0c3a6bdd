import { readFileSync } from "node:fs";

import type { Problem } from "../../runtime/contract/errors.ts";
import type { Run } from "./marker.ts";

/** What the command writes to, as the pipeline's own variables tell it. */
interface Target {
  readonly token: string;
  /** `undefined` when the job does not run for a pull request. */
  readonly pullRequest: number | undefined;
  /** The commit that the text is about. */
  readonly commit: string | undefined;
  /** `undefined` outside of a pipeline. */
  readonly run: Run | undefined;
  /** Page of the run. */
  readonly runUrl: string | undefined;
}

export interface GitHubTarget extends Target {
  readonly kind: "github";
  /** Without a slash at the end: `https://api.github.com`. */
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  /** `owner/name`. */
  readonly repository: string;
}

export interface AzureDevOpsTarget extends Target {
  readonly kind: "azure-devops";
  /** Organization or collection, without a slash at the end: `https://dev.azure.com/example`. */
  readonly collectionUrl: string;
  /** Name or ID. */
  readonly project: string;
  readonly repositoryId: string;
  /** For messages. */
  readonly repositoryName: string;
}

export type CiTarget = GitHubTarget | AzureDevOpsTarget;

export const services = ["github", "azure-devops"] as const;
export type ServiceName = (typeof services)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables that GitHub Actions and Azure Pipelines set for each job.
 * @param on which of them; omitted: the one that the variables are of
 * @param needsRepository false where only the project counts, as for work items
 * @returns the target, or all that is missing
 */
export function readTarget(
  environment: Environment,
  on: ServiceName | undefined,
  readFile: (file: string) => string = (file) => readFileSync(file, "utf8"),
): CiTarget | readonly Problem[] {
  const read = reader(environment);
  const service = on ?? detect(read);
  if (service === undefined) {
    const problem = "is not given, and the variables of no pipeline that is known are set";
    return [{ path: "--on", problem, remedy: `give one of ${services.join(", ")}` }];
  }
  return service === "github" ? readGitHub(read, readFile) : readAzureDevOps(read);
}

type Read = (name: string) => string | undefined;

/** Azure Pipelines leaves `$(System.AccessToken)` as it is where it has no such variable. */
function reader(environment: Environment): Read {
  return (name) => {
    const value = environment[name]?.trim() ?? "";
    return value === "" || /^\$\([^)]*\)$/.test(value) ? undefined : value;
  };
}

function detect(read: Read): ServiceName | undefined {
  if (read("GITHUB_ACTIONS") === "true") return "github";
  return read("TF_BUILD")?.toLowerCase() === "true" ? "azure-devops" : undefined;
}

function readGitHub(read: Read, readFile: (file: string) => string): GitHubTarget | Problem[] {
  const missing = new Missing(read);
  const repository = missing.require("GITHUB_REPOSITORY", "set it to the repository: owner/name");
  const token = missing.require("GITHUB_TOKEN", 'add "env: GITHUB_TOKEN: ${{ github.token }}" to the step');
  if (missing.problems.length > 0) return missing.problems;
  const event = readEvent(read("GITHUB_EVENT_PATH"), readFile);
  const apiUrl = withoutSlash(read("GITHUB_API_URL") ?? "https://api.github.com");
  const id = read("GITHUB_RUN_ID");
  const server = read("GITHUB_SERVER_URL");
  return {
    kind: "github",
    apiUrl,
    graphqlUrl: read("GITHUB_GRAPHQL_URL") ?? `${apiUrl}/graphql`,
    repository,
    token,
    pullRequest: event.pullRequest ?? readNumber(/^refs\/pull\/(\d+)\//.exec(read("GITHUB_REF") ?? "")?.[1]),
    // GITHUB_SHA is a merge that nobody has seen where the job runs for a pull request.
    commit: event.commit ?? read("GITHUB_SHA"),
    run: readRun(id, read("GITHUB_RUN_ATTEMPT")),
    runUrl: server === undefined || id === undefined ? undefined : `${server}/${repository}/actions/runs/${id}`,
  };
}

interface PullRequestEvent {
  readonly pull_request?: { readonly number?: unknown; readonly head?: { readonly sha?: unknown } };
}

/** The document that GitHub stores for the job about what started it. */
function readEvent(
  file: string | undefined,
  readFile: (file: string) => string,
): { pullRequest: number | undefined; commit: string | undefined } {
  const event = file === undefined ? {} : parse(readFile, file);
  const { number, head } = event.pull_request ?? {};
  return {
    pullRequest: typeof number === "number" ? number : undefined,
    commit: typeof head?.sha === "string" ? head.sha : undefined,
  };
}

function parse(readFile: (file: string) => string, file: string): PullRequestEvent {
  try {
    return (JSON.parse(readFile(file)) ?? {}) as PullRequestEvent;
  } catch {
    return {}; // the other variables tell the number too
  }
}

function readAzureDevOps(read: Read): AzureDevOpsTarget | Problem[] {
  const missing = new Missing(read);
  const collection = missing.require(
    ["SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"],
    "set it to the organization: https://dev.azure.com/NAME/",
  );
  const project = missing.require(["SYSTEM_TEAMPROJECTID", "SYSTEM_TEAMPROJECT"], "set it to the project's name");
  const repositoryId = missing.require("BUILD_REPOSITORY_ID", "set it to the repository's name or ID");
  const token = missing.require(
    "SYSTEM_ACCESSTOKEN",
    'add "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)" to the step',
  );
  const provider = read("BUILD_REPOSITORY_PROVIDER") ?? "TfsGit";
  if (provider !== "TfsGit") {
    const remedy = "use --on github with GITHUB_TOKEN and GITHUB_REPOSITORY, or a repository of Azure Repos";
    missing.problems.push({ path: "BUILD_REPOSITORY_PROVIDER", problem: `is "${provider}"`, remedy });
  }
  if (missing.problems.length > 0) return missing.problems;
  const collectionUrl = withoutSlash(collection);
  const id = read("BUILD_BUILDID");
  const page = `${collectionUrl}/${encodeURIComponent(read("SYSTEM_TEAMPROJECT") ?? project)}/_build/results?buildId=`;
  return {
    kind: "azure-devops",
    collectionUrl,
    project,
    repositoryId,
    repositoryName: read("BUILD_REPOSITORY_NAME") ?? repositoryId,
    token,
    pullRequest: readNumber(read("SYSTEM_PULLREQUEST_PULLREQUESTID")),
    commit: read("SYSTEM_PULLREQUEST_SOURCECOMMITID") ?? read("BUILD_SOURCEVERSION"),
    run: readRun(id, read("SYSTEM_STAGEATTEMPT") ?? read("SYSTEM_JOBATTEMPT")),
    runUrl: id === undefined ? undefined : `${page}${id}`,
  };
}

/** Gathers what is not set, so that the user hears of all of it at once. */
class Missing {
  readonly problems: Problem[] = [];
  readonly #read: Read;

  constructor(read: Read) {
    this.#read = read;
  }

  /** The first of several names that is set; an empty text when none is. */
  require(names: string | readonly [string, ...string[]], remedy: string): string {
    const list = typeof names === "string" ? ([names] as const) : names;
    const found = list.map(this.#read).find((value) => value !== undefined);
    if (found === undefined) this.problems.push({ path: list[0], problem: "is not set", remedy });
    return found ?? "";
  }
}

function readRun(id: string | undefined, attempt: string | undefined): Run | undefined {
  const number = readNumber(id);
  return number === undefined ? undefined : { id: number, attempt: readNumber(attempt) ?? 1 };
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
