import { createHash } from "node:crypto";

import { normalizeFilter } from "./config/dataflow-rules.ts";
import { parseSharedFilter } from "./topic/filter.ts";
import { shareGroup } from "./client-id.ts";

/** Who subscribes: decides the name of the share group. */
export interface Subscriber {
  readonly prefix: string;
  readonly dataflow: string;
}

/**
 * The filters that a dataflow subscribes to: with several instances each is a shared subscription, so that a message
 * goes to one of them.
 */
export function subscribedFilters(
  dataSources: readonly string[],
  { instanceCount, ...subscriber }: Subscriber & { readonly instanceCount: number },
): string[] {
  const filters = dataSources.map(normalizeFilter);
  if (instanceCount === 1) return filters;
  return filters.map((filter) => (parseSharedFilter(filter) === undefined ? share(filter, subscriber) : filter));
}

/**
 * What the filters of a dataflow would be with the other kind of `instanceCount`, 1 or more than 1: a session of that time
 * still holds them. A filter that the operator shares under a group of their own is the same in both.
 */
export function otherFormOfFilters(filters: readonly string[], subscriber: Subscriber): string[] {
  return filters
    .flatMap((filter) => {
      const shared = parseSharedFilter(filter);
      if (shared === undefined) return [share(filter, subscriber)];
      return shared !== "malformed" && shared.group === shareGroup(subscriber) ? [shared.filter] : [];
    })
    .filter((filter) => !filters.includes(filter));
}

function share(filter: string, subscriber: Subscriber): string {
  return `$share/${shareGroup(subscriber)}/${filter}`;
}

/** Set in each identifier of ours, so that those which others give (1, 2, 3, mostly) are not taken for one. */
const ourBit = 0x8000000;
const sharedBit = 1;

/**
 * The Subscription Identifier of a filter: the same in each process and each configuration, so that it still says by which
 * filter a message came when the configuration has that filter no more. Below 268,435,456. @see MQTT 5.0 §3.8.2.1.2
 */
export function subscriptionIdentifier(filter: string): number {
  const hash = createHash("sha256").update(filter).digest().readUInt32BE() & (ourBit - 1) & ~sharedBit;
  return ourBit | hash | (parseSharedFilter(filter) === undefined ? 0 : sharedBit);
}

/** Tells whether {@link subscriptionIdentifier} gave an identifier, to a filter that is not shared. */
export function isOfPlainFilter(identifier: number): boolean {
  return (identifier & ourBit) !== 0 && (identifier & sharedBit) === 0;
}

/** Topics with more levels are not searched: each level doubles the filters that are tried, and 10 take some milliseconds. */
const maxSearchedLevels = 10;

/**
 * Finds the text of a filter from its identifier and the name of a topic that it brought: tries every filter that takes the
 * topic in, behind each of `prefixes`: `$share/<group>/`, or nothing for a plain filter. `undefined` where none has the identifier.
 */
export function findFilter(identifier: number, topic: string, prefixes: readonly string[]): string | undefined {
  const levels = topic.split("/");
  if (levels.length > maxSearchedLevels) return undefined;
  let tried = [""];
  const found = (candidates: readonly string[]) => {
    for (const prefix of prefixes) {
      const match = candidates.find((filter) => subscriptionIdentifier(prefix + filter) === identifier);
      if (match !== undefined) return prefix + match;
    }
    return undefined;
  };
  for (const [index, level] of levels.entries()) {
    const open = found(tried.map((start) => `${start}#`));
    if (open !== undefined) return open;
    const separator = index < levels.length - 1 ? "/" : "";
    tried = tried.flatMap((start) => [start + level + separator, `${start}+${separator}`]);
  }
  // "a/#" takes in "a" too.
  return found(tried) ?? found(tried.map((start) => `${start}/#`));
}
