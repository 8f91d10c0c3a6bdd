import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Refuses the system-assigned identity where nobody said that there is one: a pod can't use that of AIO's Arc extension. */
export function checkNodeIdentity(path: string, method: AuthenticationMethod, useNodeIdentity: boolean): Problem[] {
  if (method !== "SystemAssignedManagedIdentity" || useNodeIdentity) return [];
  const problem = "is SystemAssignedManagedIdentity, and a relay's pod can't use the identity of AIO's Arc extension";
  const remedy =
    "use UserAssignedManagedIdentity, or set relay.useNodeIdentity where the nodes have an identity of their own";
  return byRule("node-identity", [{ path, problem, remedy }]);
}
