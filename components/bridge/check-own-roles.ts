import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { listScopes } from "../checks/namespace-roles.ts";
import { byRule } from "../checks/rules.ts";
import { roleGuid, topicSpaceRoles } from "../event-grid/roles.ts";
import { isKnown } from "../known.ts";
import { listOwnRoles } from "./grants.ts";
import type { Plan } from "./plan.ts";

/**
 * Refuses roles that the dataflows' own identities get from the bridge already.
 * @see Azure RBAC, Troubleshoot, "The role assignment already exists"
 */
export function checkOwnRoles(plan: Plan): Problem[] {
  const { eventGrid } = plan.args;
  if (eventGrid === undefined) return [];
  const derived = new Map<string, pulumi.Input<string>>(
    listOwnRoles(plan).map(({ role, principalId, space }) => {
      const scope = space === undefined ? "roleAssignments" : `topicSpaces.${space}.roleAssignments`;
      return [`${scope} ${topicSpaceRoles[role].id}`, principalId] as const;
    }),
  );
  const problems = listScopes(eventGrid).flatMap(([scope, assignments]) =>
    Object.entries(assignments ?? {}).flatMap(([key, { roleDefinitionIdOrName: role, principalId }]) => {
      const id = isKnown(role) ? roleGuid(role) : undefined;
      if (id === undefined || derived.get(`${scope} ${id.toLowerCase()}`) !== principalId) return [];
      const problem = "gives a role that the dataflows call for and the bridge assigns, which Azure takes once";
      return [{ path: `eventGrid.${scope}.${key}`, problem, remedy: "remove it" }];
    }),
  );
  return byRule("namespace-roles", problems);
}
