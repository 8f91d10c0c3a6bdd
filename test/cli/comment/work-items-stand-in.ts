import type { Asked, Reply } from "./stand-in-server.ts";

export interface StoredWorkItem {
  readonly id: number;
  readonly type: string;
  /** `System.Title` and the others, as they were last set; `System.History` has all of its texts. */
  readonly fields: Record<string, string>;
}

/** What the stand-in for Azure DevOps has beside pull requests. */
export interface WorkItemStore {
  readonly workItems: StoredWorkItem[];
  mayEditWorkItems: boolean;
}

/** The states of a process that nobody has changed. */
const states = {
  Issue: [
    { name: "To Do", category: "Proposed" },
    { name: "Done", category: "Completed" },
  ],
  Bug: [
    { name: "New", category: "Proposed" },
    { name: "Removed", category: "Removed" },
    { name: "Closed", category: "Completed" },
  ],
} as const;

/** Answers below `_apis/wit` of a project. @see https://learn.microsoft.com/rest/api/azure/devops/wit */
export function answerWorkItems(asked: Asked, below: string, author: string, store: WorkItemStore): Reply {
  const { method, body, query, headers } = asked;
  const stateRequest = /^\/workitemtypes\/(\w+)\/states$/.exec(below);
  if (stateRequest !== null) {
    const value = states[stateRequest[1] as keyof typeof states] as readonly object[] | undefined;
    return value === undefined
      ? { status: 404, body: { message: "VS402323: no such type" } }
      : { status: 200, body: { value } };
  }
  if (below === "/wiql") return { status: 200, body: { workItems: search((body as { query: string }).query, store) } };
  if (method === "GET") {
    const wanted = (query.get("ids") ?? "").split(",");
    const found = store.workItems.filter(({ id }) => wanted.includes(String(id)));
    return { status: 200, body: { value: found.map((item) => shown(item, author)) } };
  }
  if (!store.mayEditWorkItems) {
    return {
      status: 403,
      body: { message: "TF237111: The current user does not have permissions to save work items" },
    };
  }
  if (headers["content-type"] !== "application/json-patch+json")
    return { status: 415, body: { message: "Unsupported" } };
  const item =
    method === "POST" ? create(below, store) : store.workItems.find(({ id }) => below === `/workitems/${id}`);
  if (item === undefined) return { status: 404, body: { message: "TF401232: Work item does not exist" } };
  for (const { path, value } of body as { path: string; value: string }[])
    item.fields[path.slice("/fields/".length)] = value;
  return { status: 200, body: { id: item.id } };
}

function create(below: string, { workItems }: WorkItemStore): StoredWorkItem | undefined {
  const type = /^\/workitems\/\$(\w+)$/.exec(decodeURIComponent(below))?.[1];
  if (type === undefined || !(type in states)) return undefined;
  const item = {
    id: 500 + workItems.length,
    type,
    fields: { "System.State": states[type as keyof typeof states][0].name },
  };
  workItems.push(item);
  return item;
}

function search(query: string, { workItems }: WorkItemStore): { id: number }[] {
  const [, type, tag] = /WorkItemType\] = '([^']*)' AND \[System\.Tags\] CONTAINS '([^']*)'/.exec(query) ?? [];
  const found = workItems.filter(
    (item) => item.type === type && item.fields["System.Tags"]?.split("; ").includes(tag ?? ""),
  );
  return found.map(({ id }) => ({ id }));
}

function shown({ id, fields }: StoredWorkItem, author: string) {
  const createdBy = { id: fields["author"] ?? author };
  return { id, fields: { "System.State": fields["System.State"], "System.CreatedBy": createdBy } };
}
