import type * as authorization from "@pulumi/azure-native/authorization/index.js";

import { PrincipalType } from "../enumerations.ts";
import { assignmentName, roleDefinitionIn } from "../event-grid/roles.ts";
import { mapInput } from "../known.ts";
import type { SecretSyncArgs } from "./settings.ts";

/**
 * The roles that secret sync's identity needs at its Key Vault.
 * @see Azure Arc, Secret Store extension, Create a user-assigned managed identity; Azure built-in roles for Security
 */
export const vaultRoles = {
  reader: { roleName: "Key Vault Reader", id: "21090545-7ca7-4776-b22c-e363652d74d2" },
  user: { roleName: "Key Vault Secrets User", id: "4633458b-17de-408a-b874-0445c86b69e6" },
} as const;

export type VaultRole = keyof typeof vaultRoles;

/** The role assignments of secret sync's identity, by the last part of their resource's name; none where they are left to others. */
export function buildVaultRoles({
  identity,
  vaultId,
}: SecretSyncArgs): [VaultRole, authorization.RoleAssignmentArgs][] {
  const { principalId, principalType } = identity;
  if (principalId === undefined || vaultId === undefined) return [];
  return (["reader", "user"] as const).map((role) => {
    const { id, roleName } = vaultRoles[role];
    const assignment = {
      scope: vaultId,
      // What is no ID of a vault a check has refused, or the deployment will.
      roleDefinitionId: mapInput(vaultId, (scope) => roleDefinitionIn(scope, id) ?? ""),
      principalId,
      // Without it Azure looks the principal up, and does not find an identity that was just created.
      principalType: principalType ?? PrincipalType.ServicePrincipal,
      roleAssignmentName: mapInput({ vaultId, principalId }, (known) =>
        assignmentName(known.vaultId, known.principalId, id),
      ),
      description: `${roleName} for the Secrets of MQTT dataflows`,
    };
    return [role, assignment];
  });
}
