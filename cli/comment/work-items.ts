import { AzureDevOps } from "./azure-devops.ts";
import type { AzureDevOpsTarget } from "./ci-target.ts";
import { readJson } from "./http.ts";
import type { IssuePlace, IssueText, OpenIssue } from "./sync-issue.ts";

/** Far below what a description may have: people read it. */
const maxCharacters = 100_000;
const patchType = "application/json-patch+json";
/** Work items that one request may ask for. @see https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/list */
const maxIds = 200;

const remedy =
  'in Project settings > Boards > Project configuration > Areas > the area > Security, set "Edit work items in this node" to Allow for "<project> Build Service (<organization>)"';

interface RawWorkItem {
  readonly id: number;
  readonly fields?: { readonly "System.State"?: string; readonly "System.CreatedBy"?: { readonly id?: string } };
}

/**
 * The work items of a project that the token's own account made for a key, which they have as a tag.
 * @param type of work item, such as `Issue`, which the processes Basic, Agile and CMMI have, or `Bug`
 */
export function azureWorkItems(target: AzureDevOpsTarget, key: string, type: string): IssuePlace {
  const azure = new AzureDevOps(target, remedy);
  const tag = `mqtt-dataflow-${key}`;
  const change = (id: number, fields: Fields) =>
    azure.call("PATCH", `/wit/workitems/${id}`, patchOf(fields), [], patchType);
  return {
    name: `project ${target.project}`,
    maxCharacters,
    listOpen: async () => {
      const account = await azure.readAccount();
      const ended = await readEndStates(azure, type);
      const items = await readTagged(azure, tag, type);
      const open = items.filter(
        ({ fields }) =>
          fields?.["System.CreatedBy"]?.id === account && !ended.all.includes(fields["System.State"] ?? ""),
      );
      return open.map(({ id }): OpenIssue => ({ id, name: `#${id}` }));
    },
    open: async (text) => {
      const fields = { ...fieldsOf(text), "System.Tags": tag };
      await azure.call("POST", `/wit/workitems/$${encodeURIComponent(type)}`, patchOf(fields), [], patchType);
    },
    edit: async ({ id }, text) => {
      await change(id, fieldsOf(text));
    },
    close: async ({ id }, reason) => {
      const { completed } = await readEndStates(azure, type);
      await change(id, { "System.State": completed, "System.History": escapeHtml(reason) });
    },
  };
}

type Fields = Readonly<Record<string, string>>;

function patchOf(fields: Fields) {
  return Object.entries(fields).map(([field, value]) => ({ op: "add", path: `/fields/${field}`, value }));
}

/** Descriptions are HTML where a project does not say otherwise: the Markdown is shown as it is written. */
function fieldsOf({ title, body }: IssueText): Fields {
  return { "System.Title": title, "System.Description": `<pre>${escapeHtml(body)}</pre>` };
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Names of the states of a type in which nothing is left to do: each process names them in its own way. */
async function readEndStates(azure: AzureDevOps, type: string): Promise<{ all: string[]; completed: string }> {
  const answer = await azure.call("GET", `/wit/workitemtypes/${encodeURIComponent(type)}/states`);
  const { value } = readJson(answer) as { value: readonly { name: string; category: string }[] };
  const all = value.filter(({ category }) => category === "Completed" || category === "Removed");
  return {
    all: all.map(({ name }) => name),
    completed: all.find(({ category }) => category === "Completed")?.name ?? "Closed",
  };
}

/** Those that were changed last come first, and more than a request may ask for have no use. */
async function readTagged(azure: AzureDevOps, tag: string, type: string): Promise<readonly RawWorkItem[]> {
  const quoted = (text: string) => `'${text.replace(/'/g, "''")}'`;
  const query = [
    "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project",
    `AND [System.WorkItemType] = ${quoted(type)} AND [System.Tags] CONTAINS ${quoted(tag)}`,
    "ORDER BY [System.ChangedDate] DESC",
  ].join(" ");
  const found = await azure.call("POST", `/wit/wiql?$top=${maxIds}`, { query });
  const { workItems } = readJson(found) as { workItems: readonly { id: number }[] };
  if (workItems.length === 0) return [];
  const ids = workItems.map(({ id }) => id).join(",");
  const items = await azure.call("GET", `/wit/workitems?ids=${ids}&fields=System.State,System.CreatedBy`);
  return (readJson(items) as { value: readonly RawWorkItem[] }).value;
}
