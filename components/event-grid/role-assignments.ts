import * as authorization from "@pulumi/azure-native/authorization/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { byRule } from "../checks/rules.ts";
import { PrincipalType } from "../enumerations.ts";
import { mapInput, withoutUndefined } from "../known.ts";
import { refusal } from "../refuse.ts";
import { assignmentName, roleDefinitionIn, roleGuid } from "./roles.ts";

/**
 * A role for somebody, beside those that the MQTT clients of the dataflows get. Not for those: a second assignment of a role to the
 * same principal at the same scope is refused by Azure.
 */
export interface RoleAssignmentArgs {
  /**
   * The role: the name of one of Event Grid's or of the general ones, such as `"EventGrid Data Receiver"` or `"Reader"`; or for any
   * other its GUID or full ID. A change replaces the assignment.
   */
  roleDefinitionIdOrName: pulumi.Input<string>;
  /** Object ID of whoever gets it. A change replaces the assignment. */
  principalId: pulumi.Input<string>;
  /**
   * What that object is: a managed identity is a service principal. A change replaces the assignment.
   * @default "ServicePrincipal"
   */
  principalType?: pulumi.Input<PrincipalType>;
  /** What the assignment is for. */
  description?: pulumi.Input<string>;
  /** Condition that narrows the role, in Azure's syntax. */
  condition?: pulumi.Input<string>;
  /**
   * Version of the condition's syntax; Azure has this one only.
   * @default "2.0" where there is a condition
   */
  conditionVersion?: pulumi.Input<string>;
  /** Resource ID of a managed identity of another tenant that the assignment is delegated to, with Azure Lighthouse. */
  delegatedManagedIdentityResourceId?: pulumi.Input<string>;
  /**
   * Name of the assignment, a GUID. A change replaces the assignment.
   * @default the GUID that Bicep's `guid()` makes of scope, principal and role
   */
  name?: pulumi.Input<string>;
}

export interface RoleAssignmentsArgs {
  readonly [name: string]: RoleAssignmentArgs;
}

/** Where roles are assigned. */
export interface RoleAssignmentPlace {
  /** The component and what it is named, for what turns out wrong in the deployment. */
  readonly component: pulumi.ComponentResource;
  readonly name: string;
  /** Where the operator wrote the assignments: `topics.telemetry.roleAssignments`. */
  readonly path: string;
  /** Goes before the names of the resources: `oslo-topic-telemetry`. */
  readonly prefix: string;
  readonly scope: pulumi.Input<string>;
}

/** Creates the role assignments of one scope. */
export function createRoleAssignments(
  place: RoleAssignmentPlace,
  assignments: RoleAssignmentsArgs | undefined,
): pulumi.Resource[] {
  return Object.entries(assignments ?? {}).map(([key, assignment]) => {
    const args = buildRoleAssignment({ ...place, path: `${place.path}.${key}` }, assignment);
    return new authorization.RoleAssignment(`${place.prefix}-${key}`, args, {
      parent: place.component,
      // Azure takes no second assignment of the same role to the same principal at the same scope (409 RoleAssignmentExists).
      deleteBeforeReplace: true,
    });
  });
}

function buildRoleAssignment(
  place: RoleAssignmentPlace,
  { roleDefinitionIdOrName, name, condition, conditionVersion, ...given }: RoleAssignmentArgs,
): authorization.RoleAssignmentArgs {
  const { scope } = place;
  const role = mapInput({ scope, roleDefinitionIdOrName }, (known) => roleOf(place, known));
  return {
    scope,
    roleDefinitionId: mapInput(role, ({ definition }) => definition),
    principalId: given.principalId,
    // Without it Azure looks the principal up, and does not find an identity that was just created.
    principalType: given.principalType ?? PrincipalType.ServicePrincipal,
    roleAssignmentName:
      name ??
      mapInput({ scope, role, principalId: given.principalId }, (known) =>
        assignmentName(known.scope, known.principalId, known.role.id),
      ),
    ...withoutUndefined({ description: given.description, condition }),
    ...withoutUndefined({ delegatedManagedIdentityResourceId: given.delegatedManagedIdentityResourceId }),
    ...(condition === undefined ? {} : { conditionVersion: conditionVersion ?? "2.0" }),
  };
}

/** The role in the subscription of the scope. */
function roleOf(
  { component, name, path }: RoleAssignmentPlace,
  { scope, roleDefinitionIdOrName: given }: { readonly scope: string; readonly roleDefinitionIdOrName: string },
): { readonly id: string; readonly definition: string } {
  const id = roleGuid(given);
  const definition = id === undefined ? undefined : roleDefinitionIn(scope, id);
  if (id !== undefined && definition !== undefined) {
    return { id, definition: given.startsWith("/subscriptions/") ? given : definition };
  }
  const problem = id === undefined ? unknownRole(given) : `is at "${scope}", which is no Azure resource ID`;
  const problems = [{ path: `${path}.roleDefinitionIdOrName`, problem, remedy: roleRemedy }];
  throw refusal(component, name, byRule("namespace-roles", problems));
}

export function unknownRole(idOrName: string): string {
  return `is "${idOrName}", which is neither the name of a known role nor an ID`;
}

export const roleRemedy =
  'give the name of a role of Event Grid, such as "EventGrid Data Receiver", or the GUID of any other';
