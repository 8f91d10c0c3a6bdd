import { warnOfOverlaps } from "../../runtime/contract/config/subscription-warnings.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Finds filters of one dataflow that share topics: a broker may send such a message once for each of them. */
export function findOverlappingFilters(path: string, dataSources: readonly string[]): Problem[] {
  return byRule("overlapping-filters", warnOfOverlaps(path, dataSources));
}
