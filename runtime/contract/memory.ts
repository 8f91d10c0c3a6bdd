import { needsDisk, type Dataflow } from "./config/dataflow.ts";
import type { Problem } from "./errors.ts";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** Part of the limit that is planned with. The rest is for what nobody foresaw. */
const plannedShare = 0.9;
/** What the process takes before it has a message: code, V8's heap and the libraries. Measured at 45 to 60 MiB. */
const processBytes = 72 * mebibyte;
/** The spool's thread, with SQLite and what is handed to it and back. Measured at 20 MiB with small messages, at 40 MiB with large ones. */
const diskBytes = 44 * mebibyte;
/** Two connections with TLS and a dataflow's own tables. Measured at 0.4 to 0.6 MiB. */
const dataflowBytes = 640 * kibibyte;
/** Buffers that nobody uses any more and that are not collected yet: see `Collector`. */
const garbageShare = 1 / 12;
/** A dataflow's messages get this at least: with less not even what one read brings would fit. */
const leastShareBytes = 256 * kibibyte;
const leastLaneBytes = 2 * mebibyte;
/** Four packets of MQTT's largest size: more would never be used. */
const mostLaneBytes = 1024 * mebibyte;

/** A dataflow that needs memory for its messages. */
export interface MemoryUser {
  readonly name: string;
  /** What its configuration allows it. */
  readonly maxInflightBytes: number;
}

/** Who needs memory. */
export interface MemoryNeeds {
  readonly dataflows: readonly MemoryUser[];
  /** Whether one of them writes to the disk. */
  readonly usesDisk: boolean;
}

/** Memory of a process, divided. */
export interface MemoryPlan {
  /** Bytes of messages that each dataflow may hold, whatever the others do. */
  readonly shares: ReadonlyMap<string, number>;
  /** Bytes for messages that do not fit into their dataflow's share with their copies, of all dataflows together. */
  readonly laneBytes: number;
  /** Bytes that may be waiting to be collected. */
  readonly garbageBytes: number;
}

/** More memory is needed, at least so much. */
export interface MemoryShortage {
  readonly neededBytes: number;
}

/**
 * Divides the memory that is left beside the process itself. Each dataflow gets a share of its own, so that one that is stuck
 * takes nothing from the others: its `maxInflightBytes`, or less where there is not enough for all. What is left, at least half,
 * is for large messages.
 */
export function planMemory(limitBytes: number, { dataflows, usesDisk }: MemoryNeeds): MemoryPlan | MemoryShortage {
  const fixedBytes = processBytes + (usesDisk ? diskBytes : 0) + dataflows.length * dataflowBytes;
  const garbageBytes = limitBytes * garbageShare;
  const freeBytes = limitBytes * plannedShare - garbageBytes - fixedBytes;
  const leastBytes = 2 * dataflows.length * leastShareBytes + leastLaneBytes;
  if (freeBytes < leastBytes)
    return { neededBytes: Math.ceil((fixedBytes + leastBytes) / (plannedShare - garbageShare)) };
  const wantedBytes = dataflows.reduce((sum, { maxInflightBytes }) => sum + maxInflightBytes, 0);
  // What is above the least is divided by what each may have.
  const leastOfAll = dataflows.length * leastShareBytes;
  const part = Math.min(1, Math.max(0, freeBytes / 2 - leastOfAll) / Math.max(1, wantedBytes));
  const shares = new Map(
    dataflows.map(({ name, maxInflightBytes }) => [
      name,
      Math.min(Math.max(leastShareBytes, maxInflightBytes), Math.floor(leastShareBytes + part * maxInflightBytes)),
    ]),
  );
  const shared = [...shares.values()].reduce((sum, share) => sum + share, 0);
  return { shares, laneBytes: Math.min(mostLaneBytes, Math.floor(freeBytes - shared)), garbageBytes };
}

/** Who of a configuration needs memory. */
export function memoryNeeds(dataflows: Readonly<Record<string, Dataflow>>): MemoryNeeds {
  const enabled = Object.entries(dataflows).filter(([, { mode }]) => mode === "Enabled");
  return {
    dataflows: enabled.map(([name, { relay }]) => ({ name, maxInflightBytes: relay.maxInflightBytes })),
    usesDisk: enabled.some(([, { relay }]) => needsDisk(relay)),
  };
}

/** Says that a limit is too little for the dataflows, and how much is enough; `undefined` when it is enough. */
export function memoryProblem(path: string, limitBytes: number, needs: MemoryNeeds): Problem | undefined {
  const plan = planMemory(limitBytes, needs);
  if (!("neededBytes" in plan)) return undefined;
  const needed = Math.ceil(plan.neededBytes / mebibyte);
  const { length } = needs.dataflows;
  return {
    path,
    problem: `is ${Math.floor(limitBytes / mebibyte)} MiB, too little for ${length} ${length === 1 ? "dataflow" : "dataflows"}`,
    remedy: `give ${needed} MiB or more${length === 1 ? "" : ", or spread the dataflows over more relays"}`,
  };
}
