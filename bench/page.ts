import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { findFreePort } from "../test/support/free-port.ts";
import { BrokerClient } from "./load/broker-client.ts";
import { startBrokers } from "./measure/brokers.ts";
import type { Candidate } from "./measure/candidate.ts";
import { medianInterval } from "./measure/statistics.ts";
import { requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy } from "./peers/mosquitto.ts";
import { relay } from "./peers/relay.ts";
import { formatNumber } from "./report/numbers.ts";
import { startCandidate } from "./scenarios/candidates.ts";
import { measureLatency } from "./scenarios/latency.ts";
import type { Bench } from "./scenarios/scenario.ts";

/**
 * Measures what the status page costs: CPU time of an idle relay, and CPU time a message while nobody watches and while the
 * page is open, by turns in one process, since other work on the machine changes either alike. Exit code 1 when a bar is missed.
 *
 * Run: `node bench/page.ts [messages a second] [seconds of a round] [rounds]`
 */
const [perSecond = 10_000, seconds = 5, rounds = 8] = process.argv.slice(2).map(Number);
const idleSeconds = 20;
/** Bars: share of a core while idle, and CPU time a message with the page open over that without. */
const highestIdleShare = 0.01;
const highestRatio = 1.05;
const historyMs = 5000;

const folder = await mkdtemp(path.join(tmpdir(), "page-"));
const brokers = await startBrokers(requireProgram("mosquitto", mosquittoRemedy), folder);
const publisher = await BrokerClient.connect(brokers.source.plain.port, "publisher");
const pagePort = await findFreePort();
const installed = await relay.install("", false);
let loads = 0;
const bench: Bench = {
  size: { rounds, messages: perSecond, pacedSeconds: seconds, stalledMessages: 0, dataflows: 1 },
  folder,
  brokers,
  publisher,
  installed: new Map([
    [
      "relay",
      {
        ...installed,
        prepare: async (route) => {
          const prepared = await installed.prepare(route);
          return { ...prepared, args: [...prepared.args, "--page-port", String(pagePort)] };
        },
      },
    ],
  ]),
  nextLoad: () => ++loads,
  record: () => undefined,
  fail: ({ reason }) => {
    throw new Error(reason);
  },
};
try {
  const candidate = await startCandidate(bench, { scenario: "page", peers: ["relay"] }, "relay");
  if (candidate === undefined) throw new Error("the relay is not installed");
  try {
    process.exitCode = await measure(candidate);
  } finally {
    await candidate.stop();
  }
} finally {
  publisher.close();
  await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
  await rm(folder, { recursive: true });
}

async function measure(candidate: Candidate): Promise<number> {
  const before = candidate.usage();
  await delay(idleSeconds * 1000);
  const idleShare = (candidate.usage().cpuSeconds - before.cpuSeconds) / idleSeconds;
  console.log(`idle: ${formatNumber(idleShare * 100)} % of a core, ${formatNumber(candidate.residentMegabytes())} MB`);
  await cost(candidate); // warm-up
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // The first of a pair is another one each time.
    const first = round % 2 === 0 ? await cost(candidate) : await watched(candidate);
    const second = round % 2 === 0 ? await watched(candidate) : await cost(candidate);
    const [alone, open] = round % 2 === 0 ? [first, second] : [second, first];
    ratios.push(open / alone);
    console.log(`nobody watches ${formatNumber(alone)} µs a message, page open ${formatNumber(open)} µs`);
  }
  const { median, low, high } = medianInterval(ratios);
  console.log(`page open over nobody: ${formatNumber(median)} (${formatNumber(low)} to ${formatNumber(high)})`);
  return idleShare <= highestIdleShare && median <= highestRatio ? 0 : 1;
}

/** CPU time a message, in µs. */
async function cost(candidate: Candidate): Promise<number> {
  const { cpuMicroseconds = NaN } = await measureLatency(bench, candidate, perSecond * seconds, "relay", perSecond);
  return cpuMicroseconds;
}

/** The same while somebody has the page open: events and state as they come, and the charts every 5 s. */
async function watched(candidate: Candidate): Promise<number> {
  const closed = new AbortController();
  const base = `http://127.0.0.1:${pagePort}`;
  const { body } = await fetch(`${base}/api/events`, { signal: closed.signal });
  void body?.pipeTo(new WritableStream(), { signal: closed.signal }).catch(() => undefined);
  const charts = setInterval(() => {
    fetch(`${base}/api/history`, { headers: { connection: "close" } })
      .then((answer) => answer.text())
      .catch(() => undefined);
  }, historyMs);
  try {
    return await cost(candidate);
  } finally {
    clearInterval(charts);
    closed.abort();
  }
}
