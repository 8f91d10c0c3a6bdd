import { removedOrdinals } from "../contract/client-id.ts";
import type { DataflowParts } from "../contract/config/dataflow.ts";
import { HostType } from "../contract/config/endpoint.ts";
import { eventGridLimits } from "../contract/config/endpoint-rules.ts";
import type { ConnectionError } from "../contract/errors.ts";
import { subscribedFilters } from "../contract/subscriptions.ts";
import { TopicMatcher } from "../contract/topic/matcher.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import type { Room } from "../memory/lane.ts";
import type { Connection } from "../mqtt/connection.ts";
import type { PublishView } from "../mqtt/publish.ts";
import type { ProtocolError } from "../mqtt/wire/protocol-error.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import type { SourceSession, SourceSide } from "../queue/source/source-side.ts";
import type { Logger } from "../report/log.ts";
import { reportRemovedSession } from "../report/trouble-log.ts";
import { MalformedMessages } from "./malformed-messages.ts";
import { Link, type ConnectionUser, type LinkOptions, type LinkUser } from "./link.ts";
import { until } from "./quiesce.ts";
import { buildConnectOptions, createLinkOptions, createSide, type DataflowContext, type Side } from "./side.ts";

/** What taking up the sessions of removed instances needs. */
export interface RemovedSessionsOptions {
  /** The source, as an instance with this number is known there. */
  readonly sideOf: (ordinal: number) => Side;
  /** Numbers that this instance looks after, in ascending order; those of instances that are no longer counted. */
  readonly ordinals: readonly number[];
  readonly linkOptions: (side: Side) => LinkOptions;
  readonly forwarder: Forwarder;
  readonly log: Logger;
  /** Topic filters of the configuration, without a share. */
  readonly filters: readonly string[];
  /** Each form in which an instance may have subscribed to them. */
  readonly subscribed: readonly string[];
}

/** A session that was silent for so long is empty. */
const quietMs = 2000;

/** Time between two looks whether a session is empty. */
const pollMs = 100;
/** A session into which messages come for longer has filters that nobody knows: that is said once. */
const unusualMs = 10 * 60 * 1000;
/** Reason codes of CONNACK that refuse this client: such a broker has no session of it. */
const refusals: readonly number[] = [0x85, 0x86, 0x87, 0x8a, 0x8c];

/** The dataflow that takes such sessions up. */
export interface RemovedSessionsOwner {
  readonly name: string;
  readonly parts: DataflowParts;
  readonly forwarder: Forwarder;
  readonly context: DataflowContext;
}

/** Plans which sessions an instance looks after; `undefined` where no shared subscription can have been. */
export function planRemovedSessions(
  { endpoint, name: endpointName }: Side,
  { name, parts, forwarder, context }: RemovedSessionsOwner,
): RemovedSessionsOptions | undefined {
  const { clientIdPrefix: prefix, sessionExpirySeconds } = endpoint.mqttSettings;
  const hasShares = endpoint.hostType !== HostType.EventGrid || endpoint.relay.allowSharedSubscriptions;
  if (!hasShares || sessionExpirySeconds === 0) return undefined;
  const { config, ordinal, log } = context;
  const { dataSources } = parts.source;
  const filters = subscribedFilters(dataSources, { instanceCount: 1, prefix, dataflow: name });
  const shared = subscribedFilters(dataSources, { instanceCount: 2, prefix, dataflow: name });
  return {
    sideOf: (removed) => createSide(name, "source", endpointName, { ...context, ordinal: removed }),
    ordinals: removedOrdinals(ordinal, config.profile.instanceCount),
    linkOptions: (side) => ({ ...createLinkOptions(side, context), onStateChange: reportRemovedSession(log, side) }),
    forwarder,
    log,
    filters,
    subscribed: [...new Set([...shared, ...filters])],
  };
}

/**
 * Takes up the sessions that removed instances have left at the source: a shared subscription goes on giving them their
 * part of the messages, which would be lost when they expire. Each is unsubscribed, its messages are forwarded, and it is ended.
 *
 * It looks upwards from the first number that is no longer counted until there is none, since the highest are removed
 * first, and ends them downwards: what an interruption leaves is found again in the same way.
 */
