import type { Duplex } from "node:stream";

import {
  Link,
  type ConnectionUser,
  type LinkOptions,
  type LinkState,
  type LinkUser,
} from "../../../runtime/connection/link.ts";
import type { ServerLimits, ConnectOptions } from "../../../runtime/mqtt/connect.ts";
import type { Connection } from "../../../runtime/mqtt/connection.ts";
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

/** What a test may do in another way. */
export interface LinkChange extends Partial<LinkOptions>, Partial<Pick<LinkUser, "connectOptions" | "survives">> {
  readonly prepare?: (connection: Connection, limits: ServerLimits) => Promise<void>;
  readonly quiesce?: ConnectionUser["quiesce"];
  readonly onPublish?: ConnectionUser["onPublish"];
  readonly onClose?: () => void;
}

/** A link to scripted brokers in memory, one for each connection that it makes. */
export class LinkBench {
  readonly events: string[] = [];
  readonly states: LinkState[] = [];
  readonly waits: number[] = [];
  readonly link: Link;
  readonly run: Promise<void>;
  /** Streams that were opened, and the last of them. */
  opened = 0;
  client: Duplex | undefined;
  #brokers: ScriptedBroker[] = [];
  #wakes: (() => void)[] = [];

  constructor({ prepare, quiesce, connectOptions: connect, survives, onPublish, onClose, ...change }: LinkChange = {}) {
    const user: LinkUser = {
      connectOptions: connect ?? (() => connectOptions),
      ...(survives === undefined ? {} : { survives }),
      open: (connection, limits) => {
        this.events.push(`connected ${limits.sessionPresent}`);
        return {
          prepare: async () => prepare?.(connection, limits),
          onPublish: onPublish ?? (({ topic }) => this.events.push(`PUBLISH ${topic}`)),
          roomFor: () => undefined,
          onPassedOver: () => undefined,
          onPuback: (packetId) => this.events.push(`PUBACK ${packetId}`),
          quiesce: async (signal) => quiesce?.(signal),
          close: () => {
            this.events.push("disconnected");
            onClose?.();
          },
        };
      },
    };
    this.link = new Link(user, {
      backoff: { minDelayMs: 1, maxDelayMs: 3 },
      random: () => 0,
      timeoutMs: 10_000,
      quiesceMs: 10_000,
      readCredentials: async () => ({ proof: {} }),
      openStream: async () => this.#open(),
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
    this.opened++;
    this.client = client;
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
