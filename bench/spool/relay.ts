import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

import { podDefaults } from "../../components/relay/defaults.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { spoolFile } from "../../runtime/disk/protocol.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { readImageEnvironment, readImageFlags } from "../../test/support/image-flags.ts";
import { DestinationEnd } from "../load/destination-end.ts";
import { SourceEnd } from "../load/source-end.ts";
import { runStep } from "../peers/installation.ts";
import type { DiskPeer, DiskRoute, RunningDiskPeer } from "./peer.ts";
import { Running } from "./running.ts";

const repository = path.join(import.meta.dirname, "../..");
const bundle = path.join(repository, "dist/relay.mjs");
const spoolMaxBytes = 4 * 1024 ** 3;
const readyDeadlineMs = 60_000;
const askAgainMs = 5;

/** A relay between a source and a destination of its own. */
export interface RunningRelay extends RunningDiskPeer {
  readonly destination: DestinationEnd;
  /** Seconds from the start of the process until `/readyz` said so. */
  readonly readySeconds: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

export const relay = {
  name: "relay",
  title: "this relay",
  remark: "acknowledges a message after the fsync of the transaction that has it",
  install: async () => {
    await runStep([process.execPath, "runtime/bundle.ts"], repository);
    const { default: manifest } = (await import("../../package.json", { with: { type: "json" } })) as {
      default: { version: string };
    };
    return manifest.version;
  },
  start: (route) => startRelay(route),
} satisfies DiskPeer;

/**
 * Starts a relay and waits until it is ready.
 * @param takes whether its destination acknowledges what comes
 */
export async function startRelay({ folder, window, env }: DiskRoute, takes = true): Promise<RunningRelay> {
  await mkdir(folder, { recursive: true });
  const [source, destination] = [new SourceEnd(), new DestinationEnd(window)];
  destination.takes = takes;
  await source.open();
  await destination.open();
  const config = path.join(folder, "relay.json");
  const spoolPath = path.join(folder, "spool");
  await writeFile(config, JSON.stringify(buildConfig(source.port, destination.port, window, spoolPath)));
  const metricsPort = await findFreePort();
  const run = ["run", "--config", config, "--metrics-port", String(metricsPort), "--metrics-host", "127.0.0.1"];
  const startMs = performance.now();
  const running = new Running(process.execPath, [...(await readImageFlags()), bundle, ...run], {
    ...(await readImageEnvironment()),
    NODE_OPTIONS: `--max-old-space-size=${podDefaults.memoryMebibytes / 2}`,
    ...env,
  });
  await untilReady(metricsPort, running);
  const readySeconds = (performance.now() - startMs) / 1000;
  const end = async (signal?: "SIGKILL") => {
    await running.stop(signal);
    source.close();
    destination.close();
  };
  return {
    pid: running.pid,
    destination,
    readySeconds,
    give: (shape, load, count) => source.give(shape, load, count),
    commits: () => readCommits(path.join(spoolPath, spoolFile)),
    stop: () => end(),
    kill: () => end("SIGKILL"),
  };
}

/** One dataflow with a spool, and no bound to what leaves it. */
function buildConfig(source: number, destination: number, window: number, spoolPath: string): RelayConfigInput {
  const endpoint = (port: number, clientIdPrefix: string) => ({
    endpointType: "Mqtt" as const,
    mqttSettings: {
      host: `127.0.0.1:${port}`,
      authentication: { method: "Anonymous" as const },
      tls: { mode: "Disabled" as const },
      clientIdPrefix,
      maxInflightMessages: window,
    },
  });
  return {
    // Its destination goes away each round: how long it waits before it tries again is not what is measured.
    relay: { statusPage: { port: 0 }, spoolPath, reconnect: { minDelayMs: 100, maxDelayMs: 200 } },
    endpoints: { source: endpoint(source, "source-"), destination: endpoint(destination, "destination-") },
    dataflows: {
      load: {
        relay: { spool: { mode: "Enabled", maxBytes: spoolMaxBytes } },
        operations: [
          { operationType: "Source", sourceSettings: { endpointRef: "source", dataSources: ["load/#"] } },
          {
            operationType: "Destination",
            destinationSettings: { endpointRef: "destination", dataDestination: "${inputTopic}" },
          },
        ],
      },
    },
  };
}

/** The spool counts its transactions. Others may read the database while the relay runs. */
function readCommits(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare("SELECT commits FROM clock").get();
    return row === undefined ? undefined : Number(row["commits"]);
  } finally {
    database.close();
  }
}

async function untilReady(port: number, running: Running): Promise<void> {
  const deadlineMs = performance.now() + readyDeadlineMs;
  for (;;) {
    running.assertRuns();
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    if (performance.now() > deadlineMs) throw new Error(`it was not ready within ${readyDeadlineMs / 1000} s`);
    await delay(askAgainMs);
  }
}
