import { setTimeout as delay } from "node:timers/promises";

import { Arrivals } from "../load/arrivals.ts";
import { readNumbers, type MessageShape } from "../load/message.ts";
import type { Candidate } from "../measure/candidate.ts";
import type { Bench, Figures } from "./scenario.ts";

const sampleIntervalMs = 100;
/** Without an arrival for so long, the rest is taken for lost. */
const patienceMs = 20_000;
/** Time for the last acknowledgements, whose work belongs to the round. */
const settleMs = 200;

/** What it takes to publish a load and to drain it, as rates of two mosquitto brokers and the slower bridges. */
const [messagesPerSecond, bytesPerSecond] = [25_000, 150 * 1024 * 1024];
const secondsAround = 0.6;

/** Time that {@link drain} is expected to take with so many messages. */
export function drainSeconds(count: number, payloadBytes: number): number {
  return secondsAround + Math.max(count / messagesPerSecond, (count * payloadBytes) / bytesPerSecond);
}

/** Counts what of a load comes out of a bridge, from now on. */
export function countArrivals({ sink }: Pick<Candidate, "sink">, load: number, count: number): Arrivals {
  const arrivals = new Arrivals(count);
  sink.onPublish = (view) => {
    const numbers = readNumbers(view);
    if (numbers?.load === load) arrivals.add(numbers.message);
  };
  return arrivals;
}

/**
 * Waits until a whole load has arrived, or nothing of it comes any more; returns the time of the last arrival on the
 * clock of `performance.now()`, to 5 ms.
 */
export async function untilArrived(arrivals: Arrivals, onSample: () => void = () => undefined): Promise<number> {
  let before = arrivals.distinct;
  let lastMs = performance.now();
  let sampledMs = 0;
  while (arrivals.missing > 0) {
    await delay(5);
    const nowMs = performance.now();
    if (arrivals.distinct !== before) lastMs = nowMs;
    else if (nowMs - lastMs > patienceMs) break;
    before = arrivals.distinct;
    if (nowMs - sampledMs > sampleIntervalMs) {
      sampledMs = nowMs;
      onSample();
    }
  }
  return lastMs;
}

/**
 * Lets a whole load gather at the source broker while the bridge is stopped, then measures how the bridge drains it: from
 * SIGCONT to the last arrival, the publisher at rest.
 */
export async function drain(bench: Bench, candidate: Candidate, shape: MessageShape, count: number): Promise<Figures> {
  const load = bench.nextLoad();
  const arrivals = countArrivals(candidate, load, count);
  candidate.pause();
  await bench.publisher.publishAll(shape, load, count);
  const before = candidate.usage();
  const startMs = performance.now();
  candidate.resume();
  let residentMegabytes = 0;
  const endMs = await untilArrived(arrivals, () => {
    residentMegabytes = Math.max(residentMegabytes, candidate.residentMegabytes());
  });
  await delay(settleMs);
  if (candidate.hasEnded) throw new Error("it ended while it was measured");
  const after = candidate.usage();
  const delivered = arrivals.distinct;
  if (delivered === 0) throw new Error("none of the messages came through");
  return {
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / delivered,
    perSecond: delivered / ((endMs - startMs) / 1000),
    residentMegabytes: Math.max(residentMegabytes, after.residentMegabytes),
    lost: arrivals.missing,
    duplicates: arrivals.duplicates,
    outOfOrder: arrivals.outOfOrder,
  };
}
