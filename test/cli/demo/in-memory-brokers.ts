import type { ClientFor, Incoming, Outgoing, TrafficClient } from "../../../cli/demo/traffic.ts";
import type { Route } from "../../../cli/demo/routes.ts";

/** What happens to one message between publisher and watcher. */
export type Fate = "delivered" | "twice" | "missed" | "refused" | "unanswered" | "at another topic";

/** Clients whose messages cross in memory, as brokers and a relay would carry them; each has the fate that a test gives it. */
export class InMemoryBrokers {
  readonly published: Outgoing[] = [];
  readonly subscribed: string[] = [];
  readonly #fateOf: (index: number) => Fate;
  readonly #watchers: { topics: readonly string[]; onMessage: (message: Incoming) => void }[] = [];

  constructor(fateOf: (index: number) => Fate = () => "delivered") {
    this.#fateOf = fateOf;
  }

  readonly publisher: ClientFor = async (route) => this.#client(route);
  readonly watcher: ClientFor = async (route) => this.#client(route);

  #client(route: Route): TrafficClient {
    return {
      subscribe: async (topics, onMessage) => {
        this.subscribed.push(...topics);
        this.#watchers.push({ topics, onMessage });
      },
      publish: async (message) => {
        const fate = this.#fateOf(this.published.length);
        this.published.push(message);
        if (fate === "refused") throw new Error("0x87 not authorized");
        if (fate === "unanswered") return new Promise(() => undefined);
        const to = route.crossings.find(({ from }) => from === message.topic)?.to ?? "";
        const other = route.crossings.find((crossing) => crossing.to !== to)?.to ?? "";
        const arrivals = { delivered: [to], twice: [to, to], missed: [], "at another topic": [other] }[fate];
        for (const topic of arrivals) this.#deliver({ ...message, topic, contentType: "application/json" });
      },
    };
  }

  #deliver(message: Incoming): void {
    for (const { topics, onMessage } of this.#watchers) if (topics.includes(message.topic)) onMessage(message);
  }
}
