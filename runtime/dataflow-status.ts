import type { LinkState } from "./connection/link.ts";

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
