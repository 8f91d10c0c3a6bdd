import { builtInRoles, topicSpaceRoles } from "../../components/event-grid/roles.ts";
import { isAzureType } from "./aio-dataflows.ts";
import type { Preview, Step } from "./preview.ts";
import type { AccessChange } from "./review.ts";
import { byText, textAt } from "./values.ts";
import type { Fields } from "./values.ts";

/** Roles that somebody gets or loses; those that are lost come first. A role that is replaced by itself is neither. */
export function findAccessChanges({ steps }: Preview): AccessChange[] {
  const before = new Set(steps.flatMap(holderBefore));
  const all = steps
    .filter(({ operation }) => operation !== "same" && operation !== "read")
    .flatMap(readChanges)
    .map((change) => ({ ...change, isNewHolder: change.change === "granted" && !before.has(change.holder) }));
  const kept = new Set(all.map(keyOf).filter((key, _, keys) => keys.indexOf(key) !== keys.lastIndexOf(key)));
  const order = (change: AccessChange) =>
    `${change.change === "revoked" ? 0 : 1} ${change.holder.startsWith("identity") ? 0 : 1} ${change.holder} ${change.scope}`;
  return all.filter((change) => !kept.has(keyOf(change))).sort((a, b) => byText(order(a), order(b)));
}

function keyOf({ role, holder, scope }: Change): string {
  return JSON.stringify([role, holder, scope]);
}

/** Who had a role before, whether or not it changes. */
function holderBefore(step: Step): string[] {
  const read = readers.find(([type]) => isAzureType(step, type))?.[1];
  return read === undefined || step.before === undefined ? [] : [read(step.before, step).holder];
}

type Change = Access & Pick<AccessChange, "change">;

function readChanges(step: Step): Change[] {
  const read = readers.find(([type]) => isAzureType(step, type))?.[1];
  if (read === undefined) return [];
  const [lost, got] = [step.before, step.after].map((inputs) => (inputs === undefined ? [] : [read(inputs, step)]));
  if (step.operation === "update" || step.operation === "refresh") return [];
  return [
    ...(step.operation === "create" ? [] : (lost ?? [])).map((access) => ({ change: "revoked" as const, ...access })),
    ...(got ?? []).map((access) => ({ change: "granted" as const, ...access })),
  ];
}

type Access = Omit<AccessChange, "change" | "isNewHolder">;

/** How each type of resource says who may do what. */
const readers: readonly (readonly [string, (inputs: Fields, step: Step) => Access])[] = [
  ["authorization:RoleAssignment", readRoleAssignment],
  ["eventgrid:PermissionBinding", readPermissionBinding],
  ["managedidentity:FederatedIdentityCredential", readFederation],
];

const roleNames = new Map(Object.entries(builtInRoles).map(([name, id]) => [id, name]));

function readRoleAssignment(inputs: Fields, step: Step): Access {
  const id = textAt(inputs, "roleDefinitionId")?.split("/").at(-1)?.toLowerCase();
  // Of a role that is not known yet the description still tells: the components begin it with the role's name.
  const described = [...roleNames.values()].find((name) => textAt(inputs, "description")?.startsWith(name));
  const role = id === undefined ? (described ?? "a role that is not known yet") : (roleNames.get(id) ?? `role ${id}`);
  const scope = textAt(inputs, "scope");
  const principal = textAt(inputs, "principalId");
  const isOfTopics = Object.values(topicSpaceRoles).some(({ roleName }) => roleName === role);
  const reach = scope === undefined ? reachOfName(step) : reachOf(scope);
  return {
    role,
    holder: principal === undefined ? "an identity that is not known yet" : `identity "${principal}"`,
    scope: scope === undefined ? placeOfName(step) : placeOf(scope),
    reach: isOfTopics ? reach : "wider",
  };
}

const inNamespace = /\/providers\/Microsoft\.EventGrid\/namespaces\/([^/]+)(?:\/(topicSpaces|topics)\/([^/]+))?$/i;

/** `/subscriptions/…/namespaces/contoso/topicSpaces/telemetry` → `topic space "telemetry"` */
function placeOf(scope: string): string {
  const [, namespace, kind, name] = inNamespace.exec(scope) ?? [];
  if (namespace === undefined) return `"${scope}"`;
  if (name === undefined) return `namespace "${namespace}"`;
  return `${kind?.toLowerCase() === "topics" ? "topic" : "topic space"} "${name}" of "${namespace}"`;
}

function reachOf(scope: string): AccessChange["reach"] {
  const [whole, , , name] = inNamespace.exec(scope) ?? [];
  if (whole === undefined) return "wider";
  return name === undefined ? "namespace" : "topic-space";
}

/** The components name an assignment after its place and role: `oslo-access-telemetry-publisher` below `oslo-access`. */
function placeOfName({ name, parent }: Step): string {
  const noun = name.startsWith(`${parent}-`)
    ? name.slice(parent.length + 1).replace(/-(publisher|subscriber)$/, "")
    : "";
  if (noun === "") return "a resource that is created with it";
  return noun === "namespace" ? "the namespace that is created with it" : `topic space "${noun}"`;
}

function reachOfName(step: Step): AccessChange["reach"] {
  return placeOfName(step).startsWith("topic space") ? "topic-space" : "namespace";
}

function readPermissionBinding(inputs: Fields, { name }: Step): Access {
  const permission = textAt(inputs, "permission") ?? "a permission that is not known yet";
  const group = textAt(inputs, "clientGroupName") ?? name;
  const space = textAt(inputs, "topicSpaceName") ?? "one that is not known yet";
  return {
    role: permission,
    holder: `client group "${group}"`,
    scope: `topic space "${space}"`,
    reach: group.toLowerCase() === "$all" ? "namespace" : "topic-space",
  };
}

function readFederation(inputs: Fields, { name }: Step): Access {
  const subject = textAt(inputs, "subject") ?? "a service account that is created with it";
  const identity = textAt(inputs, "resourceName") ?? name;
  return {
    role: "sign in as the identity",
    holder: `"${subject}"`,
    scope: `managed identity "${identity}"`,
    reach: "topic-space",
  };
}
