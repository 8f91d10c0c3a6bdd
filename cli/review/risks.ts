import { isAzureType } from "./aio-dataflows.ts";
import { costOf, count, namesOf } from "./cost.ts";
import type { RelayChange } from "./declared-dataflows.ts";
import { isRelay } from "./pods.ts";
import type { Preview, Step } from "./preview.ts";
import type { Cost } from "./review.ts";
import { byText, textAt } from "./values.ts";

/** Hosts of the namespaces that end with all their sessions. */
export function hostsThatEnd({ steps }: Preview): string[] {
  return steps
    .filter((step) => isAzureType(step, "eventgrid:Namespace") && leaves(step))
    .flatMap(({ outputs }) => textAt(outputs, "topicSpacesConfiguration", "hostname") ?? []);
}

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
      const title = `Event Grid namespace "${name}" is ${say(step)}`;
      const text = `The ${title}: every session in it ends, and every message that waits in one is lost.${more}`;
      return costOf({ kind: "data-deleted", subjects: [name], title, text, needsAttention: true });
    });
}

/** How the components declare the claims of a relay. Pulumi deletes none of them: it lets go of it. */
const claimType = "kubernetes:core/v1:PersistentVolumeClaimPatch";

function claimRisks(steps: readonly Step[]): Cost[] {
  const left = steps.filter((step) => step.type === claimType && leaves(step));
  const grown = steps.filter((step) => step.type === claimType && step.operation === "update");
  const costs: Cost[] = [];
  const names = left.map(({ before, name }) => textAt(before, "metadata", "name") ?? name).sort(byText);
  if (names.length > 0) {
    const title = `${count(names.length, "disk is", "disks are")} left behind`;
    const [claims, them, instances] =
      names.length === 1 ? ["its claim", "it", "that instance"] : ["their claims", "them", "those instances"];
    const text =
      `${title}: ${namesOf(names)}. The cluster keeps ${claims}, and nothing delivers the messages on ${them}. ` +
      `Before the change, wait until relay_spool_messages of ${instances} is 0.`;
    costs.push(costOf({ kind: "disk-left", subjects: names, title, text, needsAttention: true }));
  }
  for (const { before, after, name } of grown) {
    const [old, next] = [before, after].map((inputs) => textAt(inputs, "spec", "resources", "requests", "storage"));
    if (old === undefined || next === undefined || old === next) continue;
    const title = `disk "${textAt(after, "metadata", "name") ?? name}" grows`;
    const text = `The ${title} in place: ${old} → ${next}. No pod restarts for it.`;
    costs.push(costOf({ kind: "disk-grows", subjects: [name], title, text, needsAttention: false }));
  }
  return costs;
}

function roleRisks(steps: readonly Step[]): Cost[] {
  const replaced = steps.filter(
    (step) => isAzureType(step, "authorization:RoleAssignment") && step.operation === "replace",
  );
  if (replaced.length === 0) return [];
  const title = `${count(replaced.length, "role assignment is", "role assignments are")} deleted and created again`;
  const text = `${title}. Until the new ones have arrived everywhere, which takes minutes, Event Grid refuses the clients.`;
  return [costOf({ kind: "replaced", subjects: replaced.map(({ name }) => name), title, text, needsAttention: true })];
}

/** Types that are told elsewhere, or that hold nothing: their going is no risk of its own. */
const toldElsewhere = [
  /^pulumi:/,
  /^mqtt-dataflow:/,
  /:eventgrid(\/v\w+)?:(Namespace|PermissionBinding)$/,
  /:authorization(\/v\w+)?:RoleAssignment$/,
  /:managedidentity(\/v\w+)?:FederatedIdentityCredential$/,
  /:iotoperations(\/v\w+)?:Dataflow$/,
  /:PersistentVolumeClaimPatch$/,
  /^kubernetes:core\/v1:(ConfigMap|Secret|Service|ServiceAccount)(Patch)?$/,
  /^kubernetes:networking\.k8s\.io\/v1:NetworkPolicy$/,
  /^kubernetes:policy\/v1:PodDisruptionBudget$/,
];

function otherRisks(steps: readonly Step[]): Cost[] {
  const others = steps.filter(
    (step) => leaves(step) && !isRelay(step) && !toldElsewhere.some((type) => type.test(step.type)),
  );
  return (["replace", "delete"] as const).flatMap((operation) => {
    const ours = others.filter((step) => step.operation === operation);
    if (ours.length === 0) return [];
    const kinds = [...new Set(ours.map(({ type }) => type.split(":").at(-1) ?? type))].sort(byText);
    const listed = kinds.map((kind) => {
      const names = ours.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ name }) => name);
      return `${kind} ${namesOf(names.sort(byText))}`;
    });
    const done = operation === "replace" ? "replaced" : "deleted";
    const title = `${count(ours.length, "resource is", "resources are")} ${done}`;
    const text = `${title}: ${listed.join("; ")}.`;
    return [costOf({ kind: done, subjects: ours.map(({ name }) => name), title, text, needsAttention: true })];
  });
}

/** Endpoints that reach another broker from now on. */
function hostChanges(relays: readonly RelayChange[]): Cost[] {
  return relays.flatMap(({ before, after }) =>
    [...(before?.endpoints.values() ?? [])].flatMap(({ name, host }) => {
      const next = after?.endpoints.get(name);
      if (host === undefined || next === undefined || next.host === host) return [];
      const shown = next.host ?? "known after the deployment";
      const title = `endpoint "${name}" reaches another host`;
      const text = `The ${title}: "${host}" → "${shown}". What the old broker still holds for the relay is not delivered.`;
      return [costOf({ kind: "host-changed", subjects: [name], title, text, needsAttention: true })];
    }),
  );
}
