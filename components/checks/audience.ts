import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import { warnOfForeignAudience } from "../../runtime/contract/config/warnings.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Finds a custom broker that gets a token for another one: whoever runs it could use the token there. */
export function findForeignAudience(path: string, method: AuthenticationMethod, given: readonly string[]): Problem[] {
  return byRule("foreign-audience", warnOfForeignAudience(path, method, given));
}
