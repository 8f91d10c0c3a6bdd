import type { Candidate } from "../measure/candidate.ts";
import { peerNames, type PeerName } from "../peers/peer.ts";
import { closestPeers, loadTopic, rotated, startCandidates, startSeconds } from "./candidates.ts";
import { drain, drainSeconds } from "./drain.ts";
import type { Bench, Scenario } from "./scenario.ts";

interface Saturation {
  readonly name: string;
  readonly title: string;
  readonly peers: readonly PeerName[];
  readonly payloadBytes: number;
  readonly tls?: boolean;
  readonly qos?: 0 | 1;
  readonly isEnriched?: boolean;
}

/** Bytes of payload in one round of large messages: the source broker holds them in memory. */
const maxRoundBytes = 128 * 1024 * 1024;
const fewestMessages = 100;
const mostWarmUpMessages = 20_000;
/** Before the first round: programs that compile as they run have compiled most by then. Large ones come in so many portions at most. */
const [leastWarmUpMessages, mostWarmUpPortions] = [10_000, 8];

const withLimits: readonly PeerName[] = [...closestPeers, "limit-node", "limit-rust"];

/** Four properties of a machine's telemetry, as an OPC UA connector might set them. */
const userProperties = { machine: "press-2", line: "4", unit: "mm/s", quality: "good" };

const method =
  "The whole load gathers at the source broker while the bridge is stopped with SIGSTOP; measured from SIGCONT to the last arrival. 10,000 messages or more precede the first round, or eight rounds of large ones.";

const saturations: readonly Saturation[] = [
  { name: "qos1", title: "QoS 1, 128 bytes", peers: peerNames, payloadBytes: 128 },
  {
    name: "tls",
    title: "QoS 1, 128 bytes, TLS on both sides",
    peers: [...closestPeers, "limit-node"],
    payloadBytes: 128,
    tls: true,
  },
  {
    name: "enriched",
    title: "QoS 1, 128 bytes, four user properties, CloudEvents CreateOrRemap, topic template",
    peers: ["relay", "plain-mqttjs"],
    payloadBytes: 128,
    isEnriched: true,
  },
  { name: "qos0", title: "QoS 0, 128 bytes", peers: peerNames, payloadBytes: 128, qos: 0 },
  { name: "size-64", title: "QoS 1, 64 bytes", peers: closestPeers, payloadBytes: 64 },
  { name: "size-1k", title: "QoS 1, 1 KB (1,024 bytes)", peers: closestPeers, payloadBytes: 1024 },
  { name: "size-64k", title: "QoS 1, 64 KB (65,536 bytes)", peers: withLimits, payloadBytes: 65_536 },
  { name: "size-500k", title: "QoS 1, 500 KB (512,000 bytes)", peers: withLimits, payloadBytes: 512_000 },
];

/** Scenarios in which every bridge forwards as fast as it can. */
export const saturationScenarios: readonly Scenario[] = saturations.map((saturation) => ({
  name: saturation.name,
  title: saturation.title,
  method,
  expectedSeconds: ({ rounds, messages }, chosen) => {
    const { peers, payloadBytes } = saturation;
    const count = messagesOfRound(messages, payloadBytes);
    const warmUp = warmUpPortions(count).reduce((sum, portion) => sum + drainSeconds(portion, payloadBytes), 0);
    return (
      peers.filter((peer) => chosen.includes(peer)).length *
      (startSeconds + warmUp + rounds * drainSeconds(count, payloadBytes))
    );
  },
  run: (bench) => runSaturation(bench, saturation),
}));

/** Messages of one round, fewer where they are large. */
export function messagesOfRound(messages: number, payloadBytes: number): number {
  return Math.min(messages, Math.max(fewestMessages, Math.floor(maxRoundBytes / payloadBytes)));
}

/** Messages of the warm-up, as they come one after the other. */
function warmUpPortions(count: number): number[] {
  const portion = Math.min(count, mostWarmUpMessages);
  const portions = Math.min(mostWarmUpPortions, Math.ceil(leastWarmUpMessages / portion));
  return Array.from({ length: portions }, () => portion);
}

async function runSaturation(bench: Bench, saturation: Saturation): Promise<void> {
  const { name: scenario, payloadBytes, peers, tls = false, qos = 1, isEnriched = false } = saturation;
  const count = messagesOfRound(bench.size.messages, payloadBytes);
  const candidates = await startCandidates(bench, { scenario, peers, tls, qos, isEnriched });
  const failed = new Set<Candidate>();
  const measure = async (candidate: Candidate, messages: number, round?: number) => {
    const shape = { topic: loadTopic(candidate.name), payloadBytes, qos, ...(isEnriched ? { userProperties } : {}) };
    try {
      const figures = await drain(bench, candidate, shape, messages);
      if (round !== undefined) bench.record({ scenario, candidate: candidate.name, round, figures });
    } catch (cause) {
      failed.add(candidate);
      const reason = cause instanceof Error ? cause.message : String(cause);
      bench.fail({ scenario, candidate: candidate.name, reason });
    }
  };
  try {
    for (const candidate of candidates) {
      for (const portion of warmUpPortions(count)) if (!failed.has(candidate)) await measure(candidate, portion);
    }
    for (let round = 0; round < bench.size.rounds; round++) {
      for (const candidate of rotated(candidates, round))
        if (!failed.has(candidate)) await measure(candidate, count, round);
    }
  } finally {
    for (const candidate of candidates) await candidate.stop();
  }
}
