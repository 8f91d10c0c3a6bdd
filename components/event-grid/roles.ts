import { createHash } from "node:crypto";

/**
 * The roles of Azure that MQTT clients of Event Grid need.
 * @see Azure built-in roles for Integration, EventGrid TopicSpaces Publisher and EventGrid TopicSpaces Subscriber
 */
export const topicSpaceRoles = {
  publisher: { roleName: "EventGrid TopicSpaces Publisher", id: "a12b0b94-b317-4dcd-84a8-502ce99884c6" },
  subscriber: { roleName: "EventGrid TopicSpaces Subscriber", id: "4b0f2fd7-60b4-4eca-896f-4435034f8bf5" },
} as const;

/**
 * Roles that can be named rather than given by their ID: those of Event Grid, and the general ones.
 * @see Azure built-in roles; Azure Verified Modules, avm/res/event-grid/namespace
 */
export const builtInRoles: { readonly [name: string]: string } = {
  Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  Owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  Reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
  "Azure Resource Notifications System Topics Subscriber": "0b962ed2-6d56-471c-bd5f-3477d83a7ba4",
  "EventGrid Contributor": "1e241071-0855-49ea-94dc-649edcd759de",
  "EventGrid Data Contributor": "1d8c3fe3-8864-474b-8749-01e3783e8157",
  "EventGrid Data Receiver": "78cbd9e7-9798-4e2e-9b5a-547d9ebb31fb",
  "EventGrid Data Sender": "d5a91429-5739-47e2-a06b-3470a27159e7",
  "EventGrid EventSubscription Contributor": "428e0ff0-5e57-4d9c-a221-2c70d0e0a443",
  "EventGrid EventSubscription Reader": "2414bbcf-6497-4faf-8c65-045460748405",
  [topicSpaceRoles.publisher.roleName]: topicSpaceRoles.publisher.id,
  [topicSpaceRoles.subscriber.roleName]: topicSpaceRoles.subscriber.id,
};

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const definitionId = /\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i;

/** The GUID of a role that is given by its name, its GUID or its full ID; `undefined` for any other text. */
export function roleGuid(idOrName: string): string | undefined {
  if (Object.hasOwn(builtInRoles, idOrName)) return builtInRoles[idOrName];
  const id = definitionId.exec(idOrName)?.[1] ?? idOrName;
  return guid.test(id) ? id : undefined;
}

export type TopicSpaceRole = keyof typeof topicSpaceRoles;

/**
 * The full ID of a role in the subscription of a scope; `undefined` when the scope is no Azure resource ID.
 * `/subscriptions/<subscription>/…` → `/subscriptions/<subscription>/providers/Microsoft.Authorization/roleDefinitions/<id>`
 */
export function roleDefinitionId(scope: string, role: TopicSpaceRole): string | undefined {
  return roleDefinitionIn(scope, topicSpaceRoles[role].id);
}

/** {@link roleDefinitionId} of a role that is known by its GUID. */
export function roleDefinitionIn(scope: string, id: string): string | undefined {
  const subscription = /^\/subscriptions\/[^/]+(?=\/)/i.exec(scope)?.[0];
  if (subscription === undefined) return undefined;
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
}

/** Namespace of the GUIDs that ARM's `guid()` makes. @see Azure Resource Manager, Bicep string functions, guid */
const guidNamespace = "11fb06fb-712d-4ddd-98c7-e71bbd588830";

/**
 * The name of a role assignment, the same whoever asks for it: a version 5 UUID of scope, principal and role, as ARM's `guid()`
 * makes them. Azure knows an assignment by these three, and takes no second one with another name.
 * @see Azure Resource Manager, Bicep, Create Azure RBAC resources
 */
export function roleAssignmentName(scope: string, principalId: string, role: TopicSpaceRole): string {
  return assignmentName(scope, principalId, topicSpaceRoles[role].id);
}

/** {@link roleAssignmentName} of a role that is known by its GUID. */
export function assignmentName(scope: string, principalId: string, roleId: string): string {
  // In none of the three does Azure tell upper case from lower case.
  const text = [scope, principalId, roleId].join("-").toLowerCase();
  const namespace = Buffer.from(guidNamespace.replaceAll("-", ""), "hex");
  const bytes = createHash("sha1").update(namespace).update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
