import type { Duplex } from "node:stream";

import { Link, type LinkOptions, type LinkState } from "../../../runtime/connection/link.ts";
import type { ConnectOptions } from "../../../runtime/mqtt/connect.ts";
import { connectInMemory, type ScriptedBroker } from "../mqtt/scripted-broker.ts";

const connectOptions: ConnectOptions = {
  peer: "source edge (broker.example:8883)",
  clientId: "c1",
  cleanStart: false,
  sessionExpirySeconds: 3600,
  keepAliveSeconds: 60,
  receiveMaximum: 100,
  timeoutMs: 10_000,
};

/** A link to scripted brokers in memory, one for each connection that it makes. */
export class LinkBench {
  readonly events: string[] = [];
  readonly states: LinkState[] = [];
  readonly waits: number[] = [];
  readonly link: Link;
  readonly run: Promise<void>;
  #brokers: ScriptedBroker[] = [];
  #wakes: (() => void)[] = [];

  constructor(change: Partial<LinkOptions> = {}) {
    this.link = new Link({
      backoff: { minDelayMs: 1, maxDelayMs: 3 },
      random: () => 0,
      timeoutMs: 10_000,
      readCredentials: async () => ({ proof: {} }),
      openStream: async () => this.#open(),
      connectOptions: () => connectOptions,
      onConnected: (_connection, { sessionPresent }) => this.events.push(`connected ${sessionPresent}`),
      prepare: async () => {},
      onPublish: ({ topic }) => this.events.push(`PUBLISH ${topic}`),
      onPuback: (packetId) => this.events.push(`PUBACK ${packetId}`),
      onDisconnected: () => this.events.push("disconnected"),
      onStateChange: (state, waitMs) => {
        this.states.push(state);
        if (waitMs !== undefined) this.waits.push(waitMs);
        this.#wake();
      },
      ...change,
    });
    this.run = this.link.run();
  }

  /** Takes the next connection. */
  async next(): Promise<ScriptedBroker> {
    return this.#until(() => this.#brokers.shift());
  }

  /** Waits for a state, one that has been reached before included. */
  async reached(kind: LinkState["kind"]): Promise<LinkState> {
    return this.#until(() => this.states.find((state) => state.kind === kind));
  }

  #open(): Duplex {
    const { client, broker } = connectInMemory();
    this.#brokers.push(broker);
    this.#wake();
    return client;
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }
}
