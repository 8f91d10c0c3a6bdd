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
  const subscription = /^\/subscriptions\/[^/]+(?=\/)/i.exec(scope)?.[0];
  if (subscription === undefined) return undefined;
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${topicSpaceRoles[role].id}`;
}
