import { extraInstanceProblem } from "./contract/client-id.ts";
import type { RelayConfig } from "./contract/config.ts";
import type { HostAddress } from "./contract/config/endpoint.ts";
import { createCredentialSource } from "./identity/credentials.ts";
import type { CredentialEnd } from "./identity/end-watch.ts";
import { unboundedMemory, type MemoryBudget } from "./memory/budget.ts";
import { createMounts } from "./identity/mounts.ts";
import { reportCredentials } from "./identity/report.ts";
import { Dataflow } from "./dataflow.ts";
import type { DataflowStatus } from "./dataflow-status.ts";
import type { Disk } from "./disk/dataflow-disk.ts";
import type { DataflowContext } from "./connection/side.ts";
import type { LinkState } from "./connection/link.ts";
import type { Logger } from "./report/log.ts";
import type { Tracing } from "./report/traces.ts";
import { hasSpool, Spool } from "./disk/spool.ts";
import { findUnattended, reportUnattended, type UnattendedQueue } from "./disk/unattended.ts";
import { reportStatus } from "./report/status-reporter.ts";

/** What a relay runs with, beyond its configuration. */
export interface RelayOptions {
  /** Number of this instance, from 0: that of its pod. */
  readonly ordinal: number;
  /** How long a new instance waits before it subscribes, in milliseconds. @default 0 */
  readonly joinMs?: number;
  /** Folder of the mounted files; omitted: the configuration's. */
  readonly mountPath?: string;
  /** Folder of the spool; omitted: the configuration's. */
  readonly spoolPath?: string;
  /** Where to connect instead of a `host:port`; for development. */
  readonly connectTo?: ReadonlyMap<string, HostAddress>;
  readonly log: Logger;
  /** Memory for messages; omitted: as much as they take. */
  readonly memory?: MemoryBudget;
  /** Omitted: no message is traced. */
  readonly tracing?: Pick<Tracing, "tracerOf"> | undefined;
}

/** Whether the relay does what it is there for. */
export interface Readiness {
  readonly isReady: boolean;
  /** Each dataflow that is not up, with the reason. */
  readonly reasons: readonly string[];
}

/** Time for the spool to write what it was given last and to close its files. */
const closeSpoolMs = 5000;

/** All dataflows of one configuration. */
export class Relay {
  readonly dataflows: readonly Dataflow[];
  readonly config: RelayConfig;
  /** Number of this instance, from 0. */
  readonly ordinal: number;
  /** Messages on the disk that none of them delivers, once the spool is open. */
  unattended: readonly UnattendedQueue[] = [];
  /** Whether a thread runs that may wait for the disk; once {@link run} has resolved: one that does, and can't be ended. */
  hasThread = false;
  readonly #log: Logger;
  readonly #context: DataflowContext;
  readonly #memory: MemoryBudget | undefined;
  readonly #drainTimeoutMs: number;
  readonly #spoolPath: string;
  /** Why this instance must not connect; `undefined` for those that the configuration counts. */
  readonly #extraInstance: string | undefined;
  #spool: Spool | undefined;
  readonly #ended = new AbortController();
  #stopping: Promise<void> | undefined;
  #tell: () => void = () => undefined;
  /** Settles when the relay is told to stop. */
  readonly #told = new Promise<void>((resolve) => (this.#tell = resolve));

