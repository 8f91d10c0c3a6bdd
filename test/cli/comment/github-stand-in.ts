import { registerSecret } from "../../support/secrets/run-record.ts";
import { startStandIn, type Asked, type Reply, type StandInServer } from "./stand-in-server.ts";

export interface StoredComment {
  readonly id: number;
  readonly issue: number;
  readonly author: string;
  body: string;
}

export interface StoredIssue {
  readonly number: number;
  readonly author: string;
  readonly isPullRequest: boolean;
  title: string;
  body: string;
  state: "open" | "closed";
}

/** The part of GitHub's API that comments and issues need, with its rules, for `example/plant`. */
export interface GitHubStandIn extends StandInServer {
  readonly comments: StoredComment[];
  readonly issues: StoredIssue[];
  /** What the token may write. */
  readonly permissions: Set<"pull-requests" | "issues">;
  addComment(issue: number, author: string, body: string): StoredComment;
}

export const gitHubToken = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";
export const gitHubLogin = "github-actions[bot]";

const maxCharacters = 65_536;

/** Starts it. @see https://docs.github.com/rest/issues/comments */
export async function startGitHub(): Promise<GitHubStandIn> {
  const comments: StoredComment[] = [];
  const issues: StoredIssue[] = [];
  const permissions = new Set<"pull-requests" | "issues">(["pull-requests", "issues"]);
  let nextId = 1;
  const addComment = (issue: number, author: string, body: string) => {
    const comment = { id: nextId++, issue, author, body };
    comments.push(comment);
    return comment;
  };
  registerSecret("token for GitHub", gitHubToken);
  const server = await startStandIn((asked) => answerGitHub(asked, { comments, issues, permissions, addComment }));
  return Object.assign(server, { comments, issues, permissions, addComment });
}

type Store = Pick<GitHubStandIn, "comments" | "issues" | "permissions" | "addComment">;

function answerGitHub(asked: Asked, store: Store): Reply {
  const { method, path, headers } = asked;
  if (headers["user-agent"] === undefined) return refusal(403, "Request forbidden by administrative rules.");
  if (headers.authorization !== `Bearer ${gitHubToken}`) return refusal(401, "Bad credentials");
  if (path === "/graphql") return { status: 200, body: { data: { viewer: { login: gitHubLogin } } } };
  const below = path.startsWith("/repos/example/plant/") ? path.slice("/repos/example/plant".length) : undefined;
  if (below === undefined) return refusal(404, "Not Found");
  const number = Number(/\/(\d+)/.exec(below)?.[1]);
  if (method !== "GET" && !mayWrite(store, below, number)) {
    const accepted = { "x-accepted-github-permissions": "issues=write; pull_requests=write" };
    return { ...refusal(403, "Resource not accessible by integration"), headers: accepted };
  }
  if (tooLong(asked.body)) {
    const message = `Body is too long (maximum is ${maxCharacters} characters)`;
    return { status: 422, body: { message: "Validation Failed", errors: [{ field: "data", message }] } };
  }
  if (below.startsWith("/issues/comments/")) return answerComment(asked, store, number);
  if (/^\/issues\/\d+\/comments$/.test(below)) return answerComments(asked, store, number);
  return answerIssues(asked, store, Number.isNaN(number) ? undefined : number);
}

/** A conversation of a pull request is open to both permissions, an issue to its own. */
function mayWrite({ permissions, issues, comments }: Store, path: string, number: number): boolean {
  const issue = path.startsWith("/issues/comments/") ? comments.find(({ id }) => id === number)?.issue : number;
  const isIssue = issues.some((stored) => stored.number === issue && !stored.isPullRequest) || path === "/issues";
  return permissions.has("issues") || (!isIssue && permissions.has("pull-requests"));
}

function answerComments({ method, query, body }: Asked, store: Store, issue: number): Reply {
  if (method === "GET") return page(store.comments.filter((comment) => comment.issue === issue).map(shown), query);
  return { status: 201, body: shown(store.addComment(issue, gitHubLogin, (body as { body: string }).body)) };
}

function answerComment({ method, body }: Asked, { comments }: Store, id: number): Reply {
  const index = comments.findIndex((comment) => comment.id === id);
  const comment = comments[index];
  if (comment === undefined) return refusal(404, "Not Found");
  if (method === "DELETE") {
    comments.splice(index, 1);
    return { status: 204 };
  }
  comment.body = (body as { body: string }).body;
  return { status: 200, body: shown(comment) };
}

function answerIssues({ method, query, body }: Asked, { issues }: Store, number: number | undefined): Reply {
  const fields = body as Partial<StoredIssue>;
  if (method === "POST") {
    const { title = "", body: text = "" } = fields;
    const issue: StoredIssue = {
      number: 100 + issues.length,
      author: gitHubLogin,
      isPullRequest: false,
      title,
      body: text,
      state: "open",
    };
    issues.push(issue);
    return { status: 201, body: shownIssue(issue) };
  }
  if (number === undefined) {
    const found = issues.filter(
      ({ state, author }) => state === query.get("state") && (query.get("creator") ?? author) === author,
    );
    return page(found.map(shownIssue), query);
  }
  const issue = issues.find((stored) => stored.number === number);
  if (issue === undefined) return refusal(404, "Not Found");
  Object.assign(issue, fields);
  return { status: 200, body: shownIssue(issue) };
}

function page(items: readonly unknown[], query: URLSearchParams): Reply {
  const size = Math.min(Number(query.get("per_page") ?? 30), 100);
  const first = (Number(query.get("page") ?? 1) - 1) * size;
  return { status: 200, body: items.slice(first, first + size) };
}

function shown({ id, author, body }: StoredComment) {
  return { id, body, user: { login: author } };
}

function shownIssue({ number, author, isPullRequest, title, body, state }: StoredIssue) {
  return { number, title, body, state, user: { login: author }, ...(isPullRequest ? { pull_request: {} } : {}) };
}

function tooLong(body: unknown): boolean {
  const text = (body as { body?: unknown } | undefined)?.body;
  return typeof text === "string" && Array.from(text).length > maxCharacters;
}

function refusal(status: number, message: string): Reply {
  return { status, body: { message, documentation_url: "https://docs.github.com/rest" } };
}
