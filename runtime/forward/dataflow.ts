import { dataflowParts, type Dataflow as DataflowConfig, type DataflowParts } from "../config/dataflow.ts";
import { normalizeFilter } from "../config/dataflow-rules.ts";
import type { RelayConfig } from "../config.ts";
import { HostType, parseHost, type Endpoint, type HostAddress } from "../config/endpoint.ts";
import type { CredentialSource } from "../credentials/credentials.ts";
import { ConnectionError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ConnectOptions } from "../mqtt/connection.ts";
import { matchesTopicFilter, parseSharedFilter } from "../topic/filter.ts";
import { parseTopicTemplate } from "../topic/template.ts";
import { openStream } from "../transport/open-stream.ts";
import { clientId, shareGroup, type ClientIdParts } from "./client-id.ts";
import { Counters } from "./counters.ts";
import { Forwarder } from "./forwarder.ts";
import { Link, type LinkOptions, type LinkState } from "./link.ts";
import { createPatch, type PatchPlan } from "./patch.ts";
import { reportLinkState, reportTrouble } from "./report.ts";
import { subscribeAll } from "./subscribe.ts";

/** What the dataflows of one relay share. */
export interface DataflowContext {
  readonly config: RelayConfig;
  /** Credentials by endpoint: one source each, so that a token is asked for once. */
  readonly credentials: ReadonlyMap<string, CredentialSource>;
  readonly ordinal: number;
  /** Where to connect instead of a `host:port`; for development. */
  readonly connectTo: ReadonlyMap<string, HostAddress>;
  readonly log: Logger;
  readonly random: () => number;
}

/** What a dataflow is doing, for health and metrics. */
export interface DataflowStatus {
  readonly source: LinkState;
  readonly destination: LinkState;
  /** Why the dataflow stopped for good; `undefined` while it runs. */
  readonly failure: string | undefined;
  readonly inFlight: number;
  readonly waiting: number;
}

/** One end of a dataflow. */
interface End {
  readonly side: ClientIdParts["side"];
  readonly name: string;
  readonly endpoint: Endpoint;
}

/** Runs one dataflow: a connection to its source, one to its destination, and the forwarder between them. */
export class Dataflow {
  readonly name: string;
  readonly counters = new Counters();
  readonly #context: DataflowContext;
  readonly #log: Logger;
  readonly #forwarder: Forwarder;
  readonly #filters: readonly string[];
  readonly #source: Link;
  readonly #destination: Link;
  #failure: string | undefined;
  /** Whether the source's session may hold filters of an earlier configuration. */
  #mayHoldOldFilters = false;

  constructor(name: string, config: DataflowConfig, context: DataflowContext) {
    this.name = name;
    this.#context = context;
    this.#log = context.log.child({ dataflow: name });
    const parts = requireParts(name, config);
    const source = endOf("source", parts.source.endpointRef, context);
    const destination = endOf("destination", parts.destination.endpointRef, context);
    this.#filters = this.#subscribedFilters(parts, source.endpoint);
    this.#forwarder = this.#createForwarder(parts, destination.endpoint, config.relay.undeliverableMessages);
    this.#destination = this.#createDestinationLink(destination);
    this.#source = this.#createSourceLink(source);
  }

  get status(): DataflowStatus {
    return {
      source: this.#source.state,
      destination: this.#destination.state,
      failure: this.#failure,
      inFlight: this.#forwarder.inFlight,
      waiting: this.#forwarder.waiting,
    };
  }

