import type { DataflowLevels } from "../../dataflow-status.ts";
import { latencyBoundsSeconds, type Counters } from "../counters.ts";

/** What is looked at of a dataflow. */
export interface WatchedDataflow {
  readonly name: string;
  readonly counters: Counters;
  readonly levels: DataflowLevels;
}

/** Time between two looks, and how many are kept: ten minutes. */
export const stepMs = 5000;
export const keptSteps = 120;
/** Looks that the figures of the last minute are taken over. */
const recentSteps = 12;

/** What a dataflow did of late. */
export interface RecentFigures {
  readonly receivedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Messages of the last minute. */
  readonly lost: number;
  readonly deadLettered: number;
  readonly latencySeconds: { readonly p50: number; readonly p99: number } | null;
}

/** The values of each step, the oldest first. */
export interface Series {
  readonly received: readonly number[];
  readonly delivered: readonly number[];
  readonly waiting: readonly number[];
  readonly onDisk: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

const seriesNames = ["received", "delivered", "waiting", "onDisk", "p50", "p99"] as const;

/** Counters at one moment. */
interface Reading {
  readonly atMs: number;
  readonly received: number;
  readonly delivered: number;
  readonly lost: number;
  readonly deadLettered: number;
  readonly latency: readonly number[];
}

interface Track {
  readonly dataflow: WatchedDataflow;
  /** The last minute's, the oldest first. */
  readonly readings: Reading[];
  /** One ring for each series; `NaN` where there is no value. */
  readonly rings: Readonly<Record<(typeof seriesNames)[number], Float32Array>>;
}

/**
 * Remembers the last ten minutes of each dataflow from its counters, which messages change anyway: nothing is added to the way
 * of a message. Takes 4 kB a dataflow. {@link sample} has to be called every {@link stepMs}.
 */
export class History {
  readonly #tracks: readonly Track[];
  readonly #now: () => number;
  #steps = 0;
  #lastMs: number;

  constructor(dataflows: readonly WatchedDataflow[], now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastMs = now();
    this.#tracks = dataflows.map((dataflow) => {
      const rings = Object.fromEntries(
        seriesNames.map((name) => [name, new Float32Array(keptSteps)]),
      ) as Track["rings"];
      return { dataflow, readings: [this.#read(dataflow)], rings };
    });
  }

  /** When the last step ended, by the clock that was given. */
  get lastMs(): number {
    return this.#lastMs;
  }

  sample(): void {
    const at = this.#steps % keptSteps;
    for (const track of this.#tracks) this.#sampleOne(track, at);
    this.#steps++;
    this.#lastMs = this.#now();
  }

  #sampleOne({ dataflow, readings, rings }: Track, at: number): void {
    const now = this.#read(dataflow);
    const before = readings.at(-1) ?? now;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
    const { inFlight, waiting, onDisk } = dataflow.levels;
    const latency = now.latency.map((count, bucket) => count - (before.latency[bucket] ?? 0));
    rings.received[at] = (now.received - before.received) / seconds;
    rings.delivered[at] = (now.delivered - before.delivered) / seconds;
    rings.waiting[at] = waiting + inFlight;
    rings.onDisk[at] = onDisk;
    rings.p50[at] = quantileOf(latency, 0.5) ?? NaN;
    rings.p99[at] = quantileOf(latency, 0.99) ?? NaN;
    readings.push(now);
    if (readings.length > recentSteps) readings.shift();
  }

  /** What a dataflow, by its place in the list, did in the last minute; its rates are those of the last 5 to 10 s. */
  recent(index: number): RecentFigures {
    const track = this.#tracks[index];
    if (track === undefined) return nothing;
    const { readings, dataflow } = track;
    const now = this.#read(dataflow);
    const first = readings[0] ?? now;
    // The last step may have just ended: a rate over a few milliseconds says nothing.
    const before = readings.at(-2) ?? first;
    const seconds = (now.atMs - before.atMs) / 1000;
    const rate = (count: number) => (seconds <= 0 ? 0 : rounded(count / seconds));
    const latency = now.latency.map((count, bucket) => count - (first.latency[bucket] ?? 0));
    const [p50, p99] = [quantileOf(latency, 0.5), quantileOf(latency, 0.99)];
    return {
      receivedPerSecond: rate(now.received - before.received),
      deliveredPerSecond: rate(now.delivered - before.delivered),
      lost: now.lost - first.lost,
      deadLettered: now.deadLettered - first.deadLettered,
      latencySeconds: p50 === undefined || p99 === undefined ? null : { p50: rounded(p50), p99: rounded(p99) },
    };
  }

  /** The steps of one dataflow, or of all together; `undefined` where there is none of this name. Of all, times are the longest. */
  series(name?: string): Series | undefined {
    const tracks = name === undefined ? this.#tracks : this.#tracks.filter(({ dataflow }) => dataflow.name === name);
    if (name !== undefined && tracks.length === 0) return undefined;
    const count = Math.min(this.#steps, keptSteps);
    const places = Array.from({ length: count }, (_, step) => (this.#steps - count + step) % keptSteps);
    const values = (series: (typeof seriesNames)[number], at: number) =>
      tracks.map(({ rings }) => rings[series][at] ?? NaN);
    const sum = (series: (typeof seriesNames)[number]) =>
      places.map((at) => rounded(values(series, at).reduce((total, value) => total + value, 0)));
    const longest = (series: (typeof seriesNames)[number]) =>
      places.map((at) => {
        const most = values(series, at).reduce((high, value) => (value > high ? value : high), -1);
        return most < 0 ? null : rounded(most);
      });
    return {
      received: sum("received"),
      delivered: sum("delivered"),
      waiting: sum("waiting"),
      onDisk: sum("onDisk"),
      p50: longest("p50"),
      p99: longest("p99"),
    };
  }

  #read({ counters }: WatchedDataflow): Reading {
    const { received, delivered, deadLettered, latency } = counters;
    const lost = totalOf(counters.lost);
    return { atMs: this.#now(), received, delivered, deadLettered, lost, latency: [...latency] };
  }
}

const nothing: RecentFigures = {
  receivedPerSecond: 0,
  deliveredPerSecond: 0,
  lost: 0,
  deadLettered: 0,
  latencySeconds: null,
};

/** All that was lost, for whatever reason. */
export function totalOf(lost: Counters["lost"]): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

/**
 * A quantile of values that are known by their buckets only: within a bucket they count as spread evenly. Of the last bucket,
 * which has no upper bound, its lower bound is given. `undefined` without a value.
 */
function quantileOf(buckets: readonly number[], share: number): number | undefined {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  const wanted = total * share;
  let below = 0;
  for (const [bucket, count] of buckets.entries()) {
    if (below + count >= wanted && count > 0) {
      const low = latencyBoundsSeconds[bucket - 1] ?? 0;
      const high = latencyBoundsSeconds[bucket] ?? low;
      return low + (high - low) * ((wanted - below) / count);
    }
    below += count;
  }
  return latencyBoundsSeconds.at(-1);
}

/** Three digits are as many as the measurement has. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