export class RemovedSessions {
  readonly #options: RemovedSessionsOptions;
  readonly #signal: AbortSignal;
  readonly #found: RemovedSession[] = [];
  #finding: Promise<void> | undefined;

  /** @param signal ends it, and leaves what is not empty to the next process */
  constructor(options: RemovedSessionsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Connects to each and unsubscribes it; what is in it is forwarded from then on. May be called again. Never rejects. */
  async find(): Promise<void> {
    this.#finding ??= this.#findAll();
    await this.#finding;
  }

  /** Ends each once it is empty. Never rejects. */
  async end(): Promise<void> {
    for (const session of this.#found.reverse()) await session.drain();
  }

  async #findAll(): Promise<void> {
    for (const ordinal of this.#options.ordinals) {
      if (this.#signal.aborted) return;
      const session = new RemovedSession(ordinal, this.#options, this.#signal);
      if (!(await session.isThere)) return;
      this.#found.push(session);
    }
  }
}

/** The session of one removed instance. */
class RemovedSession implements LinkUser {
  /** Whether the broker has such a session. */
  readonly isThere: Promise<boolean>;
  readonly #options: RemovedSessionsOptions;
  readonly #signal: AbortSignal;
  readonly #side: Side;
  readonly #link: Link;
  readonly #running: Promise<void>;
  readonly #session: SourceSession;
  readonly #ordinal: number;
  #found: ((isThere: boolean) => void) | undefined;
  #wasFound = false;
  #wasOpen = false;
  readonly #malformed = new MalformedMessages();
  #current: RemovedSessionConnection | undefined;
  #messages = 0;

  constructor(ordinal: number, options: RemovedSessionsOptions, signal: AbortSignal) {
    this.#ordinal = ordinal;
    this.#options = options;
    this.#signal = signal;
    this.#side = options.sideOf(ordinal);
    this.#session = options.forwarder.addSource();
    this.isThere = new Promise((resolve) => (this.#found = resolve));
    const linkOptions = options.linkOptions(this.#side);
    this.#link = new Link(this, {
      ...linkOptions,
      onStateChange: (state, waitMs) => {
        linkOptions.onStateChange(state, waitMs);
        const isRefused = state.kind === "down" && refusals.includes(state.reasonCode ?? 0);
        if (!this.#wasOpen && isRefused) this.#link.stop();
      },
    });
    signal.addEventListener("abort", () => {
      this.#link.stop();
    });
    this.#running = this.#link.run().then(() => {
      options.forwarder.removeSource(this.#session);
      this.#found?.(false);
    });
    if (signal.aborted) this.#link.stop();
  }

  connectOptions(credentials: Credentials): ConnectOptions {
    const { maxInflightMessages: receiveMaximum } = this.#side.endpoint.mqttSettings;
    const { timeoutMs } = this.#options.linkOptions(this.#side);
    return buildConnectOptions(this.#side, credentials, { cleanStart: false, receiveMaximum, timeoutMs });
  }

  survives(error: ConnectionError): boolean {
    return this.#malformed.survives(error);
  }

  open(connection: Connection, limits: ServerLimits): ConnectionUser {
    const { sessionPresent } = limits;
    this.#wasOpen = true;
    this.#malformed.onOpened();
    const source = this.#session.open(connection, limits);
    const { filters, subscribed, forwarder } = this.#options;
    const user = new RemovedSessionConnection(connection, source, forwarder, {
      filters,
      subscribed,
      malformed: this.#malformed,
      onMessage: () => this.#messages++,
      onClosed: () => (this.#current = undefined),
      // Nothing is in it: the connection has just made it.
      onPrepared: () => {
        if (!sessionPresent && !this.#wasFound) this.#link.stop({ endsSession: true });
        else this.#found?.(true);
        this.#wasFound = true;
      },
    });
    this.#current = user;
    return user;
  }

  /**
   * Forwards what is in the session until it is empty, and ends it. It is never ended before: what is in it would be lost.
   * When the dataflow ends first it is left to the next process.
   */
  async drain(): Promise<void> {
    const { log } = this.#options;
    const isEmpty = () => this.#current?.isQuiet(quietMs) === true;
    await until(isEmpty, AbortSignal.any([this.#signal, AbortSignal.timeout(unusualMs)]), pollMs);
    const fields = () => ({ instance: this.#ordinal, messages: this.#messages });
    if (!this.#signal.aborted && !isEmpty())
      log.warn(
        { event: "removed-session-busy", ...fields() },
        "messages keep coming into the session of a removed instance, or wait in it; they are forwarded",
      );
    await until(isEmpty, this.#signal, pollMs);
    if (this.#signal.aborted) return;
    log.info(
      { event: "removed-session-ended", ...fields() },
      "took up the session of a removed instance, and ended it",
    );
    this.#link.stop({ endsSession: true });
    await this.#running;
  }
}

interface RemovedConnectionOptions {
  readonly filters: readonly string[];
  readonly subscribed: readonly string[];
  readonly malformed: MalformedMessages;
  readonly onMessage: () => void;
  readonly onPrepared: () => void;
  readonly onClosed: () => void;
}

/** One connection to the session of a removed instance. */
class RemovedSessionConnection implements ConnectionUser {
  readonly #connection: Connection;
  readonly #source: SourceSide;
  readonly #forwarder: Forwarder;
  readonly #options: RemovedConnectionOptions;
  readonly #matcher: TopicMatcher;
  /** When a message came last, and when nothing was subscribed to any more; `undefined` before that. */
  #lastMs: number | undefined;

  constructor(connection: Connection, source: SourceSide, forwarder: Forwarder, options: RemovedConnectionOptions) {
    this.#connection = connection;
    this.#source = source;
    this.#forwarder = forwarder;
    this.#options = options;
    this.#matcher = new TopicMatcher(options.filters);
  }

  /** Whether all is forwarded and acknowledged, and nothing has come for so long although it would have been taken. */
  isQuiet(forMs: number): boolean {
    if (this.#lastMs === undefined) return false;
    const takesNothing = !this.#forwarder.isRunning || this.#source.isHeld || this.#connection.traffic.isPaused();
    if (takesNothing) this.#lastMs = performance.now();
    if (takesNothing || this.#forwarder.status.owedTo(this.#source) > 0) return false;
    return performance.now() - this.#lastMs >= forMs;
  }

  async prepare(): Promise<void> {
    const { subscribed } = this.#options;
    const most = eventGridLimits.maxFiltersPerSubscribe; // as many as the strictest broker takes at once
    for (let at = 0; at < subscribed.length; at += most)
      await this.#connection.unsubscribe(subscribed.slice(at, at + most));
    this.#lastMs = performance.now();
    this.#options.onPrepared();
  }

  onPublish(view: PublishView): void {
    this.#noteMessage();
    if (this.#matcher.matches(view.topic)) this.#source.onPublish(view);
    else this.#source.onUnwanted(view);
  }

  roomFor(bytes: number): Room | undefined {
    return this.#source.roomFor(bytes);
  }

  onPassedOver(view: PublishView, bytes: number): void {
    this.#noteMessage();
    if (this.#matcher.matches(view.topic)) this.#source.onPassedOver(view, bytes);
    else this.#source.onUnwanted(view);
  }

  #noteMessage(): void {
    if (this.#lastMs !== undefined) this.#lastMs = performance.now();
    this.#options.onMessage();
  }

  onMalformed(view: PublishView, problem: ProtocolError): boolean {
    if (this.#lastMs !== undefined) this.#lastMs = performance.now();
    return this.#options.malformed.take(view, problem, this.#source);
  }

  onPuback(packetId: number, reasonCode: number): void {
    this.#source.onPuback(packetId, reasonCode);
  }

  async quiesce(signal: AbortSignal): Promise<void> {
    this.#source.hold();
    await until(() => this.#forwarder.status.owedTo(this.#source) === 0, signal);
  }

  close(error: ConnectionError | undefined): void {
    this.#options.onClosed();
    this.#source.close(error);
  }
}
