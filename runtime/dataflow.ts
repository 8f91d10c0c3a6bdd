import { setTimeout as delay } from "node:timers/promises";

import { DestinationUser } from "./connection/destination-link.ts";
import { Link } from "./connection/link.ts";
import { aborted, until } from "./connection/quiesce.ts";
import { planRemovedSessions, RemovedSessions } from "./connection/removed-sessions.ts";
import { OldFilters } from "./connection/old-filters.ts";
import { createLinkOptions, createSide, required, type DataflowContext, type Side } from "./connection/side.ts";
import { SourceUser } from "./connection/source-link.ts";
import { dataflowParts, type Dataflow as DataflowConfig, type DataflowParts } from "./contract/config/dataflow.ts";
import { describeError } from "./contract/errors.ts";
import { otherFormOfFilters, subscribedFilters } from "./contract/subscriptions.ts";
import { needsDisk, useDisk, watchGrowth, type Disk, type DiskUse } from "./disk/dataflow-disk.ts";
import { every } from "./event-loop/every.ts";
import type { MemoryShare } from "./memory/budget.ts";
import { readStatus, type DataflowConnections, type DataflowLevels, type DataflowStatus } from "./dataflow-status.ts";
import { Forwarder } from "./queue/forwarder.ts";
import type { Tracer } from "./queue/ports.ts";
import { turnNow } from "./event-loop/turn-clock.ts";
import { Counters } from "./report/counters.ts";
import type { Logger } from "./report/log.ts";
import { Tap } from "./report/tap.ts";
import { reportTrouble } from "./report/trouble-log.ts";
import { planDeadLetters } from "./rewrite/dead-letter.ts";
import { copiesInMemory, createPatch, planPatch } from "./rewrite/patch.ts";
import { traced } from "./traced-dataflow.ts";

/** Time between two looks at what takes too long, and while nothing moves and no message is here. */
const [tickMs, quietTickMs] = [250, 1000];
/** How long the source waits for the destination's first connection, which decides how much the source may send. */
const firstAttemptMs = 2000;

/** A removed instance that is just ending is left in peace for so long. */
const settleMs = 1000;
/** Sessions of removed instances are looked for within this time for each dataflow, so that not all connect at once. */
const spreadMs = 50;
/** A source that subscribes alone waits so long at most for the sessions of removed instances. */
const findMs = 3000;
/** Runs one dataflow: a connection to its source, one to its destination, and the forwarder between them. */
export class Dataflow {
  readonly name: string;
  readonly counters = new Counters();
  /** Shows some of its messages to whoever watches. */
  readonly tap = new Tap();
  /** Who it is at its two brokers. */
  readonly sides: { readonly source: Side; readonly destination: Side };
  readonly #config: DataflowConfig;
  readonly #context: DataflowContext;
  readonly #log: Logger;
  readonly #forwarder: Forwarder;
  readonly #source: Link;
  readonly #sourceUser: SourceUser;
  readonly #destination: Link;
  readonly #destinationUser: DestinationUser;
  readonly #share: MemoryShare;
  #failure: string | undefined;
  #disk: DiskUse | undefined;
  readonly #qos: 0 | 1;
  readonly #tracer: Tracer | undefined;
  readonly #stopped = new AbortController();
  /** Whether the source had kept the session of an earlier process. */
  #hadSession = false;
  readonly #removedSessions: RemovedSessions | undefined;

