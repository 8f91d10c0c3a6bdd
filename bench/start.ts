import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { readImageEnvironment, readImageFlags } from "../test/support/image-flags.ts";
import { startBrokers } from "./measure/brokers.ts";
import { readUsage } from "./measure/process-usage.ts";
import { medianInterval } from "./measure/statistics.ts";
import { requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy } from "./peers/mosquitto.ts";
import { buildRelayConfig } from "./peers/relay.ts";
import { formatNumber } from "./report/numbers.ts";

/**
 * Measures a relay's start, as its image starts it: the time from the process to both connections of its dataflow, and what it
 * has used until then. Several bundles take turns, since other work on the machine changes all alike; the first is the base
 * of the ratios. Exit code 1 when the last one misses the bar.
 *
 * Run: `npm run bundle && node bench/start.ts [rounds] [file of a bundle, more of them]`
 */
const [rounds = "15", ...given] = process.argv.slice(2);
const bundles = given.length > 0 ? given : ["dist/relay.mjs"];
const longestMs = 400;

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly megabytes: number;
}

const folder = mkdtempSync(path.join(tmpdir(), "start-"));
const brokers = await startBrokers(requireProgram("mosquitto", mosquittoRemedy), folder);
const route = { source: brokers.source.plain, destination: brokers.destination.plain };
const config = path.join(folder, "relay.json");
const more = { folder, filters: ["load/#"], idleFilters: [], qos: 1 as const, window: 100, isEnriched: false };
writeFileSync(config, JSON.stringify(buildRelayConfig({ ...route, ...more })));
try {
  const flags = await readImageFlags();
  const starts = new Map<string, Start[]>(bundles.map((bundle) => [bundle, []]));
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [bundle, of] of starts) {
      const start = await measure([...flags, path.resolve(bundle), "run", "--config", config]);
      if (round > 0) of.push(start); // the first reads the files from the disk
    }
  }
  process.exitCode = report(starts);
} finally {
  await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
  rmSync(folder, { recursive: true });
}

async function measure(args: readonly string[]): Promise<Start> {
  const startMs = performance.now();
  const relay = spawn(process.execPath, [...args, "--metrics-port", "0", "--page-port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...(await readImageEnvironment()) },
  });
  const ended = new Promise<void>((resolve) => relay.once("close", resolve));
  let connections = 0;
  let start: Start | undefined;
  for await (const line of createInterface({ input: relay.stdout })) {
    if (!line.includes('"event":"connected"') || ++connections < 2) continue;
    const { cpuSeconds, residentMegabytes } = readUsage(relay.pid ?? 0);
    start ??= { ms: performance.now() - startMs, cpuMs: cpuSeconds * 1000, megabytes: residentMegabytes };
    relay.kill();
  }
  await ended;
  if (start === undefined) throw new Error("the relay ended before it was connected");
  return start;
}

function report(starts: ReadonlyMap<string, readonly Start[]>): number {
  const [base = []] = [...starts.values()];
  let last = Infinity;
  for (const [bundle, of] of starts) {
    const show = (what: string, unit: string, read: (start: Start) => number) => {
      const { median, low, high } = medianInterval(of.map(read));
      const ratio = medianInterval(of.map((start, round) => read(start) / read(base[round] ?? start)));
      const beside = of === base ? "" : `, ${formatNumber(ratio.median)} of the first`;
      console.log(
        `  ${what}: ${formatNumber(median)} ${unit} (${formatNumber(low)} to ${formatNumber(high)})${beside}`,
      );
      return median;
    };
    console.log(bundle);
    last = show("connected after", "ms", ({ ms }) => ms);
    show("CPU time until then", "ms", ({ cpuMs }) => cpuMs);
    show("resident memory then", "MB", ({ megabytes }) => megabytes);
  }
  return last <= longestMs ? 0 : 1;
}
