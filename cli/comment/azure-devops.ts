import { printable } from "../../runtime/contract/printable.ts";
import { withoutSecrets } from "../../runtime/contract/redact.ts";
import type { AzureDevOpsTarget } from "./ci-target.ts";
import { createSend, isPassing, readJson, readLimit, type Answer, type Request, type Send } from "./http.ts";
import type { CommentPlace, OwnComment } from "./post-comment.ts";
import { ServiceError } from "./service-error.ts";

/**
 * Most characters of a comment: "A discussion comment cannot be longer than 150000 characters".
 * @see https://github.com/runatlantis/atlantis/pull/1585
 */
export const azureDevOpsMaxCharacters = 150_000;

const apiVersion = "api-version=7.0";
const firstRetryMs = 1_000;

/** The REST API of Azure DevOps for one project, as one token sees it. */
export class AzureDevOps {
  readonly #target: AzureDevOpsTarget;
  /** What to do when Azure DevOps refuses for want of a right. */
  readonly #permissionRemedy: string;
  readonly #send: Send;
  #account: string | undefined;

  constructor(target: AzureDevOpsTarget, permissionRemedy: string) {
    this.#target = target;
    this.#permissionRemedy = permissionRemedy;
    // Azure DevOps answers a browser, and what could be one, with a page for signing in.
    const headers = {
      accept: "application/json",
      "user-agent": "mqtt-dataflow",
      authorization: `Bearer ${target.token}`,
      "x-tfs-fedauthredirect": "Suppress",
    };
    this.#send = createSend(headers, target.token);
  }

  /** ID of the token's account, such as that of the project's build service. */
  async readAccount(): Promise<string> {
    if (this.#account !== undefined) return this.#account;
    const url = `${this.#target.collectionUrl}/_apis/connectionData`;
    const answer = await this.#ask({ method: "GET", url });
    const { authenticatedUser } = (readJson(answer) ?? {}) as { authenticatedUser?: { id?: unknown } };
    if (typeof authenticatedUser?.id !== "string") throw this.#refusal(answer);
    this.#account = authenticatedUser.id;
    return this.#account;
  }

  /**
   * @param path below `_apis` of the project: `/git/repositories/…`
   * @param accepted statuses of a refusal that the caller understands
   * @throws {ServiceError} for every other refusal
   */
  call(
    method: Request["method"],
    path: string,
    body?: unknown,
    accepted: readonly number[] = [],
    contentType = "application/json",
  ): Promise<Answer> {
    const { collectionUrl, project } = this.#target;
    const separator = path.includes("?") ? "&" : "?";
    const url = `${collectionUrl}/${encodeURIComponent(project)}/_apis${path}${separator}${apiVersion}`;
    return this.#ask({ method, url, contentType, ...(body === undefined ? {} : { body }) }, accepted);
  }

  async #ask(request: Request, accepted: readonly number[] = []): Promise<Answer> {
    const answer = await this.#send(request);
    // A token that does not count is answered with 203 and a page for signing in.
    const isAnswer = answer.status >= 200 && answer.status < 300 && answer.status !== 203;
    if (isAnswer || accepted.includes(answer.status)) return answer;
    throw this.#refusal(answer);
  }

  #refusal(answer: Answer): ServiceError {
    const { status } = answer;
    const where = `Azure DevOps, ${this.#target.repositoryName}`;
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
    switch (status) {
      case 203:
      case 302:
      case 401:
        return 'add "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)" to the step, or use a token that has not expired';
      case 403:
        return this.#permissionRemedy;
      case 404:
        return `check that the repository and the pull request exist; where they do, ${this.#permissionRemedy}`;
      default:
        return "run the job again, and check SYSTEM_COLLECTIONURI if that does not help";
    }
  }

  #messageOf(answer: Answer): string {
    const { message } = (readJson(answer) ?? {}) as { message?: unknown };
    const said = typeof message === "string" && message !== "" ? ` ${message.slice(0, 300)}` : "";
    return printable(withoutSecrets(`status ${answer.status}${said}`, [this.#target.token]));
  }
}

const pullRequestRemedy =
  'in Project settings > Repositories > the repository > Security, set "Contribute to pull requests" to Allow for "<project> Build Service (<organization>)"';

interface RawThread {
  readonly id?: unknown;
  readonly isDeleted?: unknown;
  readonly comments?: readonly {
    readonly id?: unknown;
    readonly content?: unknown;
    readonly isDeleted?: unknown;
    readonly author?: { readonly id?: unknown };
  }[];
}

/**
 * The discussion of a pull request of Azure Repos: each comment is the first of a thread of its own. The thread is closed,
 * so that a policy that asks for resolved comments does not wait for it: what blocks a pull request is the pipeline.
 */
export function azureDevOpsPullRequest(target: AzureDevOpsTarget & { readonly pullRequest: number }): CommentPlace {
  const { pullRequest, repositoryId, repositoryName } = target;
  const azure = new AzureDevOps(target, pullRequestRemedy);
  const threads = `/git/repositories/${encodeURIComponent(repositoryId)}/pullRequests/${pullRequest}/threads`;
  return {
    name: `pull request ${pullRequest} of ${repositoryName}`,
    markerForm: "link-definition",
    maxCharacters: azureDevOpsMaxCharacters,
    listOwn: async () => {
      const account = await azure.readAccount();
      const { value } = readJson(await azure.call("GET", threads)) as { value: readonly RawThread[] };
      return value.flatMap((thread) => readFirst(thread, account));
    },
    create: async (content) => {
      const comments = [{ parentCommentId: 0, content, commentType: "text" }];
      await azure.call("POST", threads, { comments, status: "closed" });
    },
    edit: async (id, content) => {
      const { status } = await azure.call("PATCH", `${threads}/${id}`, { content }, [404]);
      return status !== 404;
    },
    remove: async (id) => {
      await azure.call("DELETE", `${threads}/${id}`, undefined, [404]);
    },
  };
}

/** Deleted comments stay in the list, without a text. */
function readFirst({ id, isDeleted, comments }: RawThread, account: string): OwnComment[] {
  const first = comments?.[0];
  if (typeof id !== "number" || isDeleted === true || first?.isDeleted === true) return [];
  if (first?.author?.id !== account || typeof first.id !== "number" || typeof first.content !== "string") return [];
  return [{ id: `${id}/comments/${first.id}`, body: first.content }];
}
