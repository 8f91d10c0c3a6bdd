import type { Entry } from "../entry.ts";

/** Topics of messages that were given up, at most: a plant may have many, and each is remembered for a while only. */
const maxTopics = 256;
/** How long the next message of such a topic is given up at its first refusal. */
const topicMemoryMs = 10 * 60 * 1000;

interface Refusal {
  readonly reason: string;
  /** What the destination had taken when it first refused this message. */
  readonly deliveredBefore: number;
  /** When it was first seen that the destination takes others; `undefined` while it takes none. */
  takesOthersSinceMs: number | undefined;
}

/** One refusal of a message, for the time being. */
export interface RefusedMessage {
  readonly entry: Entry;
  readonly topic: string;
  readonly reason: string;
  readonly nowMs: number;
  /** Messages that the destination has taken since the process started. */
  readonly delivered: number;
}

/**
 * Finds a message that the destination refuses again and again while it takes others. It holds up all behind it: they are
 * acknowledged to the source only after it.
 *
 * While the destination takes no message at all no time counts: a role assignment may be on its way.
 */
export class RefusalWatch {
  readonly #timeoutMs: number;
  readonly #refused = new Map<Entry, Refusal>();
  /** When a message of a topic was given up. */
  readonly #givenUp = new Map<string, number>();

  /** @param timeoutMs 0 is for ever */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Why the destination refuses a message at this time; `undefined` when it refuses none. */
  get reason(): string | undefined {
    return this.#refused.values().next().value?.reason;
  }

  /** Tells whether a message that was refused is to be given up; else it is to be sent again. */
  isHopeless({ entry, topic, reason, nowMs, delivered }: RefusedMessage): boolean {
    if (this.#timeoutMs === 0) {
      this.#refused.set(entry, { reason, deliveredBefore: delivered, takesOthersSinceMs: undefined });
      return false;
    }
    const givenUpMs = this.#givenUp.get(topic);
    const known = this.#refused.get(entry);
    const since = known?.takesOthersSinceMs ?? (delivered > (known?.deliveredBefore ?? delivered) ? nowMs : undefined);
    const isKnownTopic = givenUpMs !== undefined && nowMs - givenUpMs < topicMemoryMs;
    if (isKnownTopic || (since !== undefined && nowMs - since >= this.#timeoutMs)) {
      this.#refused.delete(entry);
      if (!isKnownTopic) this.#remember(topic, nowMs);
      return true;
    }
    const deliveredBefore = known?.deliveredBefore ?? delivered;
    this.#refused.set(entry, { reason, deliveredBefore, takesOthersSinceMs: since });
    return false;
  }

  /** A message was taken, or is gone for another reason. */
  settle(entry: Entry): void {
    if (this.#refused.size > 0) this.#refused.delete(entry);
  }

  #remember(topic: string, nowMs: number): void {
    this.#givenUp.delete(topic);
    this.#givenUp.set(topic, nowMs);
    const oldest = this.#givenUp.keys().next().value;
    if (this.#givenUp.size > maxTopics && oldest !== undefined) this.#givenUp.delete(oldest);
  }
}
