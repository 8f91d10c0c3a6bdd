/** One message that a demo client published. */
interface Line {
  readonly publishedMs: number;
  /** Whether the broker has acknowledged it to its publisher: from then on nobody may lose it. */
  isAccepted: boolean;
  arrivals: number;
}

/** What became of the messages of one dataflow. */
export interface LedgerTotals {
  readonly published: number;
  /** Acknowledged to the publisher by the source broker. */
  readonly accepted: number;
  /** Arrived at least once. */
  readonly delivered: number;
  /** Arrivals beyond the first of a message. */
  readonly duplicated: number;
  /** Accepted, and never arrived. */
  readonly lost: number;
  /** From publishing to arrival, in milliseconds; 0 without any. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Latencies that are kept for the quantiles: the newest. */
const keptLatencies = 2000;

/** Counts every message of the demo by its number: what was published has to arrive. */
export class Ledger {
  readonly #lines = new Map<string, Map<number, Line>>();
  readonly #latencies = new Map<string, number[]>();

  constructor(dataflows: readonly string[]) {
    for (const dataflow of dataflows) {
      this.#lines.set(dataflow, new Map());
      this.#latencies.set(dataflow, []);
    }
  }

  notePublished(dataflow: string, number: number, nowMs: number): void {
    this.#lines.get(dataflow)?.set(number, { publishedMs: nowMs, isAccepted: false, arrivals: 0 });
  }

  noteAccepted(dataflow: string, number: number): void {
    const line = this.#lines.get(dataflow)?.get(number);
    if (line !== undefined) line.isAccepted = true;
  }

  noteArrived(dataflow: string, number: number, nowMs: number): void {
    const line = this.#lines.get(dataflow)?.get(number);
    if (line === undefined) return;
    line.arrivals++;
    const latencies = this.#latencies.get(dataflow);
    if (line.arrivals > 1 || latencies === undefined) return;
    latencies.push(nowMs - line.publishedMs);
    if (latencies.length > keptLatencies) latencies.shift();
  }

  totals(dataflow: string): LedgerTotals {
    const lines = [...(this.#lines.get(dataflow)?.values() ?? [])];
    const count = (test: (line: Line) => boolean) => lines.filter(test).length;
    const sorted = [...(this.#latencies.get(dataflow) ?? [])].sort((a, b) => a - b);
    return {
      published: lines.length,
      accepted: count(({ isAccepted }) => isAccepted),
      delivered: count(({ arrivals }) => arrivals > 0),
      duplicated: lines.reduce((sum, { arrivals }) => sum + Math.max(0, arrivals - 1), 0),
      lost: count(({ isAccepted, arrivals }) => isAccepted && arrivals === 0),
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    };
  }

  /** Accepted messages of all dataflows that have not arrived. */
  get missing(): number {
    return [...this.#lines.keys()].reduce((sum, dataflow) => sum + this.totals(dataflow).lost, 0);
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
