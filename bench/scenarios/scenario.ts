import type { BrokerClient } from "../load/broker-client.ts";
import type { Brokers } from "../measure/brokers.ts";
import type { InstalledPeer, PeerName } from "../peers/peer.ts";

/** What is measured of a bridge in one round. `corePercent` is CPU time over time, 100 for a whole core. */
export const figureNames = [
  "cpuMicroseconds",
  "perSecond",
  "residentMegabytes",
  "anonymousMegabytes",
  "latencyP50Ms",
  "latencyP99Ms",
  "growthMegabytes",
  "heldMegabytes",
  "corePercent",
  "wakeUpsPerSecond",
  "readySeconds",
  "lost",
  "duplicates",
  "outOfOrder",
] as const;
export type FigureName = (typeof figureNames)[number];
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** One bridge in one round of one scenario. */
export interface Measurement {
  readonly scenario: string;
  readonly candidate: string;
  /** Counted from 0. */
  readonly round: number;
  readonly figures: Figures;
}

/** A bridge that could not be measured in a scenario, and why. */
export interface Failure {
  readonly scenario: string;
  readonly candidate: string;
  readonly reason: string;
}

/** How large a run is. */
export interface Size {
  readonly rounds: number;
  /** Messages of 128 bytes in one round at saturation. */
  readonly messages: number;
  /** Length of one round of a paced load. */
  readonly pacedSeconds: number;
  /** Messages that come while the destination is stalled. */
  readonly stalledMessages: number;
  /** Dataflows of the relay that has many. */
  readonly dataflows: number;
}

/** What every scenario works with. */
export interface Bench {
  readonly size: Size;
  readonly folder: string;
  readonly brokers: Brokers;
  /** A client of the source broker. */
  readonly publisher: BrokerClient;
  readonly installed: ReadonlyMap<PeerName, InstalledPeer>;
  /** A number for a load that no other has. */
  nextLoad(): number;
  record(measurement: Measurement): void;
  fail(failure: Failure): void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How it is measured, for the page. */
  readonly method: string;
  /** Time that it is expected to take, from what it took before on two cores. */
  expectedSeconds(size: Size, peers: readonly PeerName[]): number;
  run(bench: Bench): Promise<void>;
}
