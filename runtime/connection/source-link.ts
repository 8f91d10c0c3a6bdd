import type { ConnectionError } from "../contract/errors.ts";
import { isAskedFor } from "../contract/subscriptions.ts";
import type { SpoolQueue } from "../disk/spool.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import type { Connection } from "../mqtt/connection.ts";
import type { PublishView } from "../mqtt/publish.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import type { SourceSession, SourceSide } from "../queue/source-side.ts";
import type { Counters } from "../report/counters.ts";
import type { Logger } from "../report/log.ts";
import { FilterMemory } from "./filter-memory.ts";
import type { ConnectionUser, LinkUser } from "./link.ts";
import { until } from "./quiesce.ts";
import { buildConnectOptions, type Side } from "./side.ts";
import { subscribeAll } from "./subscribe.ts";

/** What the source of a dataflow needs. */
export interface SourceOptions {
  readonly side: Side;
  readonly forwarder: Forwarder;
  readonly session: SourceSession;
  readonly counters: Counters;
  readonly log: Logger;
  /** Topic filters to subscribe to, in the form in which they are sent. */
  readonly filters: readonly string[];
  /** The dataflow's queue on the disk, once it is open, which remembers filters. */
  readonly queue: () => SpoolQueue | undefined;
  /** Time for CONNACK and SUBACK to come, in milliseconds. */
  readonly timeoutMs: number;
}

/** Connects a dataflow's forwarder with its source. */
export class SourceUser implements LinkUser {
  readonly #options: SourceOptions;
  #connections = 0;
  /** Whether the session may hold filters of an earlier configuration. */
  #mayHoldOldFilters = false;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  connectOptions(credentials: Credentials): ConnectOptions {
    const { side, forwarder, timeoutMs } = this.#options;
    const receiveMaximum = Math.min(side.endpoint.mqttSettings.maxInflightMessages, forwarder.destination.window);
    return buildConnectOptions(side, credentials, { cleanStart: false, receiveMaximum, timeoutMs });
  }

  open(connection: Connection, limits: ServerLimits): ConnectionUser {
    const { counters, log, session } = this.#options;
    const { sessionPresent } = limits;
    this.#connections++;
    if (this.#connections === 1) this.#mayHoldOldFilters = sessionPresent;
    else if (!sessionPresent) {
      counters.sessionsLost++;
      log.warn("the source had lost the session: what waited in it is gone");
    }
    const source = session.open(connection, sessionPresent);
    return new SourceConnection(source, { ...this.#options, connection, limits }, this.#mayHoldOldFilters);
  }
}

interface SourceConnectionOptions extends SourceOptions {
  readonly connection: Connection;
  readonly limits: ServerLimits;
}

/** One connection to the source. */
class SourceConnection implements ConnectionUser {
  readonly #source: SourceSide;
  readonly #options: SourceConnectionOptions;
  readonly #mayHoldOldFilters: boolean;
  readonly #logsMessages: boolean;

  constructor(source: SourceSide, options: SourceConnectionOptions, mayHoldOldFilters: boolean) {
    this.#source = source;
    this.#options = options;
    this.#mayHoldOldFilters = mayHoldOldFilters;
    this.#logsMessages = options.log.isLevelEnabled("debug");
  }

  async prepare(): Promise<void> {
    const { connection, limits, filters, side, log, queue } = this.#options;
    const onDisk = queue();
    const memory = onDisk && new FilterMemory(onDisk, filters);
    const { qos } = side.endpoint.mqttSettings;
    await memory?.beforeSubscribe(limits.sessionPresent);
    await subscribeAll(connection, limits, { filters, qos, peer: side.peer, endpoint: side.name });
    const removed = (await memory?.afterSubscribe(connection)) ?? [];
    if (removed.length > 0) log.info({ filters: removed }, "took back filters of an earlier configuration");
  }

  onPublish(view: PublishView): void {
    const { filters, log } = this.#options;
    if (this.#logsMessages)
      log.debug({ topic: view.topic, qos: view.qos, payloadBytes: view.payloadBytes }, "received");
    if (this.#mayHoldOldFilters && !isAskedFor(filters, view.topic)) this.#source.onUnwanted(view);
    else this.#source.onPublish(view);
  }

  onPuback(packetId: number, reasonCode: number): void {
    this.#source.onPuback(packetId, reasonCode);
  }

  /** It is read on meanwhile: it acknowledges the dead letters that are published there. */
  async quiesce(signal: AbortSignal): Promise<void> {
    this.#source.hold();
    await until(() => this.#options.forwarder.owedTo(this.#source) === 0, signal);
  }

  close(error: ConnectionError | undefined): void {
    this.#options.counters.disconnects.source++;
    this.#source.close(error);
  }
}
