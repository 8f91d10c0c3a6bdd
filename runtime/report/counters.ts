/** Upper bounds of the latency buckets, in seconds: from arrival at the relay to the destination's acknowledgement. */
export const latencyBoundsSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60] as const;

/** Why a message was not delivered. Each is counted and logged; none happens without one of these. */
export const lossReasons = [
  "qos0_no_room",
  "stopping",
  "undeliverable",
  "filter_removed",
  "expired",
  "disk_damaged",
] as const;
export type LossReason = (typeof lossReasons)[number];

/** What a dataflow has done since it started. Plain numbers: they are changed for every message. */
export class Counters {
  /** Messages that arrived from the source, redeliveries included. */
  received = 0;
  /** Messages that the destination acknowledged, or, with QoS 0, that were sent. */
  delivered = 0;
  /** QoS 1 messages acknowledged to the source. */
  acknowledged = 0;
  /** Messages that the source sent again (DUP). */
  redelivered = 0;
  /** Messages that were sent again to the destination: it may have some of them twice. */
  resent = 0;
  /** Messages that the destination refused for the time being. */
  rejected = 0;
  /** Times that the destination ended the connection at a message that it seems to end it at each time. */
  suspected = 0;
  /** Messages whose retain flag was cleared, since the destination has no retained messages. */
  retainCleared = 0;
  /**
   * QoS 1 messages forwarded with QoS 0: acknowledged once they were sent, so the last of them can be lost. Those that became
   * dead letters for a source that takes QoS 0 only are among them.
   */
  unconfirmed = 0;
  /** Messages that could not be delivered and are kept as dead letters. */
  deadLettered = 0;
  /** Messages that were not forwarded, since an old filter in the session had brought them once more. */
  copiesDropped = 0;
  /** Messages forwarded that may have come twice: an old filter in the session brought them, and their copy may have gone to another instance. */
  possibleCopies = 0;
  /** Times that the destination was connected and acknowledged nothing, so that it was connected anew. */
  stalls = 0;
  /** Times that a broker had lost the session, and with it what waited there. */
  sessionsLost = 0;
  /** Connections that ended, by side. */
  readonly disconnects = { source: 0, destination: 0 };
  readonly lost: Record<LossReason, number> = {
    qos0_no_room: 0,
    stopping: 0,
    undeliverable: 0,
    filter_removed: 0,
    expired: 0,
    disk_damaged: 0,
  };
  /** Messages by latency; the last bucket has no upper bound. */
  readonly latency: number[] = Array.from({ length: latencyBoundsSeconds.length + 1 }, () => 0);
  latencySumSeconds = 0;

  observeLatency(seconds: number): void {
    let bucket = 0;
    while (bucket < latencyBoundsSeconds.length && seconds > (latencyBoundsSeconds[bucket] ?? 0)) bucket++;
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
    this.latencySumSeconds += seconds;
  }
}
