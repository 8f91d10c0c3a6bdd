import { matchesTopicFilter, parseSharedFilter } from "../../runtime/contract/topic/filter.ts";
import type { Subscription } from "./subscription.ts";

/** A subscriber and the subscription that matched. */
export interface Match<S> {
  readonly subscriber: S;
  readonly subscription: Subscription;
}

/** The members of one shared subscription; one of them gets each message. */
export interface SharedGroup<S> {
  readonly sharedFilter: string;
  readonly members: Match<S>[];
  /** Index of the member whose turn it is. */
  next: number;
}

/** Everything that a topic name leads to. */
export interface Matches<S> {
  readonly direct: readonly Match<S>[];
  readonly groups: readonly SharedGroup<S>[];
}

interface FilterEntry<S> {
  readonly filter: string;
  readonly direct: Match<S>[];
  readonly groups: Map<string, SharedGroup<S>>;
}

/** Topics whose matches are remembered until a subscription changes. */
const maxRememberedTopics = 10_000;

/** Finds the subscriptions that a topic name matches. */
export class SubscriptionIndex<S> {
  readonly #entries = new Map<string, FilterEntry<S>>();
  readonly #remembered = new Map<string, Matches<S>>();

  match(topic: string): Matches<S> {
    const known = this.#remembered.get(topic);
    if (known) return known;
    const entries = [...this.#entries.values()].filter(({ filter }) => matchesTopicFilter(filter, topic));
    const matches: Matches<S> = {
      direct: entries.flatMap(({ direct }) => direct),
      groups: entries.flatMap(({ groups }) => [...groups.values()]),
    };
    if (this.#remembered.size >= maxRememberedTopics) this.#remembered.clear();
    this.#remembered.set(topic, matches);
    return matches;
  }

  /** The group of a shared filter, while it has members. */
  group(sharedFilter: string): SharedGroup<S> | undefined {
    const { filter } = unshared(sharedFilter);
    return this.#entries.get(filter)?.groups.get(sharedFilter);
  }

  /** Adds a subscription, in the place of the subscriber's earlier one with the same filter. */
  add(subscriber: S, subscription: Subscription): void {
    this.#remembered.clear();
    const { filter, isShared } = unshared(subscription.filter);
    const entry = this.#entries.get(filter) ?? { filter, direct: [], groups: new Map<string, SharedGroup<S>>() };
    this.#entries.set(filter, entry);
    if (!isShared) {
      replaceOrPush(entry.direct, { subscriber, subscription });
      return;
    }
    const sharedFilter = subscription.filter;
    const group = entry.groups.get(sharedFilter) ?? { sharedFilter, members: [], next: 0 };
    entry.groups.set(sharedFilter, group);
    replaceOrPush(group.members, { subscriber, subscription });
  }

  remove(subscriber: S, subscribedFilter: string): void {
    this.#remembered.clear();
    const { filter, isShared } = unshared(subscribedFilter);
    const entry = this.#entries.get(filter);
    if (!entry) return;
    const group = isShared ? entry.groups.get(subscribedFilter) : undefined;
    removeFrom(group?.members ?? (isShared ? [] : entry.direct), subscriber);
    if (group?.members.length === 0) entry.groups.delete(subscribedFilter);
    if (entry.direct.length === 0 && entry.groups.size === 0) this.#entries.delete(filter);
  }
}

function unshared(filter: string): { filter: string; isShared: boolean } {
  const shared = parseSharedFilter(filter);
  return typeof shared === "object" ? { filter: shared.filter, isShared: true } : { filter, isShared: false };
}

function replaceOrPush<S>(list: Match<S>[], match: Match<S>): void {
  const index = list.findIndex(({ subscriber }) => subscriber === match.subscriber);
  if (index === -1) list.push(match);
  else list[index] = match;
}

function removeFrom<S>(list: Match<S>[], subscriber: S): void {
  const index = list.findIndex((match) => match.subscriber === subscriber);
  if (index !== -1) list.splice(index, 1);
}
