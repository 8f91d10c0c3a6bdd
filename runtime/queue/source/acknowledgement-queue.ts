import Denque from "denque";

import type { Counters } from "../../report/counters.ts";
import type { Entry } from "../entry.ts";
import type { SourcePort } from "../ports.ts";

/**
 * The QoS 1 messages of one source connection, in the order of their arrival.
 *
 * Acknowledges each once it is safe and every one before it is: [MQTT-4.6.0-2]. This is the only place that does, and it
 * has no way onto another connection.
 */
export class AcknowledgementQueue {
  readonly #entries = new Denque<Entry>();
  readonly #port: Pick<SourcePort, "acknowledge">;
  readonly #counters: Counters;

  constructor(port: Pick<SourcePort, "acknowledge">, counters: Counters) {
    this.#port = port;
    this.#counters = counters;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The message that arrived first. */
  get oldest(): Entry | undefined {
    return this.#entries.peekFront();
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Acknowledges what is safe, up to the first message that is not. */
  release(): void {
    for (let entry = this.#entries.peekFront(); entry?.custody === "safe"; entry = this.#entries.peekFront()) {
      this.#entries.shift();
      this.#counters.acknowledged++;
      this.#port.acknowledge(entry.sourceId);
    }
  }

  /** The connection ended: its messages can't be acknowledged any more. */
  abandon(): void {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) entry.onSourceClosed();
  }
}
