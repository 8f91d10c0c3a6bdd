import { setTimeout as delay } from "node:timers/promises";

import { BrokerClient } from "../load/broker-client.ts";
import { readNumbers } from "../load/message.ts";
import { runPacedLoad } from "../load/paced-load.ts";
import type { Candidate } from "../measure/candidate.ts";
import { quantile } from "../measure/statistics.ts";
import { peerNames, type PeerName } from "../peers/peer.ts";
import { loadTopic, rotated, startCandidates, startSeconds } from "./candidates.ts";
import type { Bench, Figures, Scenario } from "./scenario.ts";

interface PacedLatency {
  readonly name: string;
  /** Messages a second. */
  readonly rate: number;
  readonly peers: readonly PeerName[];
}

const payloadBytes = 128;
const settleMs = 500;
/** Messages before the first round, as fast as in the faster scenario: programs that compile as they run have compiled most by then. */
const [warmUpMessages, warmUpRate] = [5000, 1000];
/** Of a round, beyond the load: clients connect, and the last messages arrive. */
const secondsAround = 0.7;

const loads: readonly PacedLatency[] = [
  /** What an Event Grid session takes in. @see Azure Event Grid, MQTT quotas: 1,000 inbound messages a second for a session */
  { name: "latency", rate: 1000, peers: peerNames },
  {
    name: "latency-100",
    rate: 100,
    peers: ["relay", "plain-mqttjs", "mosquitto", "rumqttc", "limit-node", "limit-rust"],
  },
];

/** Scenarios in which messages come at an even pace, far below what a bridge can do. */
export const latencyScenarios: readonly Scenario[] = loads.map(({ name, rate, peers }) => ({
  name,
  title: `Latency that the bridge adds at ${rate.toLocaleString("en")} messages a second (QoS 1, 128 bytes)`,
  method:
    "Each message is seen by one subscriber of the source broker and one of the destination broker, both in one process on one clock; added latency is the difference. 5,000 messages precede the first round.",
  expectedSeconds: ({ rounds, pacedSeconds }, chosen) => {
    const count = peers.filter((peer) => chosen.includes(peer)).length;
    return (
      count * (startSeconds + warmUpMessages / warmUpRate + secondsAround + rounds * (pacedSeconds + secondsAround))
    );
  },
  run: async (bench) => {
    const candidates = await startCandidates(bench, { scenario: name, peers });
    try {
      for (const candidate of candidates)
        await measureLatency(bench, candidate, warmUpMessages, candidate.name, warmUpRate);
      for (let round = 0; round < bench.size.rounds; round++) {
        for (const candidate of rotated(candidates, round)) {
          const count = Math.round(rate * bench.size.pacedSeconds);
          const figures = await measureLatency(bench, candidate, count, candidate.name, rate);
          bench.record({ scenario: name, candidate: candidate.name, round, figures });
        }
      }
    } finally {
      for (const candidate of candidates) await candidate.stop();
    }
  },
}));

/**
 * @param label under which the bridge was started; omitted: its name
 * @param rate messages a second
 */
export async function measureLatency(
  bench: Bench,
  candidate: Candidate,
  count: number,
  label: string = candidate.name,
  rate = 1000,
): Promise<Figures> {
  const load = bench.nextLoad();
  const topic = loadTopic(label);
  const observer = await BrokerClient.connect(bench.brokers.source.plain.port, `observer-${load}`);
  const seen = { source: new Float64Array(count), destination: new Float64Array(count) };
  const note = (times: Float64Array) => (view: Parameters<typeof readNumbers>[0]) => {
    const numbers = readNumbers(view);
    if (numbers?.load === load && times[numbers.message] === 0) times[numbers.message] = performance.now();
  };
  observer.onPublish = note(seen.source);
  candidate.sink.onPublish = note(seen.destination);
  await observer.subscribe(topic);
  const before = candidate.usage();
  const port = bench.brokers.source.plain.port;
  await runPacedLoad({ port, shapes: [{ topic, payloadBytes, qos: 1 }], load, count, perSecond: rate });
  await delay(settleMs);
  const after = candidate.usage();
  observer.close();
  const added = addedLatencies(seen.source, seen.destination);
  return {
    latencyP50Ms: added.length === 0 ? NaN : quantile(added, 0.5),
    latencyP99Ms: added.length === 0 ? NaN : quantile(added, 0.99),
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / count,
    lost: count - added.length,
  };
}

/** Differences of the messages that were seen on both sides, ascending; 0 stands for a message that was not seen. */
export function addedLatencies(source: Float64Array, destination: Float64Array): Float64Array {
  return source
    .map((atSource, message) =>
      destination[message] === 0 || atSource === 0 ? NaN : (destination[message] ?? 0) - atSource,
    )
    .filter((difference) => !Number.isNaN(difference))
    .sort();
}