  /** Runs until {@link stop}, or until it has failed for good. Never rejects. */
  async run(): Promise<void> {
    const destination = this.#destination.run();
    // What the destination takes decides how much the source may send. When it is away the source connects all the
    // same: without a session there nothing would be kept for this dataflow.
    await this.#destination.firstAttempt;
    await Promise.all([destination, this.#source.run()]);
  }

  /** Takes no more messages, waits for those in flight as long as `deadline` allows, and disconnects. */
  async stop(deadline: AbortSignal): Promise<void> {
    await Promise.race([this.#forwarder.drain(), aborted(deadline)]);
    this.#source.stop();
    this.#destination.stop();
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    this.#log.error({ reason }, "dataflow stopped");
    this.#source.stop();
    this.#destination.stop();
  }

  #createForwarder(parts: DataflowParts, destination: Endpoint, undeliverable: "Stop" | "Discard"): Forwarder {
    return new Forwarder({
      patch: createPatch(patchPlan(parts, destination)),
      qos: destination.mqttSettings.qos,
      maxInflightMessages: destination.mqttSettings.maxInflightMessages,
      undeliverable,
      counters: this.counters,
      onStopped: (reason) => {
        this.#fail(reason);
      },
      onTrouble: reportTrouble(this.#log),
      now: () => performance.now(),
      schedule: (callback, delayMs) => {
        setTimeout(callback, delayMs).unref();
      },
    });
  }

  #createDestinationLink(end: End): Link {
    const { qos } = end.endpoint.mqttSettings;
    let isFirst = true;
    return new Link({
      ...this.#linkOptions(end),
      // The first connection of a process starts clean, so that no filter of an earlier use sends it messages.
      connectOptions: (credentials) => this.#connectOptions(end, credentials, isFirst),
      onConnected: (connection, limits) => {
        isFirst = false;
        if (limits.maximumQoS >= qos) this.#forwarder.attachDestination(connection, limits);
      },
      prepare: (_connection, limits) => {
        if (limits.maximumQoS >= qos) return Promise.resolve();
        const text = `${describeEnd(end)} takes QoS 0 only; set endpoints.${end.name}.mqttSettings.qos to 0`;
        return Promise.reject(new ConnectionError(text, { retryable: false }));
      },
      onPublish: () => undefined,
      onPuback: (packetId, reasonCode) => {
        this.#forwarder.onPuback(packetId, reasonCode);
      },
      onDisconnected: () => {
        this.counters.disconnects.destination++;
        this.#forwarder.detachDestination();
      },
    });
  }

  #createSourceLink(end: End): Link {
    let connections = 0;
    return new Link({
      ...this.#linkOptions(end),
      connectOptions: (credentials) => this.#connectOptions(end, credentials, false),
      onConnected: (connection, { sessionPresent }) => {
        connections++;
        if (connections === 1) this.#mayHoldOldFilters = sessionPresent;
        else if (!sessionPresent) this.#noteLostSession();
        this.#forwarder.attachSource(connection, sessionPresent);
      },
      prepare: (connection, limits) =>
        subscribeAll(connection, limits, {
          filters: this.#filters,
          qos: end.endpoint.mqttSettings.qos,
          peer: describeEnd(end),
          endpoint: end.name,
        }),
      onPublish: (view) => {
        if (this.#mayHoldOldFilters && !this.#isWanted(view.topic)) this.#forwarder.onUnwanted(view);
        else this.#forwarder.onPublish(view);
      },
      onPuback: () => undefined,
      onDisconnected: () => {
        this.counters.disconnects.source++;
        this.#forwarder.detachSource();
      },
    });
  }

  #linkOptions(
    end: End,
  ): Pick<LinkOptions, "backoff" | "random" | "timeoutMs" | "readCredentials" | "openStream" | "onStateChange"> {
    const { config, credentials, connectTo, random } = this.#context;
    const { host, protocol } = end.endpoint.mqttSettings;
    const address = requireAddress(end);
    const instead = connectTo.get(`${address.hostname}:${address.port}`);
    const report = reportLinkState(this.#log, { side: end.side, endpoint: end.name, host });
    return {
      backoff: config.relay.reconnect,
      random,
      timeoutMs: config.relay.connectTimeoutSeconds * 1000,
      readCredentials: (signal) => requireCredentials(credentials, end.name).read(signal),
      openStream: ({ tls }, signal) =>
        openStream({
          peer: describeEnd(end),
          address,
          webSocket: protocol === "WebSockets",
          signal,
          ...(tls === undefined ? {} : { tls }),
          ...(instead === undefined ? {} : { connectTo: instead }),
        }),
      onStateChange: (state, waitMs) => {
        report(state, waitMs);
        if (state.kind === "failed") this.#fail(state.reason);
      },
    };
  }

  #connectOptions(
    end: End,
    { tls: _tls, ...proof }: Parameters<LinkOptions["connectOptions"]>[0],
    cleanStart: boolean,
  ): ConnectOptions {
    const {
      clientIdPrefix: prefix,
      sessionExpirySeconds,
      keepAliveSeconds,
      maxInflightMessages,
    } = end.endpoint.mqttSettings;
    const window = end.side === "source" ? Math.min(maxInflightMessages, this.#forwarder.window) : maxInflightMessages;
    return {
      ...proof,
      peer: describeEnd(end),
      clientId: clientId({ prefix, dataflow: this.name, ordinal: this.#context.ordinal, side: end.side }),
      cleanStart,
      sessionExpirySeconds,
      keepAliveSeconds,
      receiveMaximum: window,
      timeoutMs: this.#context.config.relay.connectTimeoutSeconds * 1000,
    };
  }

  #subscribedFilters({ source }: DataflowParts, { mqttSettings }: Endpoint): string[] {
    const isShared = this.#context.config.profile.instanceCount > 1;
    const group = shareGroup({ prefix: mqttSettings.clientIdPrefix, dataflow: this.name });
    return source.dataSources
      .map(normalizeFilter)
      .map((filter) => (isShared && parseSharedFilter(filter) === undefined ? `$share/${group}/${filter}` : filter));
  }

  #isWanted(topic: string): boolean {
    return this.#filters.some((filter) => {
      const shared = parseSharedFilter(filter);
      return matchesTopicFilter(typeof shared === "object" ? shared.filter : filter, topic);
    });
  }

  #noteLostSession(): void {
    this.counters.sessionsLost++;
    this.#log.warn("the source had lost the session: what waited in it is gone");
  }
}

