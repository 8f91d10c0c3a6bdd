import type { SpoolQueue } from "../disk/spool.ts";

/**
 * Remembers on the disk, across restarts, which filters the source session may still hold, so that removed ones can be
 * unsubscribed: a kept session goes on delivering them. One for each dataflow that has a disk.
 */
export class FilterMemory {
  readonly #queue: Pick<SpoolQueue, "rememberFilters">;
  readonly #wanted: readonly string[];
  #held: readonly string[];
  /** What the disk says; `undefined` while it says nothing. */
  #stored: readonly string[] | undefined;

  constructor(queue: Pick<SpoolQueue, "filters" | "rememberFilters">, wanted: readonly string[]) {
    this.#queue = queue;
    this.#wanted = wanted;
    this.#stored = queue.filters;
    this.#held = queue.filters ?? [];
  }

  /** Filters that the session may hold and the configuration has no more. */
  get removed(): readonly string[] {
    return this.#held.filter((filter) => !this.#wanted.includes(filter));
  }

  /** To be called before SUBSCRIBE: whatever happens from here on, nothing that the session may hold is forgotten. */
  async beforeSubscribe(sessionPresent: boolean): Promise<void> {
    const before = sessionPresent ? this.#held : [];
    await this.#remember([...new Set([...before, ...this.#wanted])]);
  }

  /** To be called once the broker has confirmed that the session does not hold these filters. */
  async forget(filters: readonly string[]): Promise<void> {
    await this.#remember(this.#held.filter((filter) => !filters.includes(filter)));
  }

  async #remember(filters: readonly string[]): Promise<void> {
    this.#held = filters;
    const stored = this.#stored;
    // A disk that fails must not keep from subscribing what it knows already: without a session nothing is kept.
    if (stored?.length === filters.length && filters.every((filter) => stored.includes(filter))) return;
    await new Promise<void>((resolve) => {
      this.#queue.rememberFilters(filters, resolve);
    });
    this.#stored = filters;
  }
}
