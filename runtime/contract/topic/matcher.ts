import { matchesLevels, withoutShare } from "./filter.ts";
import { TopicMemory } from "./topic-memory.ts";

/** Tells whether one of several topic filters, shared or not, takes in a topic name. Made once, asked for each message. */
export class TopicMatcher {
  readonly #filters: readonly (readonly string[])[];
  readonly #remembered = new TopicMemory<boolean>(() => 0);

  constructor(filters: readonly string[]) {
    this.#filters = filters.map((filter) => withoutShare(filter).split("/"));
  }

  matches(topic: string): boolean {
    const known = this.#remembered.get(topic);
    if (known !== undefined) return known;
    const isMatch = this.#filters.some((levels) => matchesLevels(levels, topic));
    this.#remembered.remember(topic, isMatch);
    return isMatch;
  }
}
