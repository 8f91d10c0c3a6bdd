import Denque from "denque";

import type { Counters } from "../report/counters.ts";
import type { Entry } from "./entry.ts";

/**
 * The QoS 1 messages of one source connection, in the order of their arrival.
 *
 * Acknowledges each once it is done and every one before it is: [MQTT-4.6.0-2]. This is the only place that does.
 */
export class AcknowledgementQueue {
  readonly #entries = new Denque<Entry>();
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  get length(): number {
    return this.#entries.length;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Acknowledges what is done, up to the first message that is not. */
  release(): void {
    for (let entry = this.#entries.peekFront(); entry?.isDone === true; entry = this.#entries.peekFront()) {
      this.#entries.shift();
      this.#counters.acknowledged++;
      entry.source?.acknowledge(entry.sourceId);
    }
  }

  /** The connection ended: its messages can't be acknowledged any more, on no other connection either. */
  abandon(): void {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift())
      entry.source = undefined;
  }
}
