import type { ConnectionError } from "../contract/errors.ts";
import type { SpoolQueue } from "../disk/spool.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import type { Room } from "../memory/lane.ts";
import type { Connection } from "../mqtt/connection.ts";
import type { PublishView } from "../mqtt/publish.ts";
import type { ProtocolError } from "../mqtt/wire/protocol-error.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import type { SourceSession, SourceSide } from "../queue/source/source-side.ts";
import type { Counters } from "../report/counters.ts";
import type { Logger } from "../report/log.ts";
import { asConnectionError } from "./attempt.ts";
import type { ConnectionUser, LinkUser } from "./link.ts";
import { MalformedMessages } from "./malformed-messages.ts";
import type { OldFilters } from "./old-filters.ts";
import { until } from "./quiesce.ts";
import { buildConnectOptions, reportSessionExpiry, type Side } from "./side.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What the source of a dataflow needs. */
export interface SourceOptions {
  readonly side: Side;
  readonly forwarder: Forwarder;
  readonly session: SourceSession;
  readonly counters: Counters;
  readonly log: Logger;
  /** Topic filters to subscribe to, in the form in which they are sent. */
  readonly filters: readonly string[];
  /** Whether dead letters are published there. */
  readonly takesDeadLetters: boolean;
  /** What the session may hold besides. */
  readonly oldFilters: OldFilters;
  /** Has to be done before the first SUBSCRIBE. Never rejects. */
  readonly beforeSubscribe: (sessionPresent: boolean) => Promise<void>;
  /** How long the first SUBSCRIBE in a new session waits, in milliseconds; the connection counts as up meanwhile. */
  readonly joinMs: number;
  /** Time for CONNACK and SUBACK to come, in milliseconds. */
  readonly timeoutMs: number;
}

/** Connects a dataflow's forwarder with its source. */
export class SourceUser implements LinkUser {
  readonly #options: SourceOptions;
  readonly #reportExpiry: (limits: ServerLimits) => void;
  #connections = 0;
  readonly #malformed = new MalformedMessages();
  #isQos0Told = false;
  #limits: ServerLimits | undefined;
  /** Those of the connection that is open. */
  #subscriptions: Subscriptions | undefined;
  #joining: NodeJS.Timeout | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#reportExpiry = reportSessionExpiry(options.side, options.log);
  }

  /** What the source has not granted as asked for; empty when all is well, and while there is no connection. */
  get subscriptionProblems(): readonly string[] {
    return this.#subscriptions?.problems ?? [];
  }

  /** What the source announced last; `undefined` before the first connection. */
  get limits(): ServerLimits | undefined {
    return this.#limits;
  }

  /** Whether the source keeps all that is here and was not sent: nothing is lost, and nothing comes twice, when this process ends. */
  get keepsAll(): boolean {
    const { side, forwarder } = this.#options;
    const keptSeconds = this.#limits?.sessionExpirySeconds ?? side.endpoint.mqttSettings.sessionExpirySeconds;
    return keptSeconds > 0 && forwarder.status.isAllAtSources;
  }

  /** Filters are remembered on the dataflow's disk. Before the first connection. */
  useMemory(queue: SpoolQueue): void {
    this.#options.oldFilters.useMemory(queue);
  }

  connectOptions(credentials: Credentials): ConnectOptions {
    const { side, forwarder, timeoutMs } = this.#options;
    const receiveMaximum = Math.min(side.endpoint.mqttSettings.maxInflightMessages, forwarder.destination.window);
    return buildConnectOptions(side, credentials, { cleanStart: false, receiveMaximum, timeoutMs });
  }

  /** A session that holds a malformed message is read on in two connections: there is no use in waiting for them. */
  survives(error: ConnectionError): boolean {
    return this.#malformed.survives(error);
  }

  open(connection: Connection, limits: ServerLimits): ConnectionUser {
    const { side, session, counters, log, filters, oldFilters, forwarder } = this.#options;
    const { sessionPresent } = limits;
    this.#limits = limits;
    this.#connections++;
    this.#malformed.onOpened();
    if (this.#connections > 1 && !sessionPresent) {
      counters.sessionsLost++;
      log.warn({ event: "session-lost" }, "the source had lost the session: what waited in it is gone");
    }
    this.#reportExpiry(limits);
    this.#reportQos0(limits);
    const { qos } = side.endpoint.mqttSettings;
    const request = { filters, qos, peer: side.peer, endpoint: side.name };
    const subscriptions = new Subscriptions(connection, limits, request, oldFilters, log);
    this.#subscriptions = subscriptions;
    const source = session.open(connection, limits);
    return new SourceConnection(source, subscriptions, {
      forwarder,
      counters,
      log,
      malformed: this.#malformed,
      prepare: () => this.#prepare(connection, subscriptions, sessionPresent),
      onClosed: () => {
        clearTimeout(this.#joining);
        this.#subscriptions = undefined;
      },
    });
  }

  async #prepare(connection: Connection, subscriptions: Subscriptions, sessionPresent: boolean): Promise<void> {
    const { beforeSubscribe, joinMs, log } = this.#options;
    const isFirst = this.#connections === 1;
    if (isFirst) await beforeSubscribe(sessionPresent);
    if (!isFirst || sessionPresent || joinMs === 0) {
      await subscriptions.subscribe();
      return;
    }
    log.info({ event: "joins-later", joinMs }, "a new instance: subscribes once the others know of it");
    if (!connection.isOpen) return;
    this.#joining = setTimeout(() => {
      subscriptions.subscribe().catch((cause: unknown) => {
        const { message, retry } = asConnectionError(cause);
        connection.destroy(message, retry);
      });
    }, joinMs);
  }

  /** Once: the same broker says so at each connection. */
  #reportQos0({ maximumQoS }: ServerLimits): void {
    const { takesDeadLetters, log } = this.#options;
    if (this.#isQos0Told || !takesDeadLetters || maximumQoS > 0) return;
    this.#isQos0Told = true;
    log.warn(
      {
        event: "source-takes-qos0-only",
        remedy: "let its broker take QoS 1, or publish dead letters to the destination (deadLetter.endpointRef)",
      },
      "the source takes QoS 0 only: it can lose dead letters that it has read",
    );
  }
}

