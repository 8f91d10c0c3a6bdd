import type { Site } from "../support/site.ts";

/** What `pulumi preview --json` has of a step. */
interface Step {
  readonly op: string;
  readonly urn: string;
}

interface Preview {
  readonly steps: readonly Step[];
}

/** A replacement is shown as three steps; the one that says so is enough. */
const hidden = ["same", "read", "create-replacement", "delete-replaced", "discard", "refresh"];

/**
 * What a preview shows as changed: `update ConfigMap oslo-relay-cfg`, sorted.
 * @throws the output where the preview failed
 */
export async function previewSteps(site: Site): Promise<string[]> {
  const output = await site.succeed("preview", "--json");
  return readSteps(output);
}

/** Reads what `pulumi preview --json` printed. */
export function readSteps(output: string): string[] {
  // Warnings stand after it.
  const [json = ""] = /^\{$[^]*?^\}$/m.exec(output) ?? [];
  const { steps } = JSON.parse(json) as Preview;
  return steps
    .filter(({ op }) => !hidden.includes(op))
    .map(({ op, urn }) => {
      const [type = "", name = ""] = urn.split("::").slice(2);
      return `${op} ${type.split(":").at(-1) ?? ""} ${name}`;
    })
    .sort();
}

const components = ["MqttBridge", "Relay", "CustomEndpoint", "EventGridBroker", "TopicSpaceAccess"];

/** Leaves out components, which only hold their resources together and show each of their arguments that has changed. */
export function withoutComponents(steps: readonly string[]): string[] {
  return steps.filter((step) => !components.includes(step.split(" ")[1] ?? ""));
}

/**
 * Steps in a line of a table: `update: ConfigMap, PersistentVolumeClaimPatch × 3`.
 * @param steps as {@link previewSteps} gives them
 */
export function summarize(steps: readonly string[]): string {
  const kinds = new Map<string, Map<string, number>>();
  for (const step of steps) {
    const [op = "", kind = ""] = step.split(" ");
    const counts = kinds.get(op) ?? new Map<string, number>();
    kinds.set(op, counts.set(kind, (counts.get(kind) ?? 0) + 1));
  }
  const texts = [...kinds].map(([op, counts]) => {
    const names = [...counts].map(([kind, count]) => (count === 1 ? kind : `${kind} × ${count}`));
    return `${op}: ${names.join(", ")}`;
  });
  return texts.length === 0 ? "nothing" : texts.join("; ");
}

/** The counts of what an update did, as its last lines tell: `{ created: 1, updated: 2 }`. */
export function readCounts(output: string): Record<string, number> {
  const begin = output.lastIndexOf("\nResources:");
  const counts = output.slice(begin).matchAll(/(\d+) (created|updated|deleted|replaced)\b/g);
  return Object.fromEntries([...counts].map(([, count, what = ""]) => [what, Number(count)]));
}

const done: { readonly [op: string]: string } = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
};

/** The counts that an update of these steps has to tell. */
export function countsOf(steps: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const step of steps) {
    const what = done[step.split(" ")[0] ?? ""] ?? step;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