  constructor(name: string, config: DataflowConfig, context: DataflowContext) {
    this.name = name;
    this.#config = config;
    this.#log = context.log.child({ dataflow: name });
    this.#context = { ...context, log: this.#log };
    this.#share = context.memory.share(name);
    const parts = required(dataflowParts(config), `source and destination of "${name}"`);
    const source = createSide(name, "source", parts.source.endpointRef, context);
    const destination = createSide(name, "destination", parts.destination.endpointRef, context);
    this.sides = { source, destination };
    this.#qos = destination.endpoint.mqttSettings.qos;
    this.#tracer = context.tracing?.tracerOf(traced(name, parts, source, destination));
    this.#forwarder = this.#createForwarder(parts, destination, config.relay);
    const [forwarder, counters] = [this.#forwarder, this.counters];
    const options = createLinkOptions(destination, this.#context);
    this.#destinationUser = new DestinationUser({
      side: destination,
      forwarder,
      counters,
      timeoutMs: options.timeoutMs,
    });
    this.#destination = new Link(this.#destinationUser, options);
    const deadLetters = planDeadLetters(name, parts, config.relay);
    this.#sourceUser = this.#createSourceUser(source, parts, deadLetters.publish?.side === "source");
    this.#source = new Link(this.#sourceUser, createLinkOptions(source, this.#context));
    const removed = planRemovedSessions(source, { name, parts, forwarder: this.#forwarder, context: this.#context });
    this.#removedSessions = removed && new RemovedSessions(removed, this.#stopped.signal);
  }

  get status(): DataflowStatus {
    return readStatus({
      forwarder: this.#forwarder,
      source: this.#source.state,
      destination: this.#destination.state,
      failure: this.#failure,
      shareBytes: this.#share.bytes,
      disk: this.#disk,
      needsDisk: this.needsDisk,
      limits: this.#config.relay,
      subscriptionProblems: this.#sourceUser.subscriptionProblems,
    });
  }

  /** What its queues hold: the few figures of {@link status} that cost next to nothing. */
  get levels(): DataflowLevels {
    const { inFlight, waiting } = this.#forwarder.status;
    return { inFlight, waiting, onDisk: this.#disk?.queue.messages ?? 0 };
  }

  /** Its connections, beyond whether they are up. */
  get connections(): DataflowConnections {
    return {
      source: { sinceMs: this.#source.sinceMs, limits: this.#sourceUser.limits },
      destination: { sinceMs: this.#destination.sinceMs, limits: this.#destinationUser.limits },
      window: this.#forwarder.destination.window,
    };
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
    const stopTicking = every(tickMs, () => this.#guard(() => this.#tick()), { quietMs: quietTickMs });
    try {
      await this.#runLinks();
    } finally {
      stopTicking();
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
    const parts = { spool: disk.spool, forwarder: this.#forwarder, qos: this.#qos, tracer: this.#tracer };
    this.#disk = useDisk(this.name, this.#config.relay, parts, (reason) => {
      this.#fail(reason);
    });
    this.#sourceUser.useMemory(this.#disk.queue);
    const { messages, bytes } = this.#disk.queue;
    if (messages > 0)
      this.#log.info(
        { event: "spool-has-messages", messages, bytes },
        "messages of an earlier process are on the disk",
      );
  }

  async #runLinks(): Promise<void> {
    const destination = this.#destination.run();
    // What the destination takes decides how much the source may send. When it is away the source connects all the
    // same: without a session there nothing would be kept for this dataflow.
    await Promise.race([this.#destination.firstAttempt, aborted(AbortSignal.timeout(firstAttemptMs))]);
    await Promise.all([destination, this.#source.run(), this.#takeUpRemovedSessions()]);
  }

  /** With one instance they have to be unsubscribed before it subscribes alone, or messages come to both. */
  async #beforeSubscribe(sessionPresent: boolean): Promise<void> {
    this.#hadSession = sessionPresent;
    if (this.#removedSessions === undefined || !sessionPresent) return;
    if (this.#context.config.profile.instanceCount > 1) return;
    const { signal } = this.#stopped;
    await Promise.race([this.#removedSessions.find(), delay(findMs, undefined, { signal }).catch(() => undefined)]);
  }

  /** Once its own source is up: messages of a shared subscription have another way by then. */
  async #takeUpRemovedSessions(): Promise<void> {
    const { signal } = this.#stopped;
    if (this.#removedSessions === undefined) return;
    await until(() => this.#source.state.kind === "up", signal, tickMs);
    // Those of all instances last equally long: without one of its own there is none of a removed one.
    if (!this.#hadSession) return;
    const { config, random } = this.#context;
    const waitMs = settleMs + random() * Object.keys(config.dataflows).length * spreadMs;
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    await this.#removedSessions.find();
    await this.#removedSessions.end();
  }

  /**
   * Accepts no more messages, waits for those in flight as long as `deadline` allows, and disconnects. Waits for nothing where
   * nothing can be won: the destination is away, and the source keeps all that is here, of which nothing was sent.
   */
  async stop(deadline: AbortSignal): Promise<void> {
    const isLeft = this.#destination.state.kind !== "up" && this.#disk === undefined && this.#sourceUser.keepsAll;
    if (this.#failure === undefined && !isLeft) await Promise.race([this.#forwarder.drain(), aborted(deadline)]);
    this.#stopLinks();
  }

  /** Whatever is wrong with this program, it must not end the other dataflows: both connections are made anew. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (cause) {
      const stack = cause instanceof Error ? cause.stack : undefined;
      const reason = `a fault of the relay: ${describeError(cause)}`;
      this.#log.error({ event: "relay-fault", reason, stack }, "please report it; connecting again");
      this.#source.reconnect(reason);
      this.#destination.reconnect(reason);
    }
  }

  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#log.error({ event: "dataflow-stopped", reason }, "dataflow stopped");
    this.#forwarder.end();
    this.#stopLinks();
  }

  #stopLinks(): void {
    this.#stopped.abort();
    this.#source.stop();
    this.#destination.stop();
  }

  #createForwarder(parts: DataflowParts, { endpoint }: Side, relay: DataflowConfig["relay"]): Forwarder {
    const { qos, maxInflightMessages } = endpoint.mqttSettings;
    const plan = planPatch(parts, endpoint, relay.maxHops);
    return new Forwarder({
      patch: createPatch(plan),
      qos,
      maxInflightMessages,
      maxInflightBytes: relay.maxInflightBytes,
      memory: this.#share,
      copies: copiesInMemory(plan, relay, this.#tracer !== undefined),
      onRedeliveryWanted: (reason) => {
        this.#source.reconnect(`is connected to anew: ${reason}`, "now");
      },
      undeliverable: relay.undeliverableMessages,
      refusalTimeoutMs: relay.refusalTimeoutSeconds * 1000,
      deadLetters: planDeadLetters(this.name, parts, relay),
      stallTimeoutMs: relay.stallTimeoutSeconds * 1000,
      onStalled: ({ side, reason }) => {
        if (side === "destination") this.#destination.reconnect(reason);
        else {
          this.#log.error({ event: "source-stalled", reason }, "the source side does not move, reconnecting it");
          this.#source.reconnect(reason);
        }
      },
      wallTime: () => new Date().toISOString(),
      counters: this.counters,
      tap: this.tap,
      tracer: this.#tracer,
      onStopped: (reason) => {
        this.#fail(reason);
      },
      onTrouble: reportTrouble(this.#log),
      now: turnNow,
      schedule: (callback, delayMs) => {
        setTimeout(() => this.#guard(callback), delayMs).unref();
      },
    });
  }

  #createSourceUser(side: Side, { source }: DataflowParts, takesDeadLetters: boolean): SourceUser {
    const { clientIdPrefix: prefix } = side.endpoint.mqttSettings;
    const { config } = this.#context;
    const subscriber = { prefix, dataflow: this.name };
    const { instanceCount } = config.profile;
    const filters = subscribedFilters(source.dataSources, { instanceCount, ...subscriber });
    return new SourceUser({
      side,
      forwarder: this.#forwarder,
      session: this.#forwarder.source,
      counters: this.counters,
      log: this.#log,
      filters,
      takesDeadLetters,
      oldFilters: new OldFilters(filters, otherFormOfFilters(filters, subscriber)),
      beforeSubscribe: this.#beforeSubscribe.bind(this),
      // The first instance has, or takes up, the session that brings all messages meanwhile.
      joinMs: instanceCount > 1 && this.#context.ordinal > 0 ? (this.#context.joinMs ?? 0) : 0,
      timeoutMs: config.relay.connectTimeoutSeconds * 1000,
    });
  }
}
