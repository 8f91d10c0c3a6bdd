import type { Connection } from "../mqtt/connection.ts";
import type { SpoolQueue } from "../disk/spool.ts";

/**
 * Knows over restarts which filters the session at the source may hold, so that those which the configuration has no more
 * can be taken back: a kept session goes on delivering them.
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

  /** To be called before SUBSCRIBE: whatever happens from here on, nothing that the session may hold is forgotten. */
  async beforeSubscribe(sessionPresent: boolean): Promise<void> {
    const before = sessionPresent ? this.#held : [];
    await this.#remember([...new Set([...before, ...this.#wanted])]);
  }

  /** To be called after SUBACK: takes back what is no longer wanted; returns it. */
  async afterSubscribe(connection: Pick<Connection, "unsubscribe">): Promise<readonly string[]> {
    const removed = this.#held.filter((filter) => !this.#wanted.includes(filter));
    if (removed.length === 0) return [];
    await connection.unsubscribe(removed);
    await this.#remember(this.#wanted);
    return removed;
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