  constructor(config: RelayConfig, options: RelayOptions) {
    const { ordinal, joinMs = 0, mountPath, spoolPath, connectTo, log, memory, tracing } = options;
    this.config = config;
    this.ordinal = ordinal;
    const mounts = createMounts(mountPath ?? config.relay.mountPath);
    const credentials = new Map(
      Object.entries(config.endpoints).map(([name, endpoint]) => [
        name,
        createCredentialSource(name, endpoint, mounts, {
          onEvent: reportCredentials(log, name),
          proxy: config.relay.proxy,
          fetchTimeoutMs: config.relay.connectTimeoutSeconds * 1000,
        }),
      ]),
    );
    this.#context = {
      config,
      credentials,
      ordinal,
      joinMs,
      connectTo: connectTo ?? new Map<string, HostAddress>(),
      log,
      random: Math.random,
      memory: memory ?? unboundedMemory,
      tracing,
    };
    this.#memory = memory;
    this.#log = log;
    this.#spoolPath = spoolPath ?? config.relay.spoolPath;
    this.#drainTimeoutMs = config.relay.drainTimeoutSeconds * 1000;
    this.#extraInstance = extraInstanceProblem(ordinal, config.profile.instanceCount);
    this.dataflows = Object.entries(this.#extraInstance === undefined ? config.dataflows : {})
      .filter(([, { mode }]) => mode === "Enabled")
      .map(([name, dataflow]) => new Dataflow(name, dataflow, this.#context));
  }

  /**
   * Runs until {@link stop}, or until no dataflow is left that can run. An instance that the configuration doesn't count
   * only waits to be stopped: ending would have Kubernetes start it again and again.
   * @returns whether it ended because it was told to
   */
  async run(): Promise<boolean> {
    if (this.#extraInstance !== undefined) {
      this.#log.error({ event: "instance-not-configured", reason: this.#extraInstance }, "this instance runs nothing");
      await this.#told;
      await this.#stopping;
      return true;
    }
    const status = reportStatus(this, this.#context, this.#ended.signal);
    const disk = this.#openSpool();
    await Promise.all(this.dataflows.map((dataflow) => this.#runDataflow(dataflow, disk)));
    // With every dataflow disabled there is nothing to do, which is what was asked for.
    if (this.dataflows.length === 0) await this.#told;
    await this.#stopping;
    if (this.#spool !== undefined) this.hasThread = !(await this.#spool.close(AbortSignal.timeout(closeSpoolMs)));
    this.#ended.abort(new Error("the relay has ended"));
    this.#memory?.close();
    await status;
    return this.#stopping !== undefined;
  }

  /** A disk that does not work yet holds up the dataflows that need it, and no other. */
  async #runDataflow(dataflow: Dataflow, opening: Promise<Disk | undefined>): Promise<void> {
    const disk = dataflow.needsDisk ? await Promise.race([opening, this.#told.then(() => undefined)]) : undefined;
    if (disk !== undefined || !dataflow.needsDisk) await dataflow.run(disk);
  }

  /** The spool, when a dataflow needs it, or may have needed it before. */
  async #openSpool(): Promise<Disk | undefined> {
    const isNeeded = this.dataflows.some(({ needsDisk }) => needsDisk);
    if (!isNeeded && !hasSpool(this.#spoolPath)) return undefined;
    this.#spool = new Spool(this.#spoolPath, this.#log);
    this.hasThread = true;
    const problem = await this.#spool.open(
      this.dataflows.filter(({ drainsSpool }) => drainsSpool).map(({ name }) => name),
    );
    if (problem !== undefined) return { problem };
    const drained = new Set(this.dataflows.filter(({ drainsSpool }) => drainsSpool).map(({ name }) => name));
    this.unattended = findUnattended(this.#spool.states, drained, this.#spool.clockMs);
    reportUnattended(this.#log, this.unattended);
    return { spool: this.#spool };
  }

  /** Damaged databases that are kept in the spool's folder. */
  get spoolFilesAside(): number {
    return this.#spool?.filesAside ?? 0;
  }

  get readiness(): Readiness {
    if (this.#extraInstance !== undefined) return { isReady: false, reasons: [this.#extraInstance] };
    const reasons = this.dataflows.flatMap((dataflow) =>
      this.problemsOf(dataflow, dataflow.status).map((problem) => `${dataflow.name}: ${problem}`),
    );
    return { isReady: reasons.length === 0 && !this.isStopping, reasons };
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Why a dataflow does not do what it is there for; empty when it does. */
  problemsOf({ needsDisk }: Dataflow, status: DataflowStatus): string[] {
    if (status.failure !== undefined) return [`stopped, ${status.failure}`];
    if (needsDisk && this.#spool?.isOpening === true) {
      const { trouble } = this.#spool;
      return [`spool ${trouble === undefined ? "is being opened" : `can't be opened, ${trouble}`}`];
    }
    const rejection = status.rejection === undefined ? [] : [`destination refuses messages, ${status.rejection}`];
    // One reconnect may help; a destination that stalls again is not doing its work.
    const stalls = status.stalls.destination < 2 ? [] : ["destination is connected and acknowledges nothing"];
    if (status.stalls.source > 0) stalls.push("source is owed acknowledgements and nothing moves");
    return [
      ...notUp("source", status.source),
      ...notUp("destination", status.destination),
      ...rejection,
      ...stalls,
      ...status.subscriptionProblems,
      ...status.diskProblems,
    ];
  }

  /** Tokens and certificates in use, by endpoint. */
  get credentialEnds(): readonly { readonly endpoint: string; readonly end: CredentialEnd }[] {
    return [...this.#context.credentials].flatMap(([endpoint, source]) =>
      source.ends().map((end) => ({ endpoint, end })),
    );
  }

  /**
   * Takes no more messages, waits for those in flight up to the drain time-out, and disconnects. What is not
   * acknowledged by then stays with its source. May be called again.
   */
  async stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    this.#tell();
    await this.#stopping;
  }

  async #drain(): Promise<void> {
    this.#log.info({ event: "drain-started", timeoutMs: this.#drainTimeoutMs }, "draining");
    const deadline = AbortSignal.timeout(this.#drainTimeoutMs);
    await Promise.all(this.dataflows.map((dataflow) => dataflow.stop(deadline)));
    this.#reportDrain();
  }

  /** Says what is left, and what becomes of it. */
  #reportDrain(): void {
    const sum = (read: (status: DataflowStatus) => number) =>
      this.dataflows.reduce((total, { status }) => total + read(status), 0);
    const left = sum(({ unsafe }) => unsafe.messages);
    const lost = sum(({ unsafe }) => unsafe.onlyHere);
    const unconfirmed = sum((status) => status.unconfirmed);
    if (left > lost)
      this.#log.warn(
        { event: "drain-unacknowledged", messages: left - lost },
        "not acknowledged, the source will send them again",
      );
    if (lost > 0)
      this.#log.warn(
        { event: "drain-lost", messages: lost },
        "drain time-out: not delivered, and no source has them: lost",
      );
    if (unconfirmed > 0)
      this.#log.warn(
        { event: "drain-unconfirmed", messages: unconfirmed },
        "drain time-out: sent with QoS 0, may not have reached the destination",
      );
    if (left + unconfirmed === 0) this.#log.info({ event: "drained" }, "drained");
  }
}

function notUp(side: string, state: LinkState): string[] {
  if (state.kind === "up") return [];
  return [`${side} is ${state.kind}${"reason" in state ? `, ${state.reason}` : ""}`];
}
