import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { findFreePort } from "../test/support/free-port.ts";
import { BrokerClient } from "./load/broker-client.ts";
import { startBrokers } from "./measure/brokers.ts";
import type { Candidate } from "./measure/candidate.ts";
import { medianInterval } from "./measure/statistics.ts";
import type { InstalledPeer } from "./peers/peer.ts";
import { requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy } from "./peers/mosquitto.ts";
import { relay } from "./peers/relay.ts";
import { formatInterval, formatNumber } from "./report/numbers.ts";
import { startCandidate } from "./scenarios/candidates.ts";
import { measureLatency } from "./scenarios/latency.ts";
import type { Bench } from "./scenarios/scenario.ts";

/**
 * Measures what the status page costs. First an idle relay without the page and one with it, side by side: CPU time and
 * resident memory. Then CPU time a message while nobody watches and while the page is open, by turns in one
 * process, because other work on the machine changes both alike. Exit code 1 when a bar is missed.
 *
 * Run: `node bench/page.ts [messages a second] [seconds of a round] [rounds] [idle seconds] [idle rounds]`; 0 rounds
 * leave that part out.
 */
const [perSecond = 10_000, seconds = 5, rounds = 8, idleSeconds = 20, idleRounds = 6] = process.argv
  .slice(2)
  .map(Number);
/** Bars: what the page adds to an idle relay, in percent of a core and in MB, and CPU time a message with the page open over that without. */
const highestIdlePercent = 1;
const highestIdleMegabytes = 5;
const highestRatio = 1.05;
const historyMs = 5000;
/** Time until a relay that has just started is idle. */
const settleMs = 5000;

const folder = await mkdtemp(path.join(tmpdir(), "page-"));
const brokers = await startBrokers(requireProgram("mosquitto", mosquittoRemedy), folder);
const publisher = await BrokerClient.connect(brokers.source.plain.port, "publisher");
const pagePort = await findFreePort();
const installed = await relay.install("", false);
/** The relay with its status page. */
const withPage: InstalledPeer = {
  ...installed,
  prepare: async (route) => {
    const prepared = await installed.prepare(route);
    return { ...prepared, args: [...prepared.args, "--page-port", String(pagePort)] };
  },
};
let loads = 0;
const bench: Bench = {
  size: { rounds, messages: perSecond, pacedSeconds: seconds, stalledMessages: 0, dataflows: 1 },
  folder,
  brokers,
  publisher,
  installed: new Map([["relay", withPage]]),
  nextLoad: () => ++loads,
  record: () => undefined,
  fail: ({ reason }) => {
    throw new Error(reason);
  },
};
try {
  const isIdleCheap = idleRounds === 0 || (await measureIdle());
  const isWatchingCheap = rounds === 0 || (await withCandidate(bench, "page", measureWatched));
  process.exitCode = isIdleCheap && isWatchingCheap ? 0 : 1;
} finally {
  publisher.close();
  await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
  await rm(folder, { recursive: true });
}

async function withCandidate<T>(of: Bench, scenario: string, use: (candidate: Candidate) => Promise<T>): Promise<T> {
  const candidate = await startCandidate(of, { scenario, peers: ["relay"] }, "relay");
  if (candidate === undefined) throw new Error("the relay is not installed");
  try {
    return await use(candidate);
  } finally {
    await candidate.stop();
  }
}

/** Compares idle relays side by side, one with its page and one without, and tells whether the page keeps to its bars. */
async function measureIdle(): Promise<boolean> {
  const without: Bench = { ...bench, installed: new Map([["relay", installed]]) };
  const percents: number[] = [];
  const megabytes: number[] = [];
  await withCandidate(without, "off", (off) =>
    withCandidate(bench, "on", async (on) => {
      await delay(settleMs);
      for (let round = 0; round < idleRounds; round++) {
        const before = [off.runSeconds(), on.runSeconds()] as const;
        await delay(idleSeconds * 1000);
        const percent = [off.runSeconds() - before[0], on.runSeconds() - before[1]].map(
          (run) => (run / idleSeconds) * 100,
        );
        const held = [off.residentMegabytes(), on.residentMegabytes()];
        const tell = (index: number) =>
          `${formatNumber(percent[index] ?? NaN)} % of a core, ${formatNumber(held[index] ?? NaN)} MB`;
        console.log(`idle without page: ${tell(0)}; with page: ${tell(1)}`);
        percents.push((percent[1] ?? NaN) - (percent[0] ?? NaN));
        megabytes.push((held[1] ?? NaN) - (held[0] ?? NaN));
      }
    }),
  );
  const [percent, held] = [medianInterval(percents), medianInterval(megabytes)];
  console.log(`the page adds: ${formatInterval(percent, "% of a core")}, ${formatInterval(held, "MB")}`);
  return percent.median <= highestIdlePercent && held.median <= highestIdleMegabytes;
}

/** Compares a message's CPU time with the page open and without, and tells whether the page keeps to its bar. */
async function measureWatched(candidate: Candidate): Promise<boolean> {
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
  const ratio = medianInterval(ratios);
  console.log(`page open over nobody: ${formatInterval(ratio)}`);
  return ratio.median <= highestRatio;
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
