/** A place that a message passes on its way. */
export type HopName = "published" | "source" | "accepted" | "destination";

/**
 * What is known of a message at a hop.
 * - `seen`: it was there
 * - `implied`: a later hop shows that it was there
 * - `missing`: it should have come there in time, and did not
 * - `unknown`: nothing could look there
 */
export type HopState = "seen" | "implied" | "missing" | "unknown";

/** One hop of one message. */
export interface Hop {
  readonly hop: HopName;
  readonly state: HopState;
  /** Milliseconds since the message was published, or was first seen. */
  readonly afterMs?: number;
  /** Where it is, and why it is not known or not there. */
  readonly text: string;
}

/** What a test of one dataflow came to. */
export interface ProbeResult {
  readonly dataflow: string;
  /** `published`: a marked message; `listened`: a message of somebody else. */
  readonly how: "published" | "listened";
  /** `delivered`, or where the message stops; `unknown` when nothing came by to be watched. */
  readonly outcome: "delivered" | "stopped" | "unknown";
  /** Topic of the message at the source, and where it is expected. */
  readonly topic?: string;
  readonly arrivesAs?: string;
  readonly hops: readonly Hop[];
  /** Where it stops, why, and what to do. */
  readonly stop?: { readonly after: HopName | "start"; readonly why: string; readonly remedy?: string };
}
