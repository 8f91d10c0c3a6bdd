import { normalizeFilter } from "./config/dataflow-rules.ts";
import { matchesTopicFilter, parseSharedFilter } from "./topic/filter.ts";
import { unsharedFilter } from "./topic/overlap.ts";
import { shareGroup } from "./client-id.ts";

/**
 * The filters that a dataflow subscribes to: with several instances each is a shared subscription, so that a message
 * goes to one of them.
 */
export function subscribedFilters(
  dataSources: readonly string[],
  { instanceCount, prefix, dataflow }: { instanceCount: number; prefix: string; dataflow: string },
): string[] {
  const filters = dataSources.map(normalizeFilter);
  if (instanceCount === 1) return filters;
  const group = shareGroup({ prefix, dataflow });
  return filters.map((filter) => (parseSharedFilter(filter) === undefined ? `$share/${group}/${filter}` : filter));
}

/** Tells whether one of the filters, shared or not, asks for a topic. */
export function isAskedFor(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => matchesTopicFilter(unsharedFilter(filter), topic));
}
