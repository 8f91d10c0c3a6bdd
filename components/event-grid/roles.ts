import { createHash } from "node:crypto";

/**
 * The roles of Azure that MQTT clients of Event Grid need.
 * @see Azure built-in roles for Integration, EventGrid TopicSpaces Publisher and EventGrid TopicSpaces Subscriber
 */
export const topicSpaceRoles = {
  publisher: { roleName: "EventGrid TopicSpaces Publisher", id: "a12b0b94-b317-4dcd-84a8-502ce99884c6" },
  subscriber: { roleName: "EventGrid TopicSpaces Subscriber", id: "4b0f2fd7-60b4-4eca-896f-4435034f8bf5" },
} as const;

export type TopicSpaceRole = keyof typeof topicSpaceRoles;

/**
 * The full ID of a role in the subscription of a scope; `undefined` when the scope is no Azure resource ID.
 * `/subscriptions/<subscription>/…` → `/subscriptions/<subscription>/providers/Microsoft.Authorization/roleDefinitions/<id>`
 */
export function roleDefinitionId(scope: string, role: TopicSpaceRole): string | undefined {
  return definitionIdIn(scope, topicSpaceRoles[role].id);
}

/** The same for a role of any kind, by its GUID. */
export function definitionIdIn(scope: string, roleId: string): string | undefined {
  const subscription = /^\/subscriptions\/[^/]+(?=\/)/i.exec(scope)?.[0];
  if (subscription === undefined) return undefined;
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
}

/** Namespace of the GUIDs that ARM's `guid()` makes. @see Azure Resource Manager, Bicep string functions, guid */
const guidNamespace = "11fb06fb-712d-4ddd-98c7-e71bbd588830";

/**
 * The name of a role assignment, the same whoever asks for it: a version 5 UUID of scope, principal and role, as ARM's `guid()`
 * makes them. Azure knows an assignment by these three, and takes no second one with another name.
 * @see Azure Resource Manager, Bicep, Create Azure RBAC resources
 */
export function roleAssignmentName(scope: string, principalId: string, role: TopicSpaceRole): string {
  return assignmentNameOf(scope, principalId, topicSpaceRoles[role].id);
}

/** The same for a role of any kind, by its GUID. */
export function assignmentNameOf(scope: string, principalId: string, roleId: string): string {
  // In none of the three does Azure tell upper case from lower case.
  const text = [scope, principalId, roleId].join("-").toLowerCase();
  const namespace = Buffer.from(guidNamespace.replaceAll("-", ""), "hex");
  const bytes = createHash("sha1").update(namespace).update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
