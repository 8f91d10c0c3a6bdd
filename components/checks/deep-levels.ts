import { warnOfDeepLevels } from "../../runtime/contract/config/level-warnings.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Finds a destination topic that asks for a level which only some of the source's topics have. */
export function findDeepLevels(path: string, dataDestination: string, dataSources: readonly string[]): Problem[] {
  return byRule("deep-levels", warnOfDeepLevels(path, dataDestination, dataSources));
}
