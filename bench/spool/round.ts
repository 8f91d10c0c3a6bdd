import { setTimeout as delay } from "node:timers/promises";

import type { MessageShape } from "../load/message.ts";
import { readUsage } from "../measure/process-usage.ts";
import { measureLimit, readWrittenBytes, type DiskWork } from "./disk.ts";
import type { RunningDiskPeer } from "./peer.ts";
import type { SpoolLimit, SpoolMeasurement } from "./record.ts";

/** Time for a program to notice that its destination is away, and for the work behind the last message. */
const settleMs = 250;
const sampleMs = 5;
/** Without a message for so long, the rest is taken for lost. */
const patienceMs = 15_000;
const giveDeadlineMs = 90_000;

export interface Load {
  readonly shape: MessageShape;
  readonly number: number;
  readonly count: number;
}

export type RoundFigures = Omit<SpoolMeasurement, "peer" | "syncDelay" | "round">;

/**
 * Takes a program's destination away, gives it a load, and lets the destination come back.
 * @throws {Error} when it does not acknowledge all within 90 s
 */
export async function measureRound(peer: RunningDiskPeer, load: Load, limitOf: LimitOf): Promise<RoundFigures> {
  const { count } = peer.destination;
  peer.destination.close();
  await delay(settleMs);
  count.expect(load.number, load.count);
  const into = await observe(peer, async () => {
    const startMs = performance.now();
    const given = peer.give(load.shape, load.number, load.count).then(() => true);
    if (!(await Promise.race([given, delay(giveDeadlineMs, false, { ref: false })])))
      throw new Error(`it did not acknowledge ${load.count} messages within ${giveDeadlineMs / 1000} s`);
    return performance.now() - startMs;
  });
  await delay(settleMs);
  const outOf = await observe(peer, async () => {
    await peer.destination.open();
    await untilArrived(peer);
    await delay(settleMs);
    return count.lastMs - count.firstMs;
  });
  const { distinct, missing, duplicates, outOfOrder } = count.arrivals;
  if (distinct === 0) throw new Error("nothing came to the destination");
  const limit = await limitOf(load.count, into.work, outOf.work);
  return {
    inPerSecond: (load.count / into.ms) * 1000,
    inCpuMicroseconds: (into.cpuSeconds * 1e6) / load.count,
    outPerSecond: (distinct / outOf.ms) * 1000,
    outCpuMicroseconds: (outOf.cpuSeconds * 1e6) / distinct,
    lost: missing,
    duplicates,
    outOfOrder,
    ...(limit === undefined ? {} : { limit }),
  };
}

type LimitOf = (
  count: number,
  into: DiskWork | undefined,
  outOf: DiskWork | undefined,
) => Promise<SpoolLimit | undefined>;

/** Measures what the disk alone does, where a program tells what it asked of it. */
export function limitIn(folder: string, env: Readonly<Record<string, string>>): LimitOf {
  return async (count, into, outOf) => {
    if (into === undefined || outOf === undefined) return undefined;
    const [inSeconds, outSeconds] = [await measureLimit(folder, into, env), await measureLimit(folder, outOf, env)];
    return {
      inPerSync: count / into.syncs,
      outPerSync: count / outOf.syncs,
      inBytes: into.bytes / count,
      outBytes: outOf.bytes / count,
      inPerSecond: count / inSeconds,
      outPerSecond: count / outSeconds,
    };
  };
}

interface Observed {
  readonly ms: number;
  readonly cpuSeconds: number;
  readonly work: DiskWork | undefined;
}

async function observe(peer: RunningDiskPeer, act: () => Promise<number>): Promise<Observed> {
  const [commits, bytes, { cpuSeconds }] = [peer.commits(), readWrittenBytes(peer.pid), readUsage(peer.pid)];
  const ms = await act();
  const after = peer.commits();
  const work =
    after === undefined ? undefined : { syncs: after - (commits ?? 0), bytes: readWrittenBytes(peer.pid) - bytes };
  return { ms, cpuSeconds: readUsage(peer.pid).cpuSeconds - cpuSeconds, work };
}

async function untilArrived({ destination: { count } }: RunningDiskPeer): Promise<void> {
  let seen = -1;
  let changedMs = performance.now();
  while (count.arrivals.missing > 0) {
    const now = performance.now();
    if (count.arrivals.distinct !== seen) changedMs = now;
    else if (now - changedMs > patienceMs) return;
    seen = count.arrivals.distinct;
    await delay(sampleMs);
  }
}
