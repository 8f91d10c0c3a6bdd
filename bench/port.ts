import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { BrokerClient } from "./load/broker-client.ts";
import type { CrowdCounts } from "./load/crowd-main.ts";
import { startBrokers } from "./measure/brokers.ts";
import type { Candidate } from "./measure/candidate.ts";
import { medianInterval, quantile } from "./measure/statistics.ts";
import { requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy } from "./peers/mosquitto.ts";
import { relay } from "./peers/relay.ts";
import { formatNumber } from "./report/numbers.ts";
import { startCandidate } from "./scenarios/candidates.ts";
import { measureLatency } from "./scenarios/latency.ts";
import type { Bench, FigureName, Figures } from "./scenarios/scenario.ts";

/**
 * Measures what a crowd at the port of probes and metrics does to the messages: two relays of 20 dataflows each forward
 * 1,000 messages a second, first in peace, then while the crowd is at the other relay, then while it is at this one. The
 * second tells what the crowd itself costs the machine. The first line printed is a warm-up. Exit code 1 when a bar is missed.
 *
 * Run: `npm run bench:port -- [half-open connections] [readers of /metrics] [rounds]`
 */
const [halfOpen = 10_000, readers = 50, rounds = 3] = process.argv.slice(2).map(Number);
const dataflows = 20;
const reopenMs = 10_000;
/** Time for the crowd to have opened its connections for the first time. */
const gatherMs = 5000;
/** Longer than any connection of the crowd may last. */
const settleMs = 15_000;
/** Each second of the load is judged by itself, so that a second in which other work has the machine counts as one. */
const seconds = 8;
const perSecond = 1000;
const probeIntervalMs = 200;
/** Bars: p99 in a crowd over that in peace, and memory afterwards over that before. */
const highestRatio = 1.5;
const highestGrowthMegabytes = 10;

type Condition = "peace" | "crowd elsewhere" | "crowd here";
const conditions: readonly Condition[] = ["peace", "crowd elsewhere", "crowd here"];

const folder = await mkdtemp(path.join(tmpdir(), "port-"));
const brokers = await startBrokers(requireProgram("mosquitto", mosquittoRemedy), folder);
const publisher = await BrokerClient.connect(brokers.source.plain.port, "publisher");
let loads = 0;
const bench: Bench = {
  size: { rounds, messages: perSecond, pacedSeconds: seconds, stalledMessages: 0, dataflows },
  folder,
  brokers,
  publisher,
  installed: new Map([["relay", await relay.install("", false)]]),
  nextLoad: () => ++loads,
  record: () => undefined,
  fail: ({ reason }) => {
    throw new Error(reason);
  },
};
try {
  process.exitCode = await measure(await start("measured"), await start("decoy"));
} finally {
  publisher.close();
  await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
  await rm(folder, { recursive: true });
}

async function start(label: string): Promise<Candidate> {
  const candidate = await startCandidate(bench, { scenario: "port", peers: ["relay"] }, "relay", { label, dataflows });
  if (candidate === undefined) throw new Error("the relay is not installed");
  return candidate;
}

async function measure(measured: Candidate, decoy: Candidate): Promise<number> {
  const p99: Record<Condition, number[]> = { peace: [], "crowd elsewhere": [], "crowd here": [] };
  try {
    // Warm-up, with a crowd too: the first one makes the relay compile what it has never run.
    await latencyOf(measured);
    await measureCondition("crowd here", measured, decoy);
    await delay(settleMs);
    const before = measured.residentMegabytes();
    for (let round = 0; round < rounds; round++) {
      for (const condition of conditions) p99[condition].push(...(await measureCondition(condition, measured, decoy)));
    }
    await delay(settleMs);
    return report(p99, measured.residentMegabytes() - before);
  } finally {
    await measured.stop();
    await decoy.stop();
  }
}

/** @returns the p99 of each second, in ms */
async function measureCondition(condition: Condition, measured: Candidate, decoy: Candidate): Promise<number[]> {
  const crowd =
    condition === "peace" ? undefined : startCrowd((condition === "crowd here" ? measured : decoy).metricsPort ?? 0);
  if (crowd !== undefined) await delay(gatherMs);
  const probes = probe(measured.metricsPort ?? 0);
  const figures: Figures[] = [];
  for (let second = 0; second < seconds; second++) figures.push(await latencyOf(measured));
  const median = (name: FigureName) => medianInterval(figures.map((each) => each[name] ?? NaN)).median;
  const said = [
    condition.padEnd(16),
    `p50 ${formatNumber(median("latencyP50Ms"))} ms  p99 ${formatNumber(median("latencyP99Ms"))} ms`,
    `cpu ${formatNumber(median("cpuMicroseconds"))} µs a message  lost ${figures.reduce((sum, { lost = 0 }) => sum + lost, 0)}`,
    `resident ${formatNumber(measured.residentMegabytes())} MB`,
    probes.end(),
    ...(crowd === undefined ? [] : [await endCrowd(crowd)]),
  ];
  console.log(said.join("  "));
  return figures.map(({ latencyP99Ms = NaN }) => latencyP99Ms);
}

function latencyOf(candidate: Candidate) {
  return measureLatency(bench, candidate, perSecond, "measured");
}

function report(p99: Record<Condition, number[]>, growthMegabytes: number): number {
  for (const condition of conditions) {
    const { median, low, high } = medianInterval(p99[condition]);
    console.log(`${condition}: p99 ${formatNumber(median)} ms (${formatNumber(low)} to ${formatNumber(high)})`);
  }
  const ratio = (to: Condition) => medianInterval(p99["crowd here"]).median / medianInterval(p99[to]).median;
  console.log(`p99 in a crowd over p99 in peace: ${formatNumber(ratio("peace"))}`);
  console.log(`p99 in a crowd over p99 with the crowd elsewhere: ${formatNumber(ratio("crowd elsewhere"))}`);
  console.log(`resident memory ${settleMs / 1000} s after the last crowd: ${formatNumber(growthMegabytes)} MB more`);
  return ratio("peace") <= highestRatio && growthMegabytes <= highestGrowthMegabytes ? 0 : 1;
}

function startCrowd(port: number): ChildProcess {
  const file = path.join(import.meta.dirname, "load/crowd-main.ts");
  return fork(file, [port, halfOpen, readers, reopenMs].map(String));
}

async function endCrowd(crowd: ChildProcess): Promise<string> {
  crowd.send("counts");
  const [{ open, opened, pages, failed, pageMs }] = (await once(crowd, "message")) as [CrowdCounts];
  crowd.kill();
  await once(crowd, "exit");
  const time = pages === 0 ? "" : ` in ${formatNumber(pageMs / pages)} ms`;
  return `half-open ${opened} opened, ${open} left  pages ${pages}${time}, ${failed} failed`;
}

/** Asks as the kubelet does, each time on a connection of its own. */
function probe(port: number): { end: () => string } {
  const times: number[] = [];
  let failed = 0;
  const timer = setInterval(() => {
    const startMs = performance.now();
    const signal = AbortSignal.timeout(5000);
    fetch(`http://127.0.0.1:${port}/livez`, { signal, headers: { connection: "close" } }).then(
      () => times.push(performance.now() - startMs),
      () => failed++,
    );
  }, probeIntervalMs);
  return {
    end: () => {
      clearInterval(timer);
      const sorted = Float64Array.from(times).sort();
      const worst = sorted.length === 0 ? "none" : `${formatNumber(quantile(sorted, 1))} ms at most`;
      return `probes ${times.length} in ${worst}, ${failed} failed`;
    },
  };
}
