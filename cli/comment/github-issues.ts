import type { GitHubTarget } from "./ci-target.ts";
import { GitHub, gitHubMaxCharacters } from "./github.ts";
import { mark, readMarker } from "./marker.ts";
import type { IssuePlace, IssueText } from "./sync-issue.ts";

interface RawIssue {
  readonly number?: unknown;
  readonly body?: unknown;
  readonly user?: { readonly login?: unknown } | null;
  readonly pull_request?: unknown;
}

/** The issues of a repository of GitHub that the token's own account opened for a key. */
export function gitHubIssues(target: GitHubTarget, key: string): IssuePlace {
  const gitHub = new GitHub(target, "issues");
  const hiddenLine = mark("", key, target.run, "html-comment");
  const marked = ({ title, body }: IssueText) => ({ title, body: `${hiddenLine}${body}` });
  return {
    name: target.repository,
    maxCharacters: gitHubMaxCharacters - hiddenLine.length,
    listOpen: async () => {
      const login = await gitHub.readLogin();
      const query = `state=open&creator=${encodeURIComponent(login)}`;
      const issues = (await gitHub.readPages(`/issues?${query}`)) as RawIssue[];
      // GitHub lists pull requests as issues too.
      return issues.flatMap(({ number, body, user, pull_request: pullRequest }) => {
        const isOwn = user?.login === login && pullRequest === undefined && typeof body === "string";
        return typeof number === "number" && isOwn && readMarker(body)?.key === key
          ? [{ id: number, name: `#${number}` }]
          : [];
      });
    },
    open: async (text) => {
      await gitHub.call("POST", "/issues", marked(text));
    },
    edit: async ({ id }, text) => {
      await gitHub.call("PATCH", `/issues/${id}`, marked(text));
    },
    close: async ({ id }, reason) => {
      await gitHub.call("POST", `/issues/${id}/comments`, { body: reason });
      await gitHub.call("PATCH", `/issues/${id}`, { state: "closed", state_reason: "completed" });
    },
  };
}
