import { matchesTopicFilter } from "../../runtime/contract/topic/filter.ts";
import type { Clock } from "../clock.ts";
import { isExpired } from "../message.ts";
import type { Message } from "../message.ts";

/** The last retained message of each topic. @see MQTT 5.0 §3.3.1.3 */
export class RetainedMessages {
  readonly #messages = new Map<string, Message>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Keeps a message in the place of its topic's earlier one; an empty payload only removes that. */
  store(message: Message): void {
    this.#messages.delete(message.topic);
    if (message.payload.length > 0) this.#messages.set(message.topic, message);
  }

  /** The messages under a topic filter that is not shared, in the order they were stored. */
  matching(filter: string): Message[] {
    for (const message of this.#messages.values()) {
      if (isExpired(message, this.#clock)) this.#messages.delete(message.topic);
    }
    return [...this.#messages.values()].filter(({ topic }) => matchesTopicFilter(filter, topic));
  }
}
