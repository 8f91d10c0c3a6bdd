import type { LinkState } from "./connection/link.ts";
import { diskProblems, spooledOn, type DiskUse, type RelaySettings } from "./disk/dataflow-disk.ts";
import type { ServerLimits } from "./mqtt/connect.ts";
import type { Forwarder } from "./queue/forwarder.ts";

/** What a dataflow is doing, for health and metrics. */
export interface DataflowStatus {
  readonly source: LinkState;
  readonly destination: LinkState;
  /** Why the dataflow stopped for good; `undefined` while it runs. */
  readonly failure: string | undefined;
  /** Why the destination refuses messages for the time being; `undefined` when it does not. */
  readonly rejection: string | undefined;
  readonly inFlight: number;
  /** Messages in memory that wait to be sent. */
  readonly waiting: number;
  /** Bytes that messages take in memory, and may take. */
  readonly memory: { readonly heldBytes: number; readonly shareBytes: number };
  /** Messages that neither the destination nor the disk has, and how many of them no source has either. */
  readonly unsafe: { readonly messages: number; readonly onlyHere: number };
  /** Messages with QoS 0 that were written to the destination and may not have reached it. */
  readonly unconfirmed: number;
  /** Age of the oldest message that neither the destination nor the disk has, in seconds; 0 when there is none. */
  readonly oldestSeconds: number;
  /** Seconds since a message moved, by side. */
  readonly idleSeconds: { readonly source: number; readonly destination: number };
  /**
   * Messages on the disk, the bytes of their packets, and the bytes that they and dead letters take there of
   * `limitBytes`, which is omitted without a spool.
   */
  readonly spooled: {
    readonly messages: number;
    readonly bytes: number;
    readonly takenBytes: number;
    readonly limitBytes?: number;
  };
  /** Whether more comes to the disk than leaves it, although the destination is connected. */
  readonly isSpoolGrowing: boolean;
  /** What the source has not granted as asked for, by filter; empty when all is well. */
  readonly subscriptionProblems: readonly string[];
  /** What keeps the disk from taking messages; empty when nothing does. */
  readonly diskProblems: readonly string[];
  /** Times in a row that a side was connected, messages were owed, and nothing moved. */
  readonly stalls: { readonly source: number; readonly destination: number };
}

/** What a status is read from. */
export interface StatusSources extends Pick<
  DataflowStatus,
  "source" | "destination" | "failure" | "subscriptionProblems"
> {
  readonly forwarder: Pick<Forwarder, "status" | "destination" | "watchdog">;
  readonly shareBytes: number;
  /** Omitted: it is not open, or not needed. */
  readonly disk: DiskUse | undefined;
  readonly needsDisk: boolean;
  readonly limits: RelaySettings;
}

/** Reads what a dataflow is doing at this moment. */
export function readStatus(sources: StatusSources): DataflowStatus {
  const { forwarder, shareBytes, disk, needsDisk, limits, source, destination, failure, subscriptionProblems } =
    sources;
  const { status, watchdog } = forwarder;
  const { idleMs, stalls } = watchdog;
  const missingDisk = needsDisk ? ["the spool is not open"] : [];
  return {
    source,
    destination,
    failure,
    subscriptionProblems,
    rejection: forwarder.destination.rejection,
    inFlight: status.inFlight,
    waiting: status.waiting,
    memory: { heldBytes: status.heldBytes, shareBytes },
    unsafe: status.unsafe,
    unconfirmed: status.unconfirmed,
    oldestSeconds: status.oldestSeconds,
    idleSeconds: { source: idleMs.source / 1000, destination: idleMs.destination / 1000 },
    spooled: spooledOn(disk, limits),
    isSpoolGrowing: disk?.growth.isGrowing ?? false,
    diskProblems: disk === undefined ? missingDisk : diskProblems(disk),
    stalls,
  };
}

/** What the queues of a dataflow hold. */
export interface DataflowLevels {
  readonly inFlight: number;
  /** Messages in memory that wait to be sent. */
  readonly waiting: number;
  /** Messages on the disk. */
  readonly onDisk: number;
}

/** One connection of a dataflow. */
export interface SideConnection {
  /** Since when it has been up, or down; by the wall clock. */
  readonly sinceMs: number;
  /** What the broker announced last in CONNACK; `undefined` before the first one. */
  readonly limits: ServerLimits | undefined;
}

/** Both of them. */
export interface DataflowConnections {
  readonly source: SideConnection;
  readonly destination: SideConnection;
  /** QoS 1 messages in flight to the destination at most. */
  readonly window: number;
}
