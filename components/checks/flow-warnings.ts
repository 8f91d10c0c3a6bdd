import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import { warnOfDeepLevels } from "../../runtime/contract/config/level-warnings.ts";
import { warnOfOverlaps } from "../../runtime/contract/config/subscription-warnings.ts";
import {
  warnOfForgottenShares,
  warnOfUnrememberedFilters,
  type SharedSource,
} from "../../runtime/contract/config/subscription-warnings.ts";
import { warnOfForeignAudience } from "../../runtime/contract/config/warnings.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Finds a custom broker that gets a token for another one: whoever runs it could use the token there. */
export function findForeignAudience(path: string, method: AuthenticationMethod, given: readonly string[]): Problem[] {
  return byRule("foreign-audience", warnOfForeignAudience(path, method, given));
}

/** Finds a destination topic that asks for a level which only some of the source's topics have. */
export function findDeepLevels(path: string, dataDestination: string, dataSources: readonly string[]): Problem[] {
  return byRule("deep-levels", warnOfDeepLevels(path, dataDestination, dataSources));
}

/** Finds filters of one dataflow that share topics: a broker may send such a message once for each of them. */
export function findOverlappingFilters(path: string, dataSources: readonly string[]): Problem[] {
  return byRule("overlapping-filters", warnOfOverlaps(path, dataSources));
}

/** Finds shared subscriptions at a broker that may forget them when it restarts. */
export function findForgottenShares(source: SharedSource): Problem[] {
  return byRule("forgotten-shares", warnOfForgottenShares(source));
}

/** Finds a source at Event Grid whose removed filters nothing would take back. */
export function findUnrememberedFilters(path: string, endpoint: string): Problem[] {
  return byRule("unremembered-filters", warnOfUnrememberedFilters(path, endpoint));
}
