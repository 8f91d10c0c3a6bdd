import type { CounterValues, Snapshot, Stability, Unit } from "./family.ts";

/** A metric with one series for each dataflow. */
interface Row<T> {
  readonly name: string;
  readonly help: string;
  readonly unit: Unit;
  readonly stability?: Stability;
  readonly read: (from: T) => number;
}

export const dataflowCounters: readonly Row<CounterValues>[] = [
  {
    name: "relay_messages_received_total",
    help: "Messages that arrived from the source, redeliveries included",
    unit: "{message}",
    read: (c) => c.received,
  },
  {
    name: "relay_messages_delivered_total",
    help: "Messages that the destination acknowledged, or, with QoS 0, that were sent",
    unit: "{message}",
    read: (c) => c.delivered,
  },
  {
    name: "relay_messages_acknowledged_total",
    help: "QoS 1 messages acknowledged to the source",
    unit: "{message}",
    read: (c) => c.acknowledged,
  },
  {
    name: "relay_messages_redelivered_total",
    help: "Messages that the source sent again",
    unit: "{message}",
    read: (c) => c.redelivered,
  },
  {
    name: "relay_messages_resent_total",
    help: "Messages sent again to the destination, which may have some of them twice",
    unit: "{message}",
    read: (c) => c.resent,
  },
  {
    name: "relay_messages_rejected_total",
    help: "Messages that the destination refused for the time being; they are sent again",
    unit: "{message}",
    read: (c) => c.rejected,
  },
  {
    name: "relay_messages_isolated_total",
    help: "Messages sent alone, since the destination seems to end the connection at them each time",
    unit: "{message}",
    stability: "experimental",
    read: (c) => c.suspected,
  },
  {
    name: "relay_messages_unconfirmed_total",
    help: "QoS 1 messages that were forwarded with QoS 0",
    unit: "{message}",
    read: (c) => c.unconfirmed,
  },
  {
    name: "relay_messages_retain_cleared_total",
    help: "Messages that lost their retain flag, since the destination has no retained messages",
    unit: "{message}",
    read: (c) => c.retainCleared,
  },
  {
    name: "relay_messages_dead_lettered_total",
    help: "Messages that could not be delivered and were kept as dead letters",
    unit: "{message}",
    read: (c) => c.deadLettered,
  },
  {
    name: "relay_copies_dropped_total",
    help: "Messages not forwarded, since a filter of an earlier configuration brought them once more",
    unit: "{message}",
    stability: "experimental",
    read: (c) => c.copiesDropped,
  },
  {
    name: "relay_possible_copies_total",
    help: "Messages forwarded that may have come twice, since a filter of an earlier configuration brought them",
    unit: "{message}",
    stability: "experimental",
    read: (c) => c.possibleCopies,
  },
  {
    name: "relay_stalls_total",
    help: "Times that the destination was connected and acknowledged nothing, so that it was connected anew",
    unit: "{stall}",
    read: (c) => c.stalls,
  },
  {
    name: "relay_sessions_lost_total",
    help: "Times that the source's broker had lost the session, and with it the messages that waited there",
    unit: "{session}",
    read: (c) => c.sessionsLost,
  },
];

export const dataflowGauges: readonly Row<Snapshot["status"]>[] = [
  {
    name: "relay_messages_in_flight",
    help: "Messages sent to the destination and not yet acknowledged",
    unit: "{message}",
    read: (d) => d.inFlight,
  },
  {
    name: "relay_messages_waiting",
    help: "Messages that wait in memory to be sent",
    unit: "{message}",
    read: (d) => d.waiting,
  },
  { name: "relay_memory_held_bytes", help: "Memory that messages take", unit: "By", read: (d) => d.memory.heldBytes },
  {
    name: "relay_memory_share_bytes",
    help: "Memory that messages may take, whatever the other dataflows do",
    unit: "By",
    read: (d) => d.memory.shareBytes,
  },
  {
    name: "relay_oldest_message_age_seconds",
    help: "Age of the oldest message that was received and that neither the destination nor the disk has; 0 without one",
    unit: "s",
    read: (d) => d.oldestSeconds,
  },
  { name: "relay_spool_messages", help: "Messages on the disk", unit: "{message}", read: (d) => d.spooled.messages },
  { name: "relay_spool_bytes", help: "Bytes of the messages on the disk", unit: "By", read: (d) => d.spooled.bytes },
  {
    name: "relay_spool_taken_bytes",
    help: "Bytes that messages and dead letters take on the disk; at relay_spool_limit_bytes nothing more is acknowledged",
    unit: "By",
    read: (d) => d.spooled.takenBytes,
  },
  {
    name: "relay_spool_healthy",
    help: "0 while the spool is full, or can't be opened or written; else 1, also without a spool",
    unit: "1",
    read: (d) => Number(d.diskProblems.length === 0),
  },
  {
    name: "relay_spool_growing",
    help: "1 while the spool grows although the destination is connected",
    unit: "1",
    stability: "experimental",
    read: (d) => Number(d.isSpoolGrowing),
  },
  {
    name: "relay_dataflow_stopped",
    help: "1 once the dataflow has stopped for good: /readyz has the reason; remove it, then restart the relay",
    unit: "1",
    read: (d) => Number(d.failure !== undefined),
  },
];