interface SourceConnectionOptions extends Pick<SourceOptions, "forwarder" | "counters" | "log"> {
  readonly malformed: MalformedMessages;
  readonly prepare: () => Promise<void>;
  readonly onClosed: () => void;
}

/** One connection to the source. */
class SourceConnection implements ConnectionUser {
  readonly #source: SourceSide;
  readonly #subscriptions: Subscriptions;
  readonly #options: SourceConnectionOptions;
  readonly #logsMessages: boolean;

  constructor(source: SourceSide, subscriptions: Subscriptions, options: SourceConnectionOptions) {
    this.#source = source;
    this.#subscriptions = subscriptions;
    this.#options = options;
    this.#logsMessages = options.log.isLevelEnabled("debug");
  }

  async prepare(): Promise<void> {
    await this.#options.prepare();
  }

  onPublish(view: PublishView): void {
    if (this.#logsMessages) this.#logMessage(view);
    const origin = this.#subscriptions.judge(view);
    if (origin === "maybeCopy") this.#options.counters.possibleCopies++;
    if (origin === "unwanted" || origin === "copy") this.#source.onUnwanted(view, origin);
    else this.#source.onPublish(view);
  }

  roomFor(bytes: number): Room | undefined {
    return this.#source.roomFor(bytes);
  }

  onPassedOver(view: PublishView, bytes: number): void {
    this.#source.onPassedOver(view, bytes);
  }

  onMalformed(view: PublishView, problem: ProtocolError): boolean {
    return this.#options.malformed.take(view, problem, this.#source);
  }

  #logMessage({ topic, qos, payloadBytes }: PublishView): void {
    this.#options.log.debug({ event: "message-received", topic, qos, payloadBytes }, "received");
  }

  onPuback(packetId: number, reasonCode: number): void {
    this.#source.onPuback(packetId, reasonCode);
  }

  /** It is read on meanwhile: it acknowledges the dead letters that are published there. */
  async quiesce(signal: AbortSignal): Promise<void> {
    this.#source.hold();
    await until(() => this.#options.forwarder.status.owedTo(this.#source) === 0, signal);
  }

  close(error: ConnectionError | undefined): void {
    this.#options.onClosed();
    this.#options.counters.disconnects.source++;
    this.#subscriptions.end(error?.reasonCode);
    this.#source.close(error);
  }
}
