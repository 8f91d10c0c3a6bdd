import { isAzureType } from "./aio-dataflows.ts";
import { costOf, count, namesOf } from "./cost.ts";
import type { RelayChange } from "./declared-dataflows.ts";
import type { Preview, Step } from "./preview.ts";
import type { Cost } from "./review.ts";
import { byText, textAt } from "./values.ts";

/** What is deleted, replaced or left behind, and hosts that change. */
export function findRisks(preview: Preview, relays: readonly RelayChange[]): Cost[] {
  const { steps } = preview;
  return [
    ...namespaceRisks(steps),
    ...claimRisks(steps),
    ...roleRisks(steps),
    ...otherRisks(steps),
    ...hostChanges(relays),
  ];
}

function leaves({ operation }: Step): boolean {
  return operation === "delete" || operation === "replace";
}

const say = ({ operation }: Step) => (operation === "replace" ? "replaced" : "deleted");

function namespaceRisks(steps: readonly Step[]): Cost[] {
  return steps
    .filter((step) => isAzureType(step, "eventgrid:Namespace") && leaves(step))
    .map((step) => {
      const name = textAt(step.before, "namespaceName") ?? step.name;
      const more = step.operation === "replace" ? " Its host name changes." : "";
      const text = `The Event Grid namespace "${name}" is ${say(step)}: every session in it ends, and every message that waits in one is lost.${more}`;
      return costOf({ kind: "data-deleted", subjects: [name], text, needsAttention: true });
    });
}

const claimType = /^kubernetes:core\/v1:PersistentVolumeClaim(Patch)?$/;

/** Pulumi deletes no claim of a relay: it lets go of it. */
function claimRisks(steps: readonly Step[]): Cost[] {
  const left = steps.filter((step) => claimType.test(step.type) && leaves(step));
  const grown = steps.filter((step) => claimType.test(step.type) && step.operation === "update");
  const costs: Cost[] = [];
  const names = left.map(({ before, name }) => textAt(before, "metadata", "name") ?? name).sort(byText);
  if (names.length > 0) {
    const text =
      `${count(names.length, "disk is", "disks are")} left behind: ${namesOf(names)}. The cluster keeps the claim, and nothing delivers the messages on it. ` +
      `Wait until relay_spool_messages of those instances is 0 before the change.`;
    costs.push(costOf({ kind: "disk-left", subjects: names, text, needsAttention: true }));
  }
  for (const { before, after, name } of grown) {
    const [old, next] = [before, after].map((inputs) => textAt(inputs, "spec", "resources", "requests", "storage"));
    if (old === undefined || next === undefined || old === next) continue;
    const text = `The disk "${textAt(after, "metadata", "name") ?? name}" grows in place: ${old} → ${next}. No pod restarts for it.`;
    costs.push(costOf({ kind: "disk-grows", subjects: [name], text, needsAttention: false }));
  }
  return costs;
}

function roleRisks(steps: readonly Step[]): Cost[] {
  const replaced = steps.filter(
    (step) => isAzureType(step, "authorization:RoleAssignment") && step.operation === "replace",
  );
  if (replaced.length === 0) return [];
  const text =
    `${count(replaced.length, "role assignment is", "role assignments are")} deleted and created again. Until the new ones have arrived everywhere, ` +
    `which takes minutes, Event Grid refuses the clients.`;
  return [costOf({ kind: "replaced", subjects: replaced.map(({ name }) => name), text, needsAttention: true })];
}

/** Types that are told elsewhere, or that hold nothing: their going is no risk of its own. */
const toldElsewhere = [
  /^pulumi:/,
  /^mqtt-dataflow:/,
  /:eventgrid(\/v\w+)?:(Namespace|PermissionBinding)$/,
  /:authorization(\/v\w+)?:RoleAssignment$/,
  /:managedidentity(\/v\w+)?:FederatedIdentityCredential$/,
  /:iotoperations(\/v\w+)?:Dataflow$/,
  claimType,
  /^kubernetes:apps\/v1:StatefulSet$/,
  /^kubernetes:core\/v1:(ConfigMap|Secret|Service|ServiceAccount)(Patch)?$/,
  /^kubernetes:networking\.k8s\.io\/v1:NetworkPolicy$/,
  /^kubernetes:policy\/v1:PodDisruptionBudget$/,
];

function otherRisks(steps: readonly Step[]): Cost[] {
  const others = steps.filter((step) => leaves(step) && !toldElsewhere.some((type) => type.test(step.type)));
  return (["replace", "delete"] as const).flatMap((operation) => {
    const ours = others.filter((step) => step.operation === operation);
    if (ours.length === 0) return [];
    const kinds = [...new Set(ours.map(({ type }) => type.split(":").at(-1) ?? type))].sort(byText);
    const listed = kinds.map((kind) => {
      const names = ours.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ name }) => name);
      return `${kind} ${namesOf(names.sort(byText))}`;
    });
    const done = operation === "replace" ? "replaced" : "deleted";
    const text = `${count(ours.length, "resource is", "resources are")} ${done}: ${listed.join("; ")}.`;
    return [costOf({ kind: done, subjects: ours.map(({ name }) => name), text, needsAttention: true })];
  });
}

/** Endpoints that reach another broker from now on. */
function hostChanges(relays: readonly RelayChange[]): Cost[] {
  return relays.flatMap(({ before, after }) =>
    [...(before?.endpoints.values() ?? [])].flatMap(({ name, host }) => {
      const next = after?.endpoints.get(name);
      if (host === undefined || next === undefined || next.host === host) return [];
      const shown = next.host ?? "one that is known after the deployment";
      const text = `The endpoint "${name}" reaches another host: ${host} → ${shown}. What the old broker still holds for the relay stays there.`;
      return [costOf({ kind: "host-changed", subjects: [name], text, needsAttention: true })];
    }),
  );
}
