import type { Duplex } from "node:stream";

import type { ClientCertificate } from "./authentication/authenticator.ts";
import { createClock, defaultSecondMs } from "./clock.ts";
import { createCore } from "./core.ts";
import type { BrokerCore } from "./core.ts";
import type { BrokerEvent } from "./events.ts";
import { createFaults } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { handlePacket } from "./handlers/packet-handler.ts";
import type { Limits } from "./limits.ts";
import { Connection } from "./network/connection.ts";
import { describeHandshakeFailure } from "./network/handshake-failure.ts";
import { listen } from "./network/listeners.ts";
import type {
  Listener,
  ListenerAddress,
  ListenerCallbacks,
  ListenerOptions,
  ListenerTls,
} from "./network/listeners.ts";
import { ReasonCode } from "./packet/reason-code.ts";
import type { Profile } from "./rules.ts";
import type { BrokerStats } from "./statistics.ts";

export interface BrokerOptions {
  /** The broker to stand in for: `createEventGridProfile(…)` or `createAioProfile(…)`. */
  readonly profile: Profile;
  /** Addresses to listen on; {@link Broker.addresses} has them in the same order. */
  readonly listeners: readonly ListenerOptions[];
  /** Limits that differ from the profile's. */
  readonly limits?: Partial<Limits>;
  /** Told everything that happens, in order and at once. Must not throw. */
  readonly onEvent?: (event: BrokerEvent) => void;
  /**
   * Milliseconds that a second of MQTT lasts (keep alive, expiry, delays, delivery rate; not tokens).
   * @default 1000
   */
  readonly secondMs?: number;
}

/** A running broker. Its sessions live in memory, until it is closed. */
export interface Broker {
  readonly addresses: readonly ListenerAddress[];
  /** Sets faults. */
  readonly faults: Faults;
  stats(): BrokerStats;
  /** Takes other certificates for the connections to come, on every listener with TLS, until {@link suspend}. */
  renewTls(tls: ListenerTls): void;
  /** Goes away as a broker that crashed: no listeners, connections reset, sessions kept. */
  suspend(): Promise<void>;
  /** Comes back on the same ports after {@link suspend}. */
  resume(): Promise<void>;
  /** Sends DISCONNECT to everybody and closes everything. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * Starts a broker for one machine.
 * @throws when a port is taken, or the profile needs TLS and a listener has none
 */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const core = createCore({
    profile: options.profile,
    clock: createClock(options.secondMs ?? defaultSecondMs),
    limits: options.limits ?? {},
    onEvent: options.onEvent,
  });
  checkListeners(options, core);
  const network = new Network(core);
  const addresses = await network.open(options.listeners);
  return {
    addresses,
    faults: createFaults(core.faults, core.sessions),
    stats: () => snapshot(core),
    renewTls: (tls) => {
      network.renewTls(tls);
    },
    suspend: () =>
      network.close((connection) => {
        connection.abort("the broker is suspended");
      }),
    resume: async () => {
      await network.open(options.listeners.map((listener, at) => ({ ...listener, ...portOf(addresses[at]) })));
    },
    close: async () => {
      await network.close((connection) => {
        connection.disconnect(ReasonCode.serverShuttingDown, "ServerInitiatedDisconnect", "the broker is closed");
      });
      core.sessions.close();
    },
  };
}

function portOf(address: ListenerAddress | undefined): { port?: number } {
  return address ? { port: address.port } : {};
}

function checkListeners({ profile, listeners }: BrokerOptions, { rules }: BrokerCore): void {
  const needsTls = rules.tls.some(({ isRequired }) => isRequired);
  const problems = listeners
    .map(({ tls }, index) =>
      needsTls && !tls ? `listeners[${index}]: profile "${profile.name}" needs TLS; set "tls"` : "",
    )
    .filter((problem) => problem !== "");
  if (problems.length > 0) throw new Error(problems.join("; "));
}

function snapshot({ statistics, sessions, retained }: BrokerCore): BrokerStats {
  const all = sessions.all();
  return statistics.snapshot({
    sessions: all.length,
    connected: all.filter(({ connection }) => connection !== undefined).length,
    retained: retained.size,
    queued: all.reduce((sum, { queue }) => sum + queue.waitingMessages + queue.inflightMessages, 0),
  });
}

/** The listeners of a broker and the connections that came in by them. */
class Network {
  readonly #core: BrokerCore;
  readonly #connections = new Map<Connection, Duplex>();
  #listeners: Listener[] = [];

  constructor(core: BrokerCore) {
    this.#core = core;
  }

  async open(listeners: readonly ListenerOptions[]): Promise<ListenerAddress[]> {
    const callbacks: ListenerCallbacks = {
      accept: (stream, certificate) => {
        this.#accept(stream, certificate);
      },
      isServerNameAccepted: (name) => this.#core.rules.tls.every((rule) => rule.isServerNameAccepted(name)),
      refusedServerName: (name) => {
        const isUnnamed = name === undefined;
        this.#refuseTls(isUnnamed ? "the client names no host (SNI)" : `host name "${name}" is not served here`);
      },
      failedHandshake: (error) => {
        this.#refuseTls(describeHandshakeFailure(error));
      },
    };
    try {
      for (const options of listeners) this.#listeners.push(await listen(options, callbacks));
    } catch (error) {
      await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
      throw error;
    }
    return this.#listeners.map(({ address }) => address);
  }

  renewTls(tls: ListenerTls): void {
    for (const listener of this.#listeners) if (listener.address.isTls) listener.renewTls(tls);
  }

  /** Stops listening, ends every connection in the given way, and waits until all are closed. */
  async close(end: (connection: Connection) => void): Promise<void> {
    const closing = this.#listeners.splice(0).map((listener) => listener.close());
    const closed = [...this.#connections.values()].map(streamClosed);
    for (const connection of [...this.#connections.keys()]) end(connection);
    await Promise.all([...closing, ...closed]);
  }

  #accept(stream: Duplex, certificate: ClientCertificate | undefined): void {
    const connection = new Connection(this.#core, stream, certificate, handlePacket);
    this.#connections.set(connection, stream);
    stream.once("close", () => this.#connections.delete(connection));
  }

  #refuseTls(why: string): void {
    this.#core.statistics.countRefusal("TLS");
    this.#core.onEvent?.({ kind: "refuse", clientId: "", why });
  }
}

function streamClosed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else
      stream.once("close", () => {
        resolve();
      });
  });
}
