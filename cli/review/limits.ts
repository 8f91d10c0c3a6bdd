import { perThroughputUnit } from "../../components/event-grid/quotas.ts";
import { isAzureType } from "./aio-dataflows.ts";
import { costOf, count } from "./cost.ts";
import type { DeclaredDataflows, RelayChange } from "./declared-dataflows.ts";
import type { Preview } from "./preview.ts";
import type { Cost } from "./review.ts";
import { numberAt } from "./values.ts";

const limitField = ["topicSpacesConfiguration", "maximumClientSessionsPerAuthenticationName"] as const;

/** Sessions and throughput against what Event Grid allows, where either side changes. */
export function findLimitCosts(preview: Preview, relays: readonly RelayChange[]): Cost[] {
  return [...sessionCosts(preview, relays), ...capacityCosts(preview)];
}

function sessionCosts({ steps }: Preview, relays: readonly RelayChange[]): Cost[] {
  const [namespace, ...others] = steps.filter((step) => isAzureType(step, "eventgrid:Namespace"));
  // With several namespaces nothing tells which one an endpoint is at.
  if (others.length > 0) return [];
  const [before, after] = (["before", "after"] as const).map((side) => ({
    limit: numberAt(namespace?.[side], ...limitField),
    used: mostSessions(relays, side),
  }));
  if (after?.used === undefined || after.used.sessions === 0) return [];
  const isSame = before?.used?.sessions === after.used.sessions && before.limit === after.limit;
  if (isSame || namespace?.operation === "delete") return [];
  const { sessions, who } = after.used;
  const allowed = after.limit === undefined ? "" : ` of the ${after.limit} that the namespace allows one identity`;
  const was = before?.used === undefined || before.used.sessions === sessions ? "" : `${before.used.sessions} → `;
  const raised = before?.limit === undefined || before.limit === after.limit ? "" : ` (before: ${before.limit})`;
  const isTooMany = after.limit !== undefined && sessions > after.limit;
  const text = `Sessions at Event Grid, by ${who}: ${was}${sessions}${allowed}${raised}.`;
  const isRaised = raised !== "" && was === "";
  const title = isRaised
    ? `sessions of an identity ${before?.limit ?? "?"} → ${after.limit ?? "?"}`
    : `${was}${sessions}${after.limit === undefined ? "" : ` of ${after.limit}`} sessions of an identity`;
  return [
    costOf({
      kind: "limit",
      subjects: namespace === undefined ? [] : [namespace.name],
      title,
      text,
      needsAttention: isTooMany,
    }),
  ];
}

/** The identity with the most sessions at Event Grid: one for each side of an enabled dataflow there, and each instance. */
function mostSessions(
  relays: readonly RelayChange[],
  side: "before" | "after",
): { sessions: number; who: string } | undefined {
  const declared = relays.flatMap((relay) => relay[side] ?? []);
  if (declared.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const relay of declared) countInto(counts, relay);
  const [who, sessions] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? ["nobody", 0];
  return { sessions, who };
}

function countInto(counts: Map<string, number>, { dataflows, endpoints, instanceCount }: DeclaredDataflows): void {
  for (const { isEnabled, source, destination } of dataflows.values()) {
    for (const side of isEnabled ? [source, destination] : []) {
      const endpoint = endpoints.get(side.endpoint);
      if (endpoint?.hostType !== "EventGrid") continue;
      const who = endpoint.authentication || `the endpoint "${endpoint.name}"`;
      counts.set(who, (counts.get(who) ?? 0) + instanceCount);
    }
  }
}

function capacityCosts({ steps }: Preview): Cost[] {
  return steps
    .filter((step) => isAzureType(step, "eventgrid:Namespace") && step.operation === "update")
    .flatMap(({ name, before, after }) => {
      const [old, next] = [before, after].map((inputs) => numberAt(inputs, "sku", "capacity"));
      if (old === undefined || next === undefined || old === next) return [];
      const [messages, bytes] = [next * perThroughputUnit.messages, (next * perThroughputUnit.bytes) / 1_000_000];
      const text =
        `Throughput of the namespace: ${old} → ${count(next, "unit")}, which is ${messages.toLocaleString("en")} messages/s ` +
        `and ${bytes.toLocaleString("en")} MB/s in, and as much out.`;
      return [
        costOf({
          kind: "limit",
          subjects: [name],
          title: `throughput ${old} → ${count(next, "unit")}`,
          text,
          needsAttention: next < old,
        }),
      ];
    });
}
