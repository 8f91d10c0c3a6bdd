import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";

import type { PublishView } from "../../runtime/mqtt/publish.ts";
import { BrokerClient } from "../load/broker-client.ts";
import type { InstalledPeer, PeerName, Route } from "../peers/peer.ts";
import { readResidentMegabytes, readUsage, type Usage } from "./process-usage.ts";

const readyDeadlineMs = 30_000;
const probeIntervalMs = 100;
const endDeadlineMs = 5000;
const keptLines = 20;
const shownLength = 300;

/** A bridge that runs between the two brokers, and the client that sees what comes out of it. */
export class Candidate {
  readonly name: PeerName;
  readonly sink: BrokerClient;
  /** Where its metrics are served; `undefined` unless it is the relay. */
  readonly metricsPort: number | undefined;
  /** When its process was started, on the clock of `performance.now()`. */
  readonly startedMs: number;
  readonly #child: ChildProcess;
  readonly #pid: number;

  private constructor(
    name: PeerName,
    child: ChildProcess,
    { sink, metricsPort, startedMs }: Pick<Candidate, "sink" | "metricsPort" | "startedMs">,
  ) {
    this.name = name;
    this.sink = sink;
    this.metricsPort = metricsPort;
    this.startedMs = startedMs;
    this.#child = child;
    this.#pid = child.pid ?? 0;
  }

  /**
   * Starts a bridge and waits until a message of each filter has crossed it.
   * @throws {Error} with the last line that it wrote, when none does within 30 s
   */
  static async start(name: PeerName, installed: InstalledPeer, route: Route, probes: Probes): Promise<Candidate> {
    await mkdir(route.folder, { recursive: true });
    const { command, args, env, outputPort, metricsPort } = await installed.prepare(route);
    const startedMs = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    const lines = keepLastLines(child);
    try {
      const sink = await connectPatiently(outputPort ?? probes.outputPort, `sink-${path.basename(route.folder)}`);
      await sink.subscribe(probes.outputFilter);
      const candidate = new Candidate(name, child, { sink, metricsPort, startedMs });
      await candidate.#untilCrossed(probes);
      return candidate;
    } catch (cause) {
      child.kill("SIGKILL");
      const said = lines.at(-1)?.slice(0, shownLength) ?? "nothing";
      throw new Error(`${cause instanceof Error ? cause.message : String(cause)}; it wrote last: ${said}`, { cause });
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  usage(): Usage {
    return readUsage(this.#pid);
  }

  /** Time that its own threads have run, in seconds: for what hardly runs at all. */
  runSeconds(): number {
    return this.usage().cpuSeconds;
  }

  residentMegabytes(): number {
    return readResidentMegabytes(this.#pid);
  }

  /** Keeps the process from doing anything, until {@link resume}; what it is to take gathers at the source broker. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.sink.close();
    if (this.hasEnded) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endDeadlineMs);
    await ended;
    clearTimeout(timer);
  }

  async #untilCrossed({ publisher, topics }: Probes): Promise<void> {
    if (topics.length === 0) return;
    const missing = new Set(topics.map((_, index) => index));
    this.sink.onPublish = (view: PublishView) => {
      const [marker, index] = view.bytes.toString("utf8", view.propertiesEnd, view.end).split(" ");
      if (marker === probeMarker) missing.delete(Number(index));
    };
    const deadlineMs = performance.now() + readyDeadlineMs;
    while (missing.size > 0) {
      if (this.hasEnded) throw new Error(`it ended with exit code ${this.#child.exitCode} as it started`);
      if (performance.now() > deadlineMs) throw new Error(`no message crossed it within ${readyDeadlineMs / 1000} s`);
      for (const index of missing) publisher.publishOnce(topics[index] ?? "", `${probeMarker} ${index}`);
      await delay(probeIntervalMs);
    }
    await delay(probeIntervalMs); // for probes that are still on their way
    this.sink.onPublish = () => undefined;
  }
}

const probeMarker = "probe";

/** Messages that tell whether a bridge is connected and subscribed. */
export interface Probes {
  /** A client of the source broker. */
  readonly publisher: BrokerClient;
  /** One topic for each filter of the route; without any, nothing is waited for. */
  readonly topics: readonly string[];
  /** Filter of what comes out of the bridge. */
  readonly outputFilter: string;
  /** Port of the destination broker without TLS. */
  readonly outputPort: number;
}

async function connectPatiently(port: number, clientId: string): Promise<BrokerClient> {
  const deadlineMs = performance.now() + readyDeadlineMs;
  for (;;) {
    try {
      return await BrokerClient.connect(port, clientId);
    } catch (cause) {
      if (performance.now() > deadlineMs) throw cause;
      await delay(probeIntervalMs);
    }
  }
}

/** The last lines of what a program writes; nothing of it may fill a pipe. */
function keepLastLines(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      lines.push(
        ...stripVTControlCharacters(chunk.toString())
          .split("\n")
          .filter((line) => line.trim() !== ""),
      );
      lines.splice(0, Math.max(0, lines.length - keptLines));
    });
  }
  child.on("error", (error) => lines.push(error.message));
  return lines;
}
