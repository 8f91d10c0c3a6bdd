import { setTimeout as delay } from "node:timers/promises";

import { runPacedLoad } from "../load/paced-load.ts";
import type { Candidate } from "../measure/candidate.ts";
import { loadTopic, rotated, startCandidate } from "./candidates.ts";
import { countArrivals, untilArrived } from "./drain.ts";
import type { Bench, Figures, Scenario } from "./scenario.ts";

const scenario = "fan-out";
const perSecond = 5000;
const payloadBytes = 128;
const settleMs = 300;
const settleSeconds = 0.6;
/** What the starts and ends of the two relays take. */
const secondsAround = 10;

/** Labels of the two relays. */
export const oneDataflow = "relay-1";
export const manyDataflows = "relay-many";

export const fanOut: Scenario = {
  name: scenario,
  title: `Many dataflows and one, ${perSecond.toLocaleString("en")} messages a second in all (QoS 1, 128 bytes)`,
  method: "Two relays take turns at the same load: one with a single dataflow, one with a dataflow for each topic.",
  expectedSeconds: ({ rounds, pacedSeconds }, chosen) =>
    chosen.includes("relay") ? secondsAround + 2 * (1 + settleSeconds + rounds * (pacedSeconds + settleSeconds)) : 0,
  run: async (bench) => {
    const relays: { label: string; dataflows: number; candidate: Candidate }[] = [];
    try {
      for (const [label, dataflows] of [
        [oneDataflow, 1],
        [manyDataflows, bench.size.dataflows],
      ] as const) {
        const candidate = await startCandidate(bench, { scenario, peers: ["relay"] }, "relay", { label, dataflows });
        if (candidate === undefined) return;
        relays.push({ label, dataflows, candidate });
        await measure(bench, candidate, label, dataflows, perSecond); // warm-up
      }
      for (let round = 0; round < bench.size.rounds; round++) {
        for (const { label, dataflows, candidate } of rotated(relays, round)) {
          const count = Math.round(perSecond * bench.size.pacedSeconds);
          const figures = await measure(bench, candidate, label, dataflows, count);
          bench.record({ scenario, candidate: label, round, figures });
        }
      }
    } finally {
      for (const { candidate } of relays) await candidate.stop();
    }
  },
};

async function measure(
  bench: Bench,
  candidate: Candidate,
  label: string,
  dataflows: number,
  count: number,
): Promise<Figures> {
  const load = bench.nextLoad();
  const arrivals = countArrivals(candidate, load, count);
  const shapes = Array.from({ length: dataflows }, (_, index) => ({
    topic: loadTopic(label, index),
    payloadBytes,
    qos: 1 as const,
  }));
  const before = candidate.usage();
  await runPacedLoad({ port: bench.brokers.source.plain.port, shapes, load, count, perSecond });
  await untilArrived(arrivals);
  await delay(settleMs);
  const after = candidate.usage();
  return {
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / count,
    residentMegabytes: after.residentMegabytes,
    lost: arrivals.missing,
    duplicates: arrivals.duplicates,
    outOfOrder: 0, // topics of different dataflows have no order among each other
  };
}
