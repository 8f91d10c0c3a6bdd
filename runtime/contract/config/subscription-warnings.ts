import { quote, type Problem } from "../errors.ts";
import { parseSharedFilter } from "../topic/filter.ts";
import { findOverlaps, unsharedFilter } from "../topic/overlap.ts";

/**
 * Warns of filters of one dataflow that share topics: MQTT lets a broker send such a message once for each of them, and
 * mosquitto does. @see MQTT 5.0 §3.3.4
 *
 * @param path where the dataflow's list of filters is
 */
export function warnOfOverlaps(path: string, dataSources: readonly string[]): Problem[] {
  return findOverlaps(dataSources).map(({ filter, index, other }) => {
    const problem = `${quote(filter)} shares topics with ${quote(other)}, and a broker may send such a message once for each of them`;
    return { path: `${path}[${index}]`, problem, remedy: "remove one of them, or narrow it" };
  });
}

/** The subscriptions of a dataflow at a broker that is neither AIO's nor Event Grid, and where they were written. */
export interface SharedSource {
  readonly endpoint: string;
  readonly dataSources: readonly string[];
  readonly instanceCount: number;
  readonly paths: { readonly instanceCount: string; readonly dataSources: string };
}

/**
 * Warns of shared subscriptions at a broker that may forget them. mosquitto 2.0 keeps sessions and plain subscriptions over
 * its restart, and no shared ones: tried with 2.0.11, of 100 messages between its restart and the next SUBSCRIBE none came.
 */
export function warnOfForgottenShares({ endpoint, dataSources, instanceCount, paths }: SharedSource): Problem[] {
  const loss = "mosquitto 2.0 forgets those when it restarts: what comes before the dataflow subscribes again is lost";
  const other = "use a broker that keeps shared subscriptions, or count on that loss";
  if (instanceCount > 1) {
    const problem = `is ${instanceCount}, so the source "${endpoint}" has shared subscriptions, and ${loss}`;
    return [{ path: paths.instanceCount, problem, remedy: `set it to 1, ${other}` }];
  }
  return dataSources.flatMap((filter, index) => {
    if (typeof parseSharedFilter(filter.replace(/^\$shared\//, "$share/")) !== "object") return [];
    const problem = `${quote(filter)} is a shared subscription, and ${loss}`;
    return [
      { path: `${paths.dataSources}[${index}]`, problem, remedy: `give ${quote(unsharedFilter(filter))}, ${other}` },
    ];
  });
}

/**
 * Warns of a source at Event Grid without a disk. Event Grid has no subscription identifiers, so nothing but a memory on the
 * disk tells which filters its kept session still holds.
 * @see Event Grid, MQTT support (2025-07-30), unsupported features
 *
 * @param path where the spool's mode is
 */
export function warnOfUnrememberedFilters(path: string, endpoint: string): Problem[] {
  const problem = `is Disabled, so nothing remembers the filters of the session at "${endpoint}": one that is taken out of dataSources later goes on delivering until the session expires`;
  const remedy = 'set it to "Enabled", or let the session expire before dataSources change';
  return [{ path, problem, remedy }];
}
