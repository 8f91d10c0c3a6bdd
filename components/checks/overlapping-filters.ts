import type { Problem } from "../../runtime/contract/errors.ts";
import { filtersOverlap, unsharedFilter } from "../topic-sets.ts";
import { byRule } from "./rules.ts";

/** Finds filters of one dataflow that share topics: a broker may deliver such a message once for each of them. */
export function findOverlappingFilters(path: string, dataSources: readonly string[]): Problem[] {
  const problems = dataSources.flatMap((filter, index) => {
    const other = dataSources
      .slice(0, index)
      .find((one) => filtersOverlap(unsharedFilter(one), unsharedFilter(filter)));
    if (other === undefined) return [];
    const problem = `"${filter}" shares topics with "${other}", and a broker may deliver them twice`;
    return [{ path: `${path}[${index}]`, problem, remedy: "remove one of them, or narrow it" }];
  });
  return byRule("overlapping-filters", problems);
}