function patchPlan({ transformation, destination }: DataflowParts, endpoint: Endpoint): PatchPlan {
  const template = parseTopicTemplate(destination.dataDestination);
  if ("problem" in template) throw new TypeError(`unchecked dataDestination: ${template.problem}`);
  const { qos, retain, cloudEventAttributes: mode } = endpoint.mqttSettings;
  const isEventGrid = endpoint.hostType === HostType.EventGrid;
  const plan = { template, qos, retain, isEventGrid };
  if (mode === undefined) return plan;
  const { serializationFormat, schemaRef } = transformation ?? {};
  const output = {
    ...(serializationFormat === undefined ? {} : { contentType: "application/json" }),
    ...(schemaRef === undefined ? {} : { dataSchema: schemaRef }),
  };
  return { ...plan, cloudEvents: { mode, source: `aio://${destination.endpointRef}`, ...output } };
}

function endOf(side: End["side"], name: string, { config }: DataflowContext): End {
  const endpoint = config.endpoints[name];
  if (endpoint === undefined) throw new TypeError(`unchecked endpointRef "${name}"`);
  return { side, name, endpoint };
}

function describeEnd({ side, name, endpoint }: End): string {
  return `${side} ${name} (${endpoint.mqttSettings.host})`;
}

function requireParts(name: string, config: DataflowConfig): DataflowParts {
  const parts = dataflowParts(config);
  if (parts === undefined) throw new TypeError(`unchecked operations of dataflow "${name}"`);
  return parts;
}

function requireAddress({ endpoint }: End): HostAddress {
  const address = parseHost(endpoint.mqttSettings.host);
  if (address === undefined) throw new TypeError(`unchecked host "${endpoint.mqttSettings.host}"`);
  return address;
}

function requireCredentials(credentials: DataflowContext["credentials"], name: string): CredentialSource {
  const source = credentials.get(name);
  if (source === undefined) throw new TypeError(`no credentials for endpoint "${name}"`);
  return source;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
