import {
  warnOfForgottenShares,
  warnOfUnrememberedFilters,
  type SharedSource,
} from "../../runtime/contract/config/subscription-warnings.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Finds shared subscriptions at a broker that may forget them when it restarts. */
export function findForgottenShares(source: SharedSource): Problem[] {
  return byRule("forgotten-shares", warnOfForgottenShares(source));
}

/** Finds a source at Event Grid whose removed filters nothing would take back. */
export function findUnrememberedFilters(path: string, endpoint: string): Problem[] {
  return byRule("unremembered-filters", warnOfUnrememberedFilters(path, endpoint));
}
