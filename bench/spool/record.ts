import type { Machine } from "../report/run-record.ts";
import type { DiskPeerName } from "./peer.ts";

/** One program in one round with syncs of one length. */
export interface SpoolMeasurement {
  readonly peer: DiskPeerName;
  /** Added to each sync, in microseconds; 0 is the machine's disk as it is. */
  readonly syncDelay: number;
  /** Counted from 0. */
  readonly round: number;
  /** Messages a second that it acknowledged while the destination was away. */
  readonly inPerSecond: number;
  readonly inCpuMicroseconds: number;
  /** Messages a second that came to the destination once it was back. */
  readonly outPerSecond: number;
  readonly outCpuMicroseconds: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  /** Of the relay: what it asked of the disk for a message, and how fast the disk does that alone. */
  readonly limit?: SpoolLimit;
}

export interface SpoolLimit {
  /** Messages for each sync, in and out. */
  readonly inPerSync: number;
  readonly outPerSync: number;
  /** Bytes that were written for a message, in and out. */
  readonly inBytes: number;
  readonly outBytes: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** A start of the relay. */
export interface Restart {
  readonly messages: number;
  readonly readySeconds: number;
  /** Once the destination's window is full of what came from the disk. */
  readonly residentMegabytes: number;
}

export interface SpoolPeerRecord {
  readonly name: DiskPeerName;
  readonly title: string;
  readonly remark: string;
  readonly version?: string;
  /** Why there are no figures, or not all. */
  readonly reason?: string;
}

/** Everything that a run has found. */
export interface SpoolRecord {
  readonly startedAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly messages: number;
  readonly payloadBytes: number;
  readonly window: number;
  readonly syncDelays: readonly number[];
  readonly peers: readonly SpoolPeerRecord[];
  readonly measurements: readonly SpoolMeasurement[];
  /** Starts by turns, with messages on the disk and without. */
  readonly restarts: readonly Restart[];
}
