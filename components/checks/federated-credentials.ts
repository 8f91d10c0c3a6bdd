import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Federated identity credentials that one user-assigned managed identity can have. @see Microsoft Entra, service limits and restrictions of federated credentials */
export const maxFederatedCredentials = 20;

/** Refuses one credential too many for an identity that many sites share. */
export function checkFederatedCredentials(path: string, identityName: string, count: number): Problem[] {
  if (count <= maxFederatedCredentials) return [];
  const problem = `is "${identityName}", which would get ${count} federated identity credentials of the ${maxFederatedCredentials} that an identity can have`;
  const remedy = `use another managed identity from the ${maxFederatedCredentials + 1}st site on`;
  return byRule("federated-credentials", [{ path, problem, remedy }]);
}
