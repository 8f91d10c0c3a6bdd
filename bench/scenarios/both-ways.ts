import { setTimeout as delay } from "node:timers/promises";

import { BrokerClient } from "../load/broker-client.ts";
import { runPacedLoad } from "../load/paced-load.ts";
import type { Candidate } from "../measure/candidate.ts";
import { loadTopic, startCandidate } from "./candidates.ts";
import { countArrivals, untilArrived } from "./drain.ts";
import type { Bench, Figures, Scenario } from "./scenario.ts";

const scenario = "both-ways";
/** Dataflows of this scenario for each one of the scenario "fan-out": 1,000 in a whole run. */
const timesMore = 5;
/** Messages a second, each way, of all dataflows together. */
const perSecond = 500;
const payloadBytes = 128;
const settleMs = 300;
const readyDeadlineMs = 120_000;
const pollMs = 50;
/** What a start and an end together take, with 1,000 dataflows. */
const secondsAround = 15;

export const bothWays: Scenario = {
  name: scenario,
  title: `1,000 dataflows on one relay, half of them each way, ${perSecond} messages a second each way (QoS 1, 128 bytes)`,
  method:
    "Each round starts a relay of its own with the memory that 1,000 dataflows need at least; start to ready is the time from the process until `/readyz` answers 200, which says that every dataflow is connected at both ends. Then the load runs, over all topics in turn. Memory is that after the load.",
  expectedSeconds: ({ rounds, pacedSeconds }, chosen) =>
    chosen.includes("relay") ? rounds * (secondsAround + pacedSeconds) : 0,
  run: async (bench) => {
    for (let round = 0; round < bench.size.rounds; round++) {
      // A label of its own: an earlier round's sessions take in nothing of this one's load.
      const label = `relay-both-ways-${round}`;
      const eachWay = (bench.size.dataflows * timesMore) / 2;
      const shape = { label, dataflows: eachWay, reverseDataflows: eachWay, isProbed: false };
      const candidate = await startCandidate(bench, { scenario, peers: ["relay"] }, "relay", shape);
      if (candidate === undefined) return;
      try {
        const readySeconds = await untilReady(candidate);
        const figures = await measure(bench, candidate, label, eachWay);
        bench.record({ scenario, candidate: "relay", round, figures: { readySeconds, ...figures } });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        bench.fail({ scenario, candidate: "relay", reason });
        return;
      } finally {
        await candidate.stop();
      }
    }
  },
};

/**
 * Waits until every dataflow is connected; returns the seconds since the process was started.
 * @throws {Error} with what it says itself, when that takes too long
 */
async function untilReady(candidate: Candidate): Promise<number> {
  const url = `http://127.0.0.1:${candidate.metricsPort ?? 0}/readyz`;
  for (;;) {
    const response = await fetch(url, { headers: { connection: "close" } }).catch(() => undefined);
    const elapsedMs = performance.now() - candidate.startedMs;
    const text = (await response?.text()) ?? "no answer";
    if (response?.ok === true) return elapsedMs / 1000;
    if (candidate.hasEnded) throw new Error("it ended before it was ready");
    if (elapsedMs > readyDeadlineMs)
      throw new Error(`not ready within ${readyDeadlineMs / 1000} s: ${text.split("\n")[0] ?? ""}`);
    await delay(pollMs);
  }
}

async function measure(bench: Bench, candidate: Candidate, label: string, eachWay: number): Promise<Figures> {
  const { source, destination } = bench.brokers;
  const count = Math.round(perSecond * bench.size.pacedSeconds);
  const reverseSink = await BrokerClient.connect(source.plain.port, `reverse-${label}`);
  await reverseSink.subscribe(`back/${label}/#`);
  const ways = [
    { way: "load" as const, port: source.plain.port, sink: candidate.sink },
    { way: "back" as const, port: destination.plain.port, sink: reverseSink },
  ].map(({ way, port, sink }) => {
    const load = bench.nextLoad();
    const shapes = Array.from({ length: eachWay }, (_, index) => ({
      topic: loadTopic(label, index, way),
      payloadBytes,
      qos: 1 as const,
    }));
    return { arrivals: countArrivals({ sink }, load, count), paced: { port, shapes, load, count, perSecond } };
  });
  const before = candidate.usage();
  await Promise.all(ways.map(({ paced }) => runPacedLoad(paced)));
  for (const { arrivals } of ways) await untilArrived(arrivals);
  await delay(settleMs);
  const after = candidate.usage();
  reverseSink.close();
  const sum = (read: (way: (typeof ways)[number]) => number) => ways.reduce((total, way) => total + read(way), 0);
  return {
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / (ways.length * count),
    residentMegabytes: after.residentMegabytes,
    lost: sum(({ arrivals }) => arrivals.missing),
    duplicates: sum(({ arrivals }) => arrivals.duplicates),
    outOfOrder: 0, // topics of different dataflows have no order among each other
  };
}
