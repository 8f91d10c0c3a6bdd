import { setTimeout as delay } from "node:timers/promises";

import type { Candidate } from "../measure/candidate.ts";
import type { PeerName } from "../peers/peer.ts";
import { loadTopic, startCandidate } from "./candidates.ts";
import { countArrivals, drain, drainSeconds, untilArrived } from "./drain.ts";
import type { Bench, Figures, Scenario } from "./scenario.ts";

interface Stall {
  readonly name: string;
  readonly title: string;
  readonly payloadBytes: number;
  /** Messages that come during the stall, of a relay and of a peer. */
  readonly messages: (stalledMessages: number) => { readonly relay: number; readonly peer: number };
}

/** A peer may hold all of it in memory, so it is given less. */
const mostPeerMessages = 100_000;
const peers: readonly PeerName[] = ["relay", "plain-mqttjs", "mosquitto"];
const mostWarmUpMessages = 50_000;
const warmUpBytes = 32 * 1024 * 1024;
const sampleIntervalMs = 250;
/** Start, warm-up and end of one bridge. */
const secondsAround = 8;
/** Time for what the bridge still takes in after the last message was published. */
const settleMs = 2000;

const method =
  "The destination broker is stopped with SIGSTOP, its connections stay; the load is published; the highest resident memory of the bridge until two seconds later counts, less that at the beginning. Then the destination goes on, and what arrives is counted. One round: it is a bound, not an estimate.";

const stalls: readonly Stall[] = [
  {
    name: "stall",
    title: "Memory while the destination is stalled (QoS 1, 128 bytes)",
    payloadBytes: 128,
    messages: (count) => ({ relay: count, peer: Math.min(count, mostPeerMessages) }),
  },
  {
    name: "stall-500k",
    title: "Memory while the destination is stalled, 200 messages of 500 KB (512,000 bytes)",
    payloadBytes: 512_000,
    messages: () => ({ relay: 200, peer: 200 }),
  },
];

/** Scenarios in which the destination takes nothing for a while. */
export const stallScenarios: readonly Scenario[] = stalls.map((stall) => ({
  name: stall.name,
  title: stall.title,
  method,
  expectedSeconds: ({ stalledMessages }, chosen) => {
    const counts = stall.messages(stalledMessages);
    const measured = peers.filter((peer) => chosen.includes(peer));
    const seconds = (peer: PeerName) => drainSeconds(peer === "relay" ? counts.relay : counts.peer, stall.payloadBytes);
    return measured.reduce((sum, peer) => sum + secondsAround + seconds(peer), 0);
  },
  run: async (bench) => {
    for (const name of peers) {
      const candidate = await startCandidate(bench, { scenario: stall.name, peers }, name);
      if (candidate === undefined) continue;
      try {
        const figures = await measureStall(bench, candidate, stall);
        bench.record({ scenario: stall.name, candidate: name, round: 0, figures });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        bench.fail({ scenario: stall.name, candidate: name, reason });
      } finally {
        await candidate.stop();
      }
    }
  },
}));

async function measureStall(bench: Bench, candidate: Candidate, { payloadBytes, messages }: Stall): Promise<Figures> {
  const counts = messages(bench.size.stalledMessages);
  const count = candidate.name === "relay" ? counts.relay : counts.peer;
  const shape = { topic: loadTopic(candidate.name), payloadBytes, qos: 1 as const };
  const warmUp = Math.min(count, mostWarmUpMessages, Math.ceil(warmUpBytes / payloadBytes));
  await drain(bench, candidate, shape, warmUp);

  const load = bench.nextLoad();
  const arrivals = countArrivals(candidate, load, count);
  const residentBefore = candidate.residentMegabytes();
  let highest = residentBefore;
  const sample = () => (highest = Math.max(highest, candidate.residentMegabytes()));
  const timer = setInterval(sample, sampleIntervalMs);
  bench.brokers.destination.pause();
  let heldMegabytes: number | undefined;
  try {
    await bench.publisher.publishAll(shape, load, count);
    await delay(settleMs);
    sample();
    heldMegabytes = await readHeldMegabytes(candidate, payloadBytes);
  } finally {
    bench.brokers.destination.resume();
    clearInterval(timer);
  }
  await untilArrived(arrivals);
  return {
    residentMegabytes: highest,
    growthMegabytes: highest - residentBefore,
    ...(heldMegabytes === undefined ? {} : { heldMegabytes }),
    lost: arrivals.missing,
    duplicates: arrivals.duplicates,
    outOfOrder: arrivals.outOfOrder,
  };
}

/** Payload that the relay has received and not delivered, by its own metrics; `undefined` of a peer. */
async function readHeldMegabytes({ metricsPort }: Candidate, payloadBytes: number): Promise<number | undefined> {
  if (metricsPort === undefined) return undefined;
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const exposition = await response.text();
  const value = (name: string) =>
    Number(new RegExp(`^${name}\\{[^}]*\\} ([0-9.e+]+)$`, "m").exec(exposition)?.[1] ?? 0);
  const held = value("relay_messages_received_total") - value("relay_messages_delivered_total");
  return (held * payloadBytes) / (1024 * 1024);
}
