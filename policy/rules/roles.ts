import { topicSpaceRoles } from "../../components/event-grid/roles.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { isAzureType, textAt, textsAt } from "../inputs.ts";
import type { Inputs, Rule } from "../rule.ts";

/** Roles that let a principal change resources, or who may. @see Azure built-in roles, Privileged (2024-12-12) */
const privilegedRoles: { readonly [id: string]: string } = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
  "1e241071-0855-49ea-94dc-649edcd759de": "EventGrid Contributor",
};

const dataRoles: { readonly [id: string]: string } = Object.fromEntries(
  Object.values(topicSpaceRoles).map(({ id, roleName }) => [id, roleName]),
);

/** A namespace, or a topic space in one. */
const namespaceScope =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventGrid\/namespaces\/[^/]+/i;

export const dataRoleScope: Rule = {
  name: "mqtt-role-scope",
  description: "Roles to publish and subscribe are assigned at a topic space or a namespace.",
  source: "Specification, Assign permission to managed identity",
  enforcementLevel: "mandatory",
  severity: "high",
  check: ({ type, props }) => {
    if (!isAzureType(type, "authorization:RoleAssignment")) return [];
    const role = dataRoles[roleId(props)];
    if (role === undefined || namespaceScope.test(scopeOf(props))) return [];
    return [tooWide(role, props, "assign it at the topic space, or at the namespace")];
  },
};

export const privilegedRole: Rule = {
  name: "relay-privileged-role",
  description: "The identity of a relay has no role that changes resources.",
  source: "Specification, Assign permission to managed identity; Azure built-in roles, Privileged (2024-12-12)",
  enforcementLevel: "mandatory",
  severity: "critical",
  configSchema: {
    properties: {
      relayPrincipalIds: {
        type: "array",
        items: { type: "string" },
        default: [],
        description:
          "Object IDs of the relays' managed identities. Empty: every service principal is taken for one, where its role " +
          "is for a whole resource group or more.",
      },
    },
  },
  check: ({ type, props }, config) => {
    if (!isAzureType(type, "authorization:RoleAssignment")) return [];
    const role = privilegedRoles[roleId(props)];
    if (role === undefined || !isRelay(props, textsAt(config, "relayPrincipalIds"))) return [];
    const roles = Object.values(topicSpaceRoles).map(({ roleName }) => roleName);
    return [tooWide(role, props, `assign ${roles.join(" or ")} at the topic space instead`)];
  },
};

/** Without a list no identity is known for a relay's; what manages a single resource is left alone then. */
function isRelay(props: Inputs, principalIds: readonly string[]): boolean {
  if (principalIds.length > 0) return principalIds.includes(textAt(props, "principalId") ?? "");
  const isWide = /^(\/providers\/Microsoft\.Management\/.*|\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?|)\/?$/i;
  return textAt(props, "principalType") === "ServicePrincipal" && isWide.test(scopeOf(props));
}

function roleId(props: Inputs): string {
  return (textAt(props, "roleDefinitionId") ?? "").split("/").at(-1)?.toLowerCase() ?? "";
}

function scopeOf(props: Inputs): string {
  return textAt(props, "scope") ?? "";
}

function tooWide(role: string, props: Inputs, remedy: string): Problem {
  return { path: "scope", problem: `gives ${role} at "${scopeOf(props)}"`, remedy };
}
