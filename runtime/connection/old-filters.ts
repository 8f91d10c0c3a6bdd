import type { SpoolQueue } from "../disk/spool.ts";
import { parseSharedFilter, withoutShare } from "../contract/topic/filter.ts";
import type { Origin } from "./copy-watch.ts";
import { FilterMemory } from "./filter-memory.ts";

/**
 * Filters of earlier configurations that the source session may still hold. One for each dataflow, since the session
 * outlives its connections.
 *
 * - The other form of each wanted filter (plain where it is shared now, and the reverse) needs no memory: the first
 *   connection of a process unsubscribes it. 0x11 says that it was not there.
 * - Others are known only where a disk remembers them.
 */
export class OldFilters {
  readonly #wanted: readonly string[];
  readonly #otherForms: readonly string[];
  #otherFormsLeft = new Set<string>();
  #memory: FilterMemory | undefined;
  #isFirstConnection = true;
  #mayExist = false;
  /** Whether the broker has refused Subscription Identifiers (0xA1), whatever its CONNACK says of them. */
  refusesIdentifiers = false;
  /** What of their messages the operator was told about. */
  readonly reported = new Set<Origin>();

  constructor(wanted: readonly string[], otherForms: readonly string[]) {
    this.#wanted = wanted;
    this.#otherForms = otherForms;
  }

  /** What shared filters of this dataflow begin with, `$share/<group>/`, in this configuration or an earlier one. */
  get sharePrefixes(): readonly string[] {
    const groups = [...this.#wanted, ...this.#otherForms].map(parseSharedFilter);
    return [...new Set(groups.flatMap((one) => (typeof one === "object" ? [`$share/${one.group}/`] : [])))];
  }

  /** Remembers the filters on this disk. To be called before the first connection. */
  useMemory(queue: Pick<SpoolQueue, "filters" | "rememberFilters">): void {
    this.#memory = new FilterMemory(queue, this.#wanted);
  }

  /** Whether the session may hold a filter that is not wanted, or has messages of one. */
  get mayExist(): boolean {
    return this.#mayExist;
  }

  /** Whether a disk remembers the filters. */
  get hasMemory(): boolean {
    return this.#memory !== undefined;
  }

  /** Whether every filter of an earlier configuration is known to be unsubscribed. */
  get areGone(): boolean {
    return this.#memory?.removed.length === 0 && this.#otherFormsLeft.size === 0;
  }

  /** The other forms of the wanted filters. */
  get otherForms(): readonly string[] {
    return this.#otherForms;
  }

  /** @returns whether this is the first connection of the process */
  onConnected(sessionPresent: boolean): boolean {
    const isFirst = this.#isFirstConnection;
    this.#isFirstConnection = false;
    if (!sessionPresent) {
      this.#mayExist = false;
      this.#otherFormsLeft.clear();
    } else if (isFirst) {
      this.#mayExist = true;
      this.#otherFormsLeft = new Set(this.#otherForms);
    }
    return isFirst;
  }

  /** To be called before SUBSCRIBE. */
  async beforeSubscribe(sessionPresent: boolean): Promise<void> {
    await this.#memory?.beforeSubscribe(sessionPresent);
  }

  /**
   * Filters to unsubscribe now.
   * @param granted wanted filters that the broker has granted: the other form of one that it refuses stays, since messages
   *   may come by it
   */
  toUnsubscribe(granted: ReadonlySet<string>): string[] {
    const grantedTopics = new Set([...granted].map(withoutShare));
    const otherForms = [...this.#otherFormsLeft].filter((filter) => grantedTopics.has(withoutShare(filter)));
    return [...new Set([...(this.#memory?.removed ?? []), ...otherForms])];
  }

  /** The broker has confirmed that the session does not hold these filters. */
  async onUnsubscribed(filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#otherFormsLeft.delete(filter);
    await this.#memory?.forget(filters);
  }
}
