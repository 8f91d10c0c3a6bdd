import { registerSecret } from "../../support/secrets/run-record.ts";
import { startStandIn, type Asked, type Reply, type StandInServer } from "./stand-in-server.ts";
import { answerWorkItems, type StoredWorkItem, type WorkItemStore } from "./work-items-stand-in.ts";

export interface StoredThread {
  readonly id: number;
  readonly author: string;
  status: string;
  content: string;
  isDeleted: boolean;
}

/** The part of Azure DevOps' API that threads and work items need, with its rules, for one pull request of the project `plant`. */
export interface AzureDevOpsStandIn extends StandInServer, WorkItemStore {
  readonly threads: StoredThread[];
  mayContribute: boolean;
  addThread(author: string, content: string): StoredThread;
}

export const azureDevOpsToken = "azure-devops-token-0123456789abcdef";
export const buildServiceId = "5f0f0b53-2a4e-4a52-8f0e-000000000001";

const maxCharacters = 150_000;

/** Starts it. @see https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-threads */
export async function startAzureDevOps(): Promise<AzureDevOpsStandIn> {
  const threads: StoredThread[] = [];
  const addThread = (author: string, content: string) => {
    const thread = { id: threads.length + 1, author, status: "active", content, isDeleted: false };
    threads.push(thread);
    return thread;
  };
  const workItems: StoredWorkItem[] = [];
  const state = { threads, addThread, mayContribute: true, workItems, mayEditWorkItems: true };
  registerSecret("token for Azure DevOps", azureDevOpsToken);
  const server = await startStandIn((asked) => answerAzureDevOps(asked, standIn));
  const standIn: AzureDevOpsStandIn = Object.assign(server, state);
  return standIn;
}

function answerAzureDevOps(asked: Asked, standIn: AzureDevOpsStandIn): Reply {
  const { method, path, headers, body } = asked;
  if (headers.authorization !== `Bearer ${azureDevOpsToken}`) {
    return {
      status: 203,
      headers: { "content-type": "text/html" },
      body: "<html>Azure DevOps Services | Sign In</html>",
    };
  }
  if (path === "/example/_apis/connectionData")
    return { status: 200, body: { authenticatedUser: { id: buildServiceId } } };
  const workItems = "/example/plant-id/_apis/wit";
  if (path.startsWith(workItems)) return answerWorkItems(asked, path.slice(workItems.length), buildServiceId, standIn);
  const base = "/example/plant-id/_apis/git/repositories/repository-id/pullRequests/7/threads";
  if (!path.startsWith(base)) return { status: 404, body: { message: `${path} is not there` } };
  if (asked.query.get("api-version") === null) return { status: 400, body: { message: "No api-version was supplied" } };
  if (method !== "GET" && !standIn.mayContribute) {
    const message = `TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: identity 'Build\\${buildServiceId}', scope 'repository'.`;
    return { status: 403, body: { message } };
  }
  if (path === base) return method === "GET" ? list(standIn) : create(body, standIn);
  const [, thread, comment] = /\/threads\/(\d+)\/comments\/(\d+)$/.exec(path) ?? [];
  const stored = standIn.threads.find(({ id }) => id === Number(thread));
  if (stored === undefined || comment !== "1") return { status: 404, body: { message: "The thread does not exist" } };
  return change(method, body, stored);
}

function change(method: string, body: unknown, stored: StoredThread): Reply {
  if (method === "DELETE") {
    stored.isDeleted = true;
    return { status: 200 };
  }
  const { content = "" } = body as { content?: string };
  if (content.length > maxCharacters) return tooLong();
  stored.content = content;
  return { status: 200, body: {} };
}

function list({ threads }: AzureDevOpsStandIn): Reply {
  const value = threads.map(({ id, author, content, isDeleted, status }) => ({
    id,
    status,
    isDeleted,
    comments: [{ id: 1, author: { id: author }, isDeleted, ...(isDeleted ? {} : { content }) }],
  }));
  return { status: 200, body: { value, count: value.length } };
}

function create(body: unknown, { addThread }: AzureDevOpsStandIn): Reply {
  const { comments, status } = body as { comments: { content: string }[]; status: string };
  const content = comments[0]?.content ?? "";
  if (content.length > maxCharacters) return tooLong();
  const thread = addThread(buildServiceId, content);
  thread.status = status;
  return { status: 200, body: { id: thread.id } };
}

function tooLong(): Reply {
  const message = `A discussion comment cannot be longer than ${maxCharacters} characters.\r\nParameter name: comment.Content`;
  return { status: 400, body: { message } };
}
