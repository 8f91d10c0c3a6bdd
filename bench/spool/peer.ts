import type { Destination } from "../load/destination.ts";
import type { MessageShape } from "../load/message.ts";

/** Names of what is measured. */
export const diskPeerNames = ["relay", "artemis", "mosquitto"] as const;
export type DiskPeerName = (typeof diskPeerNames)[number];

/** What a program with a disk queue is started with. */
export interface DiskRoute {
  /** For its files; one for each program. */
  readonly folder: string;
  /** QoS 1 messages that may be unacknowledged on either side. */
  readonly window: number;
  /** Further variables of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A program that runs, and is connected with its destination. */
export interface RunningDiskPeer {
  readonly pid: number;
  readonly destination: Destination;
  /** Gives it messages of QoS 1; resolves once it has acknowledged all of them. */
  give(shape: MessageShape, load: number, count: number): Promise<void>;
  /** Transactions that it has committed with fsync, where it tells. */
  commits(): number | undefined;
  stop(): Promise<void>;
}

/** A program whose disk queue is measured. */
export interface DiskPeer {
  readonly name: DiskPeerName;
  readonly title: string;
  /** When it acknowledges a message, and what it writes. */
  readonly remark: string;
  /** Version of the program. @throws {Error} with the reason, when it can't be had */
  install(cacheFolder: string): Promise<string>;
  start(route: DiskRoute): Promise<RunningDiskPeer>;
}
