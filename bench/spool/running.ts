import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { BrokerClient } from "../load/broker-client.ts";
import type { Destination } from "../load/destination.ts";
import type { RunningDiskPeer } from "./peer.ts";

const endDeadlineMs = 20_000;
const shownLength = 400;
const connectDeadlineMs = 60_000;
const connectAgainMs = 100;

/** A program that was started; what it writes to its standard output and error is not kept but for its last words. */
export class Running {
  readonly #child: ChildProcess;
  #last = "";

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string) {
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env }, cwd });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.#last = chunk.toString().trim().slice(-shownLength)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {Error} with what it wrote last, when it has ended */
  assertRuns(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      throw new Error(`it ended with ${this.#child.exitCode ?? this.#child.signalCode}; it wrote last: ${this.#last}`);
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endDeadlineMs);
    await ended;
    clearTimeout(timer);
  }
}

/** Connects a publisher with a broker that is starting. @throws {Error} when it ends, or accepts no client within 60 s */
export async function connectPatiently(port: number, running: Running): Promise<BrokerClient> {
  const deadlineMs = performance.now() + connectDeadlineMs;
  for (;;) {
    running.assertRuns();
    try {
      return await BrokerClient.connect(port, "load");
    } catch (cause) {
      if (performance.now() > deadlineMs) throw cause;
      await delay(connectAgainMs);
    }
  }
}

/** A broker whose load is published to it. It does not tell what it commits. */
export function describeBroker(running: Running, publisher: BrokerClient, destination: Destination): RunningDiskPeer {
  return {
    pid: running.pid,
    destination,
    give: (shape, load, count) => publisher.publishAll(shape, load, count),
    commits: () => undefined,
    stop: async () => {
      publisher.close();
      destination.close();
      await running.stop();
    },
  };
}
