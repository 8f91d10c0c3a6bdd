import type { PackedHeaders, PackedRows } from "./packed-rows.ts";

/** Name of the database in the spool's folder. */
export const spoolFile = "spool.sqlite";

/** What the relay's thread asks of the thread that writes; each `queue` is the name of a dataflow. */
export type Request = OpenRequest | PackedWriteRequest | ReadRequest | { readonly kind: "close" };

/** Opens the spool of a folder, as soon as that can be done. */
export interface OpenRequest {
  readonly kind: "open";
  readonly folder: string;
  /** The dataflows that use it: what is lost with a file that can't be read is reported to each of them. */
  readonly dataflows: readonly string[];
}

/** Messages of one queue, oldest first. */
export interface ReadRequest {
  readonly kind: "read";
  readonly queue: string;
  /** Only messages behind this one. */
  readonly after: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** A first message of more bytes is not read; the answer says how long it is. */
  readonly mostBytes: number;
}

/** Changes of one queue, to be made at once. */
export interface WriteRequest {
  readonly kind: "write";
  readonly queue: string;
  /** Number of the request, from 1. */
  readonly batch: number;
  /** Time of the spool's clock, to go on from after a restart. */
  readonly clockMs: number;
  readonly rows: readonly RowHeader[];
  /** The rows' packets, one behind the other. */
  readonly packets: Uint8Array;
  /** Messages that are no longer needed. */
  readonly removed: readonly number[];
  readonly deadLetters: readonly DeadLetter[];
  /** The filters of the source's session, where they changed. */
  readonly filters?: readonly string[];
  /** The loss of which {@link QueueState.loss} told was counted, or stopped nobody. */
  readonly isLossSettled?: boolean;
}

/** A {@link WriteRequest} on its way to the thread. */
export interface PackedWriteRequest extends Omit<WriteRequest, "rows"> {
  readonly rows: PackedHeaders;
}

/** A message on the disk, without its bytes. */
export interface RowHeader {
  /** Its place in the queue: later messages have larger numbers. */
  readonly sequence: number;
  /** When it came to the relay, by the spool's clock. */
  readonly arrivedMs: number;
  /** The topic that it came with, where the destination's differs. */
  readonly inputTopic: string | undefined;
  readonly packetBytes: number;
  /** Whether it is a dead letter on its way to a broker. */
  readonly isDeadLetter: boolean;
}

/** A message that was read back. */
export interface Row extends RowHeader {
  readonly packet: Uint8Array;
  /** Why it can't be used, and that its packet is not to be; `undefined` when it is what was written. */
  readonly damage?: string | undefined;
}

/** A message that could not be delivered, as it is kept on the disk. */
export interface DeadLetter {
  /** Wall time, ISO 8601. */
  readonly time: string;
  readonly reason: string;
  /** The topic that it came with. */
  readonly topic: string;
  /** The topic that it would have been published to; empty when none could be made. */
  readonly destinationTopic: string;
  /** Its MQTT properties as JSON, binary ones in Base64. */
  readonly properties: string;
  /** In memory of its own, which goes to the thread with it. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What a queue holds when the spool is opened. */
export interface QueueState {
  /** Sequence of the message that came last, whether it is still there or not; 0 when none ever came. */
  readonly lastSequence: number;
  readonly messages: number;
  readonly bytes: number;
  /** Bytes of the pages that its messages take in the file. */
  readonly usedBytes: number;
  /** Bytes of dead letters. */
  readonly deadLetterBytes: number;
  /** When the oldest message came, by the spool's clock; `undefined` when there is none, or nobody looked. */
  readonly oldestMs?: number | undefined;
  /** Filters that the source's session may hold; `undefined` when nothing is known of it. */
  readonly filters: readonly string[] | undefined;
  /** Messages that damage to the files has taken and that nobody was told of. */
  readonly loss?: Loss | undefined;
}

/** Messages that damage to the files has taken. */
export interface Loss {
  /** How many at most; 0 where nothing tells. */
  readonly messages: number;
  readonly reason: string;
}

/** What thread and dataflow know of a queue after a commit. */
export type StoredCounts = Pick<QueueState, "messages" | "bytes" | "usedBytes" | "deadLetterBytes">;

/** What the thread that writes answers. */
export type Answer =
  | { readonly kind: "opened"; readonly clockMs: number; readonly queues: Readonly<Record<string, QueueState>> }
  /** Every batch up to this one is on the disk, and what the queues that it changed hold now. */
  | { readonly kind: "committed"; readonly batch: number; readonly counts: Readonly<Record<string, StoredCounts>> }
  /** `largeBytes`: nothing was read, since the first message is so long. */
  | { readonly kind: "rows"; readonly queue: string; readonly rows: PackedRows; readonly largeBytes?: number }
  /** Something can't be written or read; it is tried again until it works. */
  | { readonly kind: "failing"; readonly reason: string }
  /** All that was asked for is done, after `failing`. */
  | { readonly kind: "working" }
  /** The files were damaged or gone: the spool goes on in new ones, with what could be copied. */
  | {
      readonly kind: "replaced";
      readonly reason: string;
      /** Names of the files that were kept; empty when there is none. */
      readonly aside: string;
      readonly queues: Readonly<Record<string, QueueState>>;
    }
  /** How many damaged databases are kept in the folder, where that has changed. */
  | { readonly kind: "aside"; readonly files: number }
  /** The spool can't be used until the operator has done something about it. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "closed" };
