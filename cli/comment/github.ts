import { printable } from "../../runtime/contract/printable.ts";
import { withoutSecrets } from "../../runtime/contract/redact.ts";
import type { GitHubTarget } from "./ci-target.ts";
import { createSend, isPassing, readJson, readLimit, type Answer, type Request, type Send } from "./http.ts";
import type { CommentPlace, OwnComment } from "./post-comment.ts";
import { ServiceError } from "./service-error.ts";

/** Most characters of a comment and of an issue's text. @see github.com/orgs/community/discussions/27190 */
export const gitHubMaxCharacters = 65_536;

const pageSize = 100;
/** A pull request with more comments than this many pages is beyond what GitHub shows. */
const maxPages = 100;
const firstRetryMs = 1_000;

/** What a job lacks when GitHub refuses, as its `permissions:` call it. */
export type GitHubPermission = "pull-requests" | "issues";

/** GitHub's REST API for one repository, as one token sees it. */
export class GitHub {
  readonly #target: GitHubTarget;
  readonly #permission: GitHubPermission;
  readonly #send: Send;
  #login: string | undefined;

  constructor(target: GitHubTarget, permission: GitHubPermission) {
    this.#target = target;
    this.#permission = permission;
    const headers = {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "user-agent": "mqtt-dataflow",
      authorization: `Bearer ${target.token}`,
    };
    this.#send = createSend(headers, target.token);
  }

  /** Name of the token's account: `github-actions[bot]` for a job's own. GraphQL, since REST tells it to people only. */
  async readLogin(): Promise<string> {
    if (this.#login !== undefined) return this.#login;
    const query = { query: "query { viewer { login } }" };
    const answer = await this.#ask({ method: "POST", url: this.#target.graphqlUrl, body: query });
    const login = (readJson(answer) as { data?: { viewer?: { login?: unknown } } } | undefined)?.data?.viewer?.login;
    if (typeof login !== "string") throw this.#unexpected(answer);
    this.#login = login;
    return login;
  }

  /** @param path below the repository: `/issues/12/comments` */
  async readPages(path: string): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let page = 1; page <= maxPages; page++) {
      const separator = path.includes("?") ? "&" : "?";
      const answer = await this.call("GET", `${path}${separator}per_page=${pageSize}&page=${page}`);
      const found = readJson(answer);
      if (!Array.isArray(found)) throw this.#unexpected(answer);
      items.push(...(found as unknown[]));
      if (found.length < pageSize) break;
    }
    return items;
  }

  /**
   * @param accepted statuses of a refusal that the caller understands
   * @throws {ServiceError} for every other refusal
   */
  call(method: Request["method"], path: string, body?: unknown, accepted: readonly number[] = []): Promise<Answer> {
    const { apiUrl, repository } = this.#target;
    const url = `${apiUrl}/repos/${repository}${path}`;
    return this.#ask({ method, url, ...(body === undefined ? {} : { body }) }, accepted);
  }

  async #ask(request: Request, accepted: readonly number[] = []): Promise<Answer> {
    const answer = await this.#send(request);
    if ((answer.status >= 200 && answer.status < 300) || accepted.includes(answer.status)) return answer;
    throw this.#refusal(answer);
  }

  #refusal(answer: Answer): ServiceError {
    const { status } = answer;
    const where = `GitHub, ${this.#target.repository}`;
    const said = this.#messageOf(answer);
    const limitMs = readLimit(answer, Date.now());
    if (limitMs !== undefined) {
      const text = `${where}: limits requests: ${said}; run the job again in ${Math.ceil(limitMs / 60_000)} min`;
      return new ServiceError(text, { status, retryAfterMs: limitMs, isLimit: true });
    }
    if (isPassing(status)) {
      return new ServiceError(`${where}: ${said}; run the job again`, { status, retryAfterMs: firstRetryMs });
    }
    return new ServiceError(`${where}: ${said}; ${this.#remedy(status)}`, { status });
  }

  #remedy(status: number): string {
    const permission = `give the job "permissions: ${this.#permission}: write"`;
    switch (status) {
      case 401:
        return "set GITHUB_TOKEN to ${{ github.token }}, or to a token that has not expired";
      case 403:
        return `${permission}; a job for a pull request from a fork never gets it`;
      case 404:
        return `check GITHUB_REPOSITORY and the number, and ${permission}`;
      case 410:
        return "turn on issues in the repository's settings";
      case 422:
        return "check that the conversation is not locked";
      default:
        return "run the job again, and check GITHUB_API_URL if that does not help";
    }
  }

  #unexpected(answer: Answer): ServiceError {
    const text = `GitHub, ${this.#target.repository}: answered something else than its API does: ${this.#messageOf(answer)}`;
    return new ServiceError(`${text}; check GITHUB_API_URL and GITHUB_GRAPHQL_URL`, { status: answer.status });
  }

  #messageOf(answer: Answer): string {
    const { message } = (readJson(answer) ?? {}) as { message?: unknown };
    const said = typeof message === "string" && message !== "" ? ` ${message.slice(0, 300)}` : "";
    return printable(withoutSecrets(`status ${answer.status}${said}`, [this.#target.token]));
  }
}

interface RawComment {
  readonly id?: unknown;
  readonly body?: unknown;
  readonly user?: { readonly login?: unknown } | null;
}

/** The conversation of a pull request of GitHub. */
export function gitHubPullRequest(target: GitHubTarget & { readonly pullRequest: number }): CommentPlace {
  const { pullRequest, repository } = target;
  const gitHub = new GitHub(target, "pull-requests");
  return {
    name: `pull request ${pullRequest} of ${repository}`,
    markerForm: "html-comment",
    maxCharacters: gitHubMaxCharacters,
    listOwn: async (): Promise<OwnComment[]> => {
      const login = await gitHub.readLogin();
      const comments = (await gitHub.readPages(`/issues/${pullRequest}/comments`)) as RawComment[];
      // Whoever quotes or copies the text has the hidden line too: only the author tells.
      return comments.flatMap(({ id, body, user }) =>
        typeof id === "number" && typeof body === "string" && user?.login === login ? [{ id: String(id), body }] : [],
      );
    },
    create: async (body) => {
      await gitHub.call("POST", `/issues/${pullRequest}/comments`, { body });
    },
    edit: async (id, body) => {
      const { status } = await gitHub.call("PATCH", `/issues/comments/${id}`, { body }, [404]);
      return status !== 404;
    },
    remove: async (id) => {
      await gitHub.call("DELETE", `/issues/comments/${id}`, undefined, [404]);
    },
  };
}
