import type { Candidate } from "../measure/candidate.ts";
import { loadTopic, rotated, startCandidate, startSeconds } from "./candidates.ts";
import { drain, drainSeconds } from "./drain.ts";
import type { Bench, Scenario } from "./scenario.ts";

const scenario = "kept-session";
const filters = 10;
const payloadBytes = 128;
const mostWarmUpMessages = 20_000;

/** Labels of the two relays. */
export const freshSession = "relay-fresh";
export const keptSession = "relay-kept";

export const keptSessionScenario: Scenario = {
  name: scenario,
  title: `A session that was kept over a restart and a fresh one, ${filters} filters (QoS 1, 128 bytes)`,
  method:
    "Two relays take turns, each with one dataflow of ten filters. One was stopped and started again before the first round, so that its session may hold filters of an earlier configuration and each message has to be looked at.",
  expectedSeconds: ({ rounds, messages }, chosen) =>
    chosen.includes("relay") ? 3 * startSeconds + 2 * rounds * drainSeconds(messages, payloadBytes) : 0,
  run: async (bench) => {
    const relays: { label: string; candidate: Candidate }[] = [];
    try {
      for (const label of [freshSession, keptSession]) {
        const candidate = await start(bench, label);
        if (candidate === undefined) return;
        relays.push({ label, candidate });
        await measure(bench, candidate, label, Math.min(bench.size.messages, mostWarmUpMessages));
      }
      for (let round = 0; round < bench.size.rounds; round++) {
        for (const { label, candidate } of rotated(relays, round)) {
          const figures = await measure(bench, candidate, label, bench.size.messages);
          bench.record({ scenario, candidate: label, round, figures });
        }
      }
    } finally {
      for (const { candidate } of relays) await candidate.stop();
    }
  },
};

async function start(bench: Bench, label: string): Promise<Candidate | undefined> {
  const startOne = () => startCandidate(bench, { scenario, peers: ["relay"] }, "relay", { label, filters });
  const first = await startOne();
  if (label === freshSession || first === undefined) return first;
  await first.stop();
  return startOne();
}

async function measure(bench: Bench, candidate: Candidate, label: string, count: number) {
  return drain(bench, candidate, { topic: loadTopic(label), payloadBytes, qos: 1 }, count);
}
