import { dataflowParts, type Dataflow as DataflowConfig, type DataflowParts } from "./contract/config/dataflow.ts";
import { ConnectionError } from "./contract/errors.ts";
import type { Logger } from "./report/log.ts";
import type { PublishView } from "./mqtt/publish.ts";
import { BreachWatch } from "./connection/protocol-error-watch.ts";
import { Counters } from "./report/counters.ts";
import { planDeadLetters } from "./rewrite/dead-letter.ts";
import { diskProblems, needsDisk, useDisk, watchGrowth, type Disk, type DiskUse } from "./disk/dataflow-disk.ts";
import {
  buildConnectOptions,
  commonLinkOptions,
  createEnd,
  reportSessionExpiry,
  required,
  type DataflowContext,
  type End,
} from "./connection/side.ts";
import { OldFilters } from "./connection/old-filters.ts";
import { otherFormOfFilters, subscribedFilters } from "./contract/subscriptions.ts";
import { Forwarder } from "./queue/forwarder.ts";
import { Link, type LinkState } from "./connection/link.ts";
import { createPatch, planPatch } from "./rewrite/patch.ts";
import { aborted, quiesceDestination, quiesceSource } from "./connection/quiesce.ts";
import { reportTrouble } from "./report/trouble-log.ts";
import { Subscriptions } from "./connection/subscriptions.ts";
import { turnNow } from "./queue/turn-clock.ts";

/** What a dataflow is doing, for health and metrics. */
export interface DataflowStatus {
  readonly source: LinkState;
  readonly destination: LinkState;
  /** Why the dataflow stopped for good; `undefined` while it runs. */
  readonly failure: string | undefined;
  /** Why the destination refuses messages for the time being; `undefined` when it does not. */
  readonly rejection: string | undefined;
  readonly inFlight: number;
  /** Messages in memory that wait to be sent. */
  readonly waiting: number;
  /** Messages that neither the destination nor the disk has. */
  readonly unsafe: number;
  /** Messages on the disk, and the bytes of their packets. */
  readonly spooled: { readonly messages: number; readonly bytes: number };
  /** Whether more comes to the disk than leaves it, although the destination is connected. */
  readonly isSpoolGrowing: boolean;
  /** What the source has not granted as asked for, by filter; empty when all is well. */
  readonly subscriptionProblems: readonly string[];
  /** What keeps the disk from taking messages; empty when nothing does. */
  readonly diskProblems: readonly string[];
  /** Times in a row that the destination was connected and acknowledged nothing. */
  readonly stalls: number;
}

/** Time between two looks at what takes too long. */
const tickMs = 250;

/** Runs one dataflow: a connection to its source, one to its destination, and the forwarder between them. */
export class Dataflow {
  readonly name: string;
  readonly counters = new Counters();
  readonly #config: DataflowConfig;
  readonly #context: DataflowContext;
  readonly #log: Logger;
  readonly #forwarder: Forwarder;
  readonly #source: Link;
  readonly #destination: Link;
  #failure: string | undefined;
  #disk: DiskUse | undefined;
  readonly #qos: 0 | 1;
  readonly #oldFilters: OldFilters;
  /** Those of the source connection; `undefined` while there is none. */
  #subscriptions: Subscriptions | undefined;

  constructor(name: string, config: DataflowConfig, context: DataflowContext) {
    this.name = name;
    this.#config = config;
    this.#log = context.log.child({ dataflow: name });
    this.#context = { ...context, log: this.#log };
    const parts = required(dataflowParts(config), `source and destination of "${name}"`);
    const source = createEnd(name, "source", parts.source.endpointRef, context);
    const destination = createEnd(name, "destination", parts.destination.endpointRef, context);
    this.#qos = destination.endpoint.mqttSettings.qos;
    this.#forwarder = this.#createForwarder(parts, destination, config.relay);
    this.#destination = this.#createDestinationLink(destination);
    const { instanceCount } = context.config.profile;
    const subscriber = { prefix: source.endpoint.mqttSettings.clientIdPrefix, dataflow: name };
    const filters = subscribedFilters(parts.source.dataSources, { instanceCount, ...subscriber });
    this.#oldFilters = new OldFilters(filters, otherFormOfFilters(filters, subscriber));
    this.#source = this.#createSourceLink(source, filters);
  }

