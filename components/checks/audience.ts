import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** The field that says whom a token is for, and the broker that it is for when nothing is said. */
const defaultsOf: { readonly [method in AuthenticationMethod]?: { readonly field: string; readonly broker: string } } =
  {
    SystemAssignedManagedIdentity: { field: "audience", broker: "Event Grid" },
    UserAssignedManagedIdentity: { field: "scope", broker: "Event Grid" },
    ServiceAccountToken: { field: "audience", broker: "AIO's own broker" },
  };

/** Warns of a custom broker that gets a token for another one: whoever runs it could use the token there. */
export function findForeignAudience(path: string, method: AuthenticationMethod, given: readonly string[]): Problem[] {
  const token = defaultsOf[method];
  if (token === undefined || given.includes(token.field)) return [];
  const problem = `is left out, so that this broker gets a token for ${token.broker}`;
  const remedy = "give the one that this broker expects";
  return byRule("foreign-audience", [{ path: `${path}${token.field}`, problem, remedy }]);
}
