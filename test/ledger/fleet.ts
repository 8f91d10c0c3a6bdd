import path from "node:path";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { patientMs } from "../support/patience.ts";
import { describeThreads } from "../support/process-state.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import type { ProcessEnd } from "../support/started-process.ts";
import type { Variant } from "./config.ts";
import { dataflows, type FlowName } from "./ledger.ts";

export interface FleetOptions {
  /** A folder for each instance: its configuration, its mounted files and its disk. */
  readonly folders: readonly string[];
  readonly variant: Variant;
  readonly configure: (variant: Variant, ordinal: number) => RelayConfigInput;
  /** Variables of an instance's environment. */
  readonly env: (ordinal: number) => Readonly<Record<string, string>>;
  /** Longest time from a signal to the end, on an idle machine. */
  readonly endsWithinMs: number;
  readonly onStart: (ordinal: number) => void;
  /** An instance is about to get a signal. */
  readonly onStop: (ordinal: number, signal: NodeJS.Signals) => void;
  /** An instance has ended; resolves when all that it has sent was read. */
  readonly onEnd: (ordinal: number, end: StopRecord) => Promise<void>;
}

/** How an instance was stopped. */
export interface StopRecord {
  readonly signal: NodeJS.Signals;
  readonly tookMs: number;
  /** Called when all that it has sent was read. */
  readonly whileDown: () => unknown;
}

/** The relay's instances: their processes, and the ones that come after them. */
export class Fleet {
  /** What an instance said last that ended without being told to, or not as it should. */
  readonly ends: string[] = [];
  readonly #options: FleetOptions;
  readonly #running = new Map<number, RelayProcess>();
  readonly #told = new WeakSet<RelayProcess>();
  readonly #started: RelayProcess[] = [];
  #variant: Variant;
  /** Instances that the second dataflow had when it was configured last: its sessions stay as they were while it is not. */
  #sideInstances: number;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#variant = options.variant;
    this.#sideInstances = options.variant.instances;
  }

  /** What the instances are configured with when they are started next. */
  get variant(): Variant {
    return this.#variant;
  }

  set variant(variant: Variant) {
    this.#variant = variant;
    if (variant.hasSide) this.#sideInstances = variant.instances;
  }

  /** Dataflows whose sessions have shared subscriptions. */
  get sharedDataflows(): FlowName[] {
    const instances = { flow: this.#variant.instances, side: this.#sideInstances };
    return dataflows.filter((name) => instances[name] > 1);
  }

  /** Numbers of the instances that run. */
  get ordinals(): number[] {
    return [...this.#running.keys()];
  }

  spoolFolder(ordinal: number): string {
    return path.join(this.#options.folders[ordinal] ?? "", "spool");
  }

  /** Starts the instances of today's configuration that don't run. */
  async start(): Promise<void> {
    for (let ordinal = 0; ordinal < this.variant.instances; ordinal++)
      if (!this.#running.has(ordinal)) await this.startOne(ordinal);
  }

  async startOne(ordinal: number): Promise<void> {
    const { folders, configure, env, onStart } = this.#options;
    onStart(ordinal);
    const started = await startRelay({
      folder: folders[ordinal] ?? "",
      config: configure(this.variant, ordinal),
      ordinal,
      env: env(ordinal),
    });
    this.#running.set(ordinal, started);
    this.#started.push(started);
    void started.ended.then(({ code, signal }) => {
      if (this.#told.has(started)) return;
      this.ends.push(`${signal ?? `exit code ${code ?? ""}`}: ${started.process.lines.slice(-5).join("\n")}`);
    });
  }

  /** Ends all instances, at the same time; `whileDown` is called for each when all that it has sent was read. */
  async stop(signal: NodeJS.Signals, whileDown: (ordinal: number) => unknown = () => undefined): Promise<void> {
    await Promise.all(this.ordinals.map((ordinal) => this.stopOne(ordinal, signal, () => whileDown(ordinal))));
  }

  async stopOne(ordinal: number, signal: NodeJS.Signals, whileDown: () => unknown = () => undefined): Promise<void> {
    const running = this.#running.get(ordinal);
    if (running === undefined) return;
    this.#told.add(running);
    this.#options.onStop(ordinal, signal);
    const startMs = performance.now();
    const end = await this.#endInTime(running, signal);
    this.#running.delete(ordinal);
    // One that has not got as far as listening for signals ends by it, and has done nothing yet.
    if (signal === "SIGTERM" && end.code !== 0 && end.signal !== "SIGTERM")
      this.ends.push(`exit code ${end.code ?? ""} after SIGTERM: ${running.process.lines.slice(-5).join("\n")}`);
    await this.#options.onEnd(ordinal, { signal, tookMs: performance.now() - startMs, whileDown });
  }

  /** One that does not end by itself is ended, and what its threads waited for is noted. */
  async #endInTime(running: RelayProcess, signal: NodeJS.Signals): Promise<ProcessEnd> {
    const timer = setTimeout(() => {
      const said = [...describeThreads(running.process.pid), ...running.process.lines.slice(-5)];
      this.ends.push(`not within ${this.#options.endsWithinMs} ms of ${signal}: ${said.join("\n")}`);
      running.process.kill("SIGKILL");
    }, patientMs(this.#options.endsWithinMs));
    const end = await running.stop(signal);
    clearTimeout(timer);
    return end;
  }

  /** Whether every instance says within a time that it is ready, all at once. */
  async untilReady(timeoutMs: number): Promise<boolean> {
    for (const deadlineMs = performance.now() + timeoutMs; performance.now() < deadlineMs;) {
      const answers = await Promise.all([...this.#running.values()].map((running) => running.readiness()));
      if (answers.every((answer) => answer?.status === 200)) return true;
      await new Promise((resolve) => setTimeout(resolve, readyPollMs));
    }
    return false;
  }

  /** What the readiness of the instances says. */
  async readiness(): Promise<string> {
    const answers = await Promise.all(
      [...this.#running].map(async ([ordinal, running]) => {
        const answer = await running.readiness();
        return `instance ${ordinal}: ${answer === undefined ? "no answer" : `${answer.status} ${answer.text.trim()}`}`;
      }),
    );
    return [...answers, ...this.ends.map((end) => `one has ended, ${end}`)].join("; ");
  }

  /** What the instances said last. */
  get log(): readonly string[] {
    return this.#started.slice(-this.variant.instances).flatMap(({ process }) => process.lines.slice(-shownLines));
  }
}

const readyPollMs = 20;
const shownLines = 20;
