import { medianInterval, pairedRatios, type MedianInterval } from "../measure/statistics.ts";
import type { PeerName } from "../peers/peer.ts";
import type { Failure, FigureName, Measurement, Size } from "../scenarios/scenario.ts";

/** A peer as it took part, or why it did not. */
export interface PeerRecord {
  readonly name: PeerName;
  readonly title: string;
  readonly remark: string;
  readonly version?: string;
  /** Why it could not be installed. */
  readonly reason?: string;
}

/** The machine of a run. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  /** Name and version of what the run stands on. */
  readonly versions: Readonly<Record<string, string>>;
  /** CPU time that programs outside of the benchmark took during the run, as a share of all cores' time. */
  readonly othersShare: number;
}

/** Everything that a run has found; the page and the picture are made of it. */
export interface RunRecord {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly command: string;
  readonly machine: Machine;
  readonly size: Size;
  readonly peers: readonly PeerRecord[];
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
}

/** Labels of relays that are no peers of their own. */
const relayLabels: Readonly<Record<string, string>> = {
  "relay-1": "this relay, one dataflow",
  "relay-many": "this relay, many dataflows",
};

/** What a table calls a candidate. */
export function candidateTitle({ peers }: RunRecord, candidate: string): string {
  return peers.find(({ name }) => name === candidate)?.title ?? relayLabels[candidate] ?? candidate;
}

/** Values of a figure by round; `undefined` for a round without one. */
export function valuesByRound(
  { measurements, size }: RunRecord,
  scenario: string,
  candidate: string,
  figure: FigureName,
): (number | undefined)[] {
  const values = new Array<number | undefined>(size.rounds).fill(undefined);
  for (const measurement of measurements) {
    if (measurement.scenario !== scenario || measurement.candidate !== candidate) continue;
    const value = measurement.figures[figure];
    values[measurement.round] = value === undefined || Number.isNaN(value) ? undefined : value;
  }
  return values;
}

/** Median of a figure over the rounds; `undefined` when nothing was measured. */
export function intervalOf(
  record: RunRecord,
  scenario: string,
  candidate: string,
  figure: FigureName,
): MedianInterval | undefined {
  const values = valuesByRound(record, scenario, candidate, figure).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : medianInterval(values);
}

/** Median of a figure of one candidate divided by that of another, round by round. */
export function ratioOf(
  record: RunRecord,
  scenario: string,
  [numerator, denominator]: readonly [string, string],
  figure: FigureName,
): MedianInterval | undefined {
  const ratios = pairedRatios(
    valuesByRound(record, scenario, numerator, figure),
    valuesByRound(record, scenario, denominator, figure),
  );
  return ratios.length === 0 ? undefined : medianInterval(ratios);
}

/** Candidates of a scenario that were measured or failed, in the order of their first appearance. */
export function candidatesOf({ measurements, failures }: RunRecord, scenario: string): string[] {
  const all = [...measurements, ...failures].filter((entry) => entry.scenario === scenario);
  return [...new Set(all.map(({ candidate }) => candidate))];
}
