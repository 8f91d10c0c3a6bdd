import type { MqttClient } from "mqtt";

import { untilTrueAfter } from "../support/patience.ts";
import { collect, connectMqttClient, type Collector, type MqttClientOptions } from "../support/mqtt-clients.ts";

/** What became of the messages of a scenario. */
export interface Balance {
  readonly published: number;
  readonly delivered: number;
  /** Messages that a broker took from the publisher and that never came. */
  readonly lost: number;
  /** Copies beyond the first. */
  readonly duplicated: number;
  /** Copies of which the content is not what was published. */
  readonly corrupted: number;
}

const digits = 6;

/** The messages of a scenario: each has a number, with which its payload begins and from which the rest of it follows. */
export class Account {
  readonly #sizes: number[] = [];
  #publisher: MqttClient | undefined;
  #collector: Collector | undefined;

  async connectPublisher(options: MqttClientOptions): Promise<void> {
    this.#publisher = await connectMqttClient({ ...options, clientId: "publisher", isPersistent: true });
  }

  async connectCollector(filter: string, options: MqttClientOptions): Promise<void> {
    this.#collector = await collect(filter, { ...options, clientId: "collector", isPersistent: true });
  }

  /** Resolves once the broker has accepted all of them. @param sizes bytes of each payload, six at least */
  async publish(topic: string, ...sizes: readonly number[]): Promise<void> {
    const publisher = this.#publisher;
    if (publisher === undefined) throw new Error("no publisher is connected");
    const payloads = sizes.map((bytes) => buildPayload(this.#sizes.push(bytes) - 1, bytes));
    await Promise.all(payloads.map((payload) => publisher.publishAsync(topic, payload, { qos: 1 })));
  }

  /**
   * Waits until every message has come, or as long as the link needs at most and the usual wait after that: what is
   * missing then, the balance says.
   * @param linkMs milliseconds, whatever the load of the machine
   */
  async untilAll(linkMs: number): Promise<void> {
    const hasAll = () => this.#collected.messages.length >= this.#sizes.length && this.balance.lost === 0;
    await untilTrueAfter("every message", linkMs, hasAll).catch(() => undefined);
  }

  get balance(): Balance {
    const copies = new Map<number, number>();
    let corrupted = 0;
    for (const { payload } of this.#collected.messages) {
      const number = Number(payload.slice(0, digits));
      copies.set(number, (copies.get(number) ?? 0) + 1);
      if (payload !== buildPayload(number, this.#sizes[number] ?? 0)) corrupted++;
    }
    return {
      published: this.#sizes.length,
      delivered: copies.size,
      lost: this.#sizes.length - copies.size,
      duplicated: this.#collected.messages.length - copies.size,
      corrupted,
    };
  }

  get #collected(): Collector {
    if (this.#collector === undefined) throw new Error("no collector is connected");
    return this.#collector;
  }
}

function buildPayload(number: number, bytes: number): string {
  return String(number)
    .padStart(digits, "0")
    .repeat(Math.ceil(bytes / digits))
    .slice(0, bytes);
}
