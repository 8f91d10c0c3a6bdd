import { matchesLevels, withoutShare } from "./filter.ts";

/** Topics whose verdict is remembered, and the characters of them in all: a plant has far fewer topics than messages. */
const maxRemembered = 4096;
const maxRememberedCharacters = 1_048_576;

/** Tells whether one of several topic filters, shared or not, takes in a topic name. Made once, asked for each message. */
export class TopicMatcher {
  readonly #filters: readonly (readonly string[])[];
  readonly #remembered = new Map<string, boolean>();
  #characters = 0;

  constructor(filters: readonly string[]) {
    this.#filters = filters.map((filter) => withoutShare(filter).split("/"));
  }

  matches(topic: string): boolean {
    const known = this.#remembered.get(topic);
    if (known !== undefined) return known;
    const isMatch = this.#filters.some((levels) => matchesLevels(levels, topic));
    this.#remember(topic, isMatch);
    return isMatch;
  }

  #remember(topic: string, isMatch: boolean): void {
    this.#characters += topic.length;
    if (this.#remembered.size >= maxRemembered || this.#characters > maxRememberedCharacters) {
      this.#remembered.clear();
      this.#characters = topic.length;
    }
    this.#remembered.set(topic, isMatch);
  }
}