  get status(): DataflowStatus {
    return {
      source: this.#source.state,
      destination: this.#destination.state,
      failure: this.#failure,
      rejection: this.#forwarder.destination.rejection,
      inFlight: this.#forwarder.inFlight,
      waiting: this.#forwarder.waiting,
      unsafe: this.#forwarder.unsafe,
      spooled: { messages: this.#disk?.queue.messages ?? 0, bytes: this.#disk?.queue.bytes ?? 0 },
      isSpoolGrowing: this.#disk?.growth.isGrowing ?? false,
      subscriptionProblems: this.#subscriptions?.problems ?? [],
      diskProblems: this.#disk === undefined ? this.#missingDisk : diskProblems(this.#disk),
      stalls: this.#forwarder.destination.stalls,
    };
  }

  get #missingDisk(): string[] {
    return this.needsDisk ? ["the spool is not open"] : [];
  }

  /** Whether it writes anything to the disk, so that {@link run} has to be given one. */
  get needsDisk(): boolean {
    return needsDisk(this.#config.relay);
  }

  /** Whether it delivers messages that it has on the disk. */
  get drainsSpool(): boolean {
    return this.#config.relay.spool.mode === "Enabled";
  }

  /** Runs until {@link stop}, or until it has failed for good. Never rejects. */
  async run(disk?: Disk): Promise<void> {
    if (this.needsDisk) this.#openDisk(disk ?? { problem: "there is no spool" });
    const ticking = setInterval(this.#tick.bind(this), tickMs);
    try {
      await this.#runLinks();
    } finally {
      clearInterval(ticking);
    }
  }

  #tick(): void {
    this.#forwarder.tick();
    if (this.#disk !== undefined)
      watchGrowth(this.#disk, this.#destination.state.kind === "up", this.#config.relay, this.#log);
  }

  #openDisk(disk: Disk): void {
    if ("problem" in disk) {
      this.#fail(disk.problem);
      return;
    }
    const parts = { spool: disk.spool, forwarder: this.#forwarder, qos: this.#qos };
    this.#disk = useDisk(this.name, this.#config.relay, parts, (reason) => {
      this.#fail(reason);
    });
    this.#oldFilters.useMemory(this.#disk.queue);
    const { messages, bytes } = this.#disk.queue;
    if (messages > 0) this.#log.info({ messages, bytes }, "messages of an earlier process are on the disk");
  }

  async #runLinks(): Promise<void> {
    const destination = this.#destination.run();
    // What the destination takes decides how much the source may send. When it is away the source connects all the
    // same: without a session there nothing would be kept for this dataflow.
    await this.#destination.firstAttempt;
    await Promise.all([destination, this.#source.run()]);
  }

  /** Takes no more messages, waits for those in flight as long as `deadline` allows, and disconnects. */
  async stop(deadline: AbortSignal): Promise<void> {
    if (this.#failure === undefined) await Promise.race([this.#forwarder.drain(), aborted(deadline)]);
    this.#source.stop();
    this.#destination.stop();
  }

  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#log.error({ reason }, "dataflow stopped");
    this.#forwarder.end();
    this.#source.stop();
    this.#destination.stop();
  }

  #createForwarder(parts: DataflowParts, { endpoint }: End, relay: DataflowConfig["relay"]): Forwarder {
    const { qos, maxInflightMessages } = endpoint.mqttSettings;
    const stallTimeoutMs = relay.stallTimeoutSeconds * 1000;
    return new Forwarder({
      patch: createPatch(planPatch(parts, endpoint, relay.maxHops)),
      qos,
      maxInflightMessages,
      maxInflightBytes: relay.maxInflightBytes,
      undeliverable: relay.undeliverableMessages,
      deadLetters: planDeadLetters(this.name, parts, relay),
      stallTimeoutMs,
      onStalled: () => {
        this.#destination.reconnect(`acknowledged nothing of what it was sent within ${stallTimeoutMs} ms`);
      },
      wallTime: () => new Date().toISOString(),
      counters: this.counters,
      onStopped: (reason) => {
        this.#fail(reason);
      },
      onTrouble: reportTrouble(this.#log),
      now: turnNow,
      schedule: (callback, delayMs) => {
        setTimeout(callback, delayMs).unref();
      },
    });
  }

  #createDestinationLink(end: End): Link {
    const { qos, maxInflightMessages: receiveMaximum } = end.endpoint.mqttSettings;
    const common = this.#commonOptions(end);
    let isFirst = true;
    return new Link({
      ...common,
      // The first connection of a process starts clean, so that no filter of an earlier use sends it messages.
      connectOptions: (credentials) =>
        buildConnectOptions(end, credentials, { cleanStart: isFirst, receiveMaximum, timeoutMs: common.timeoutMs }),
      onConnected: (connection, limits) => {
        isFirst = false;
        if (limits.maximumQoS >= qos) this.#forwarder.attachDestination(connection, limits);
      },
      prepare: (_connection, limits) => {
        if (limits.maximumQoS >= qos) return Promise.resolve();
        const text = `${end.peer} takes QoS 0 only; set endpoints.${end.name}.mqttSettings.qos to 0`;
        return Promise.reject(new ConnectionError(text, { retryable: false }));
      },
      quiesce: () => quiesceDestination(this.#forwarder),
      onPublish: () => undefined,
      onPuback: (packetId, reasonCode) => {
        this.#forwarder.onPuback(packetId, reasonCode);
      },
      onDisconnected: (error) => {
        this.counters.disconnects.destination++;
        this.#forwarder.detachDestination(error);
      },
      survives: (error) => this.#forwarder.destination.survives(error),
    });
  }

  #createSourceLink(end: End, filters: readonly string[]): Link {
    const { qos, maxInflightMessages } = end.endpoint.mqttSettings;
    const request = { filters, qos, peer: end.peer, endpoint: end.name };
    const common = this.#commonOptions(end);
    const logsMessages = this.#log.isLevelEnabled("debug");
    const breaches = new BreachWatch();
    const checkExpiry = reportSessionExpiry(end, this.#log);
    let connections = 0;
    return new Link({
      ...common,
      connectOptions: (credentials) => {
        const receiveMaximum = Math.min(maxInflightMessages, this.#forwarder.destination.window);
        const { timeoutMs } = common;
        return buildConnectOptions(end, credentials, { cleanStart: false, receiveMaximum, timeoutMs });
      },
      onConnected: (connection, limits) => {
        connections++;
        breaches.onConnected(performance.now());
        if (connections > 1 && !limits.sessionPresent) this.#noteLostSession();
        checkExpiry(limits);
        this.#subscriptions = new Subscriptions(connection, limits, request, this.#oldFilters, this.#log);
        this.#forwarder.attachSource(connection, limits.sessionPresent);
      },
      quiesce: () => quiesceSource(this.#forwarder),
      // Called right behind onConnected, for the same connection.
      prepare: () => required(this.#subscriptions, "subscriptions").subscribe(),
      onPublish: (view) => {
        if (logsMessages)
          this.#log.debug({ topic: view.topic, qos: view.qos, payloadBytes: view.payloadBytes }, "received");
        this.#takePublish(view);
      },
      onPuback: (packetId, reasonCode) => {
        this.#forwarder.onSourcePuback(packetId, reasonCode);
      },
      onDisconnected: (error) => {
        this.#onSourceEnd(error, breaches.onEnd(error, performance.now()));
      },
    });
  }

  #takePublish(view: PublishView): void {
    const origin = this.#subscriptions?.judge(view);
    if (origin === "maybeCopy") this.counters.possibleCopies++;
    if (origin === "unwanted" || origin === "copy") this.#forwarder.onUnwanted(view, origin);
    else this.#forwarder.onPublish(view);
  }

  #commonOptions(end: End): ReturnType<typeof commonLinkOptions> {
    return commonLinkOptions(end, this.#context, (reason) => {
      this.#fail(reason);
    });
  }

  #onSourceEnd(error: ConnectionError | undefined, hopeless: string | undefined): void {
    this.counters.disconnects.source++;
    this.#subscriptions?.end(error?.reasonCode);
    this.#subscriptions = undefined;
    this.#forwarder.detachSource(error);
    if (hopeless !== undefined) this.#fail(hopeless);
  }

  #noteLostSession(): void {
    this.counters.sessionsLost++;
    this.#log.warn("the source had lost the session: what waited in it is gone");
  }
}
