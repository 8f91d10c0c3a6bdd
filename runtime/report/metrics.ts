import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

import { latencyBoundsSeconds, lossReasons, type Counters } from "./counters.ts";
import type { Relay } from "../relay.ts";

/** Prometheus' exposition of a relay. */
export interface Metrics {
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

/** Counters by name, with what they say; the values are read when they are asked for. */
const counterTable: readonly (readonly [name: string, help: string, read: (counters: Counters) => number])[] = [
  ["relay_messages_received_total", "Messages that arrived from the source, redeliveries included", (c) => c.received],
  [
    "relay_messages_delivered_total",
    "Messages that the destination acknowledged, or, with QoS 0, that were sent",
    (c) => c.delivered,
  ],
  ["relay_messages_acknowledged_total", "QoS 1 messages acknowledged to the source", (c) => c.acknowledged],
  ["relay_messages_redelivered_total", "Messages that the source sent again", (c) => c.redelivered],
  [
    "relay_messages_resent_total",
    "Messages sent again to the destination, which may have some of them twice",
    (c) => c.resent,
  ],
  ["relay_messages_rejected_total", "Messages that the destination refused for the time being", (c) => c.rejected],
  [
    "relay_messages_suspected_total",
    "Times that the destination ended the connection at a message that it seems to end it at each time",
    (c) => c.suspected,
  ],
  ["relay_messages_unconfirmed_total", "QoS 1 messages that were forwarded with QoS 0", (c) => c.unconfirmed],
  [
    "relay_messages_retain_cleared_total",
    "Messages that lost their retain flag, since the destination has none",
    (c) => c.retainCleared,
  ],
  ["relay_messages_dead_lettered_total", "Messages that are kept as dead letters", (c) => c.deadLettered],
  [
    "relay_copies_dropped_total",
    "Messages not forwarded, since a filter of an earlier configuration brought them once more",
    (c) => c.copiesDropped,
  ],
  [
    "relay_possible_copies_total",
    "Messages forwarded that may have come twice, since a filter of an earlier configuration brought them",
    (c) => c.possibleCopies,
  ],
  [
    "relay_stalls_total",
    "Times that the destination was connected and acknowledged nothing, so that it was connected anew",
    (c) => c.stalls,
  ],
  ["relay_sessions_lost_total", "Times that the source had lost the session", (c) => c.sessionsLost],
];

type Status = Relay["dataflows"][number]["status"];

const gaugeTable: readonly (readonly [name: string, help: string, read: (status: Status) => number])[] = [
  ["relay_messages_in_flight", "Messages sent and not yet acknowledged", (d) => d.inFlight],
  ["relay_messages_waiting", "Messages that wait in memory to be sent", (d) => d.waiting],
  [
    "relay_oldest_message_age_seconds",
    "Age of the oldest message that was received and that neither the destination nor the disk has; 0 without one",
    (d) => d.oldestSeconds,
  ],
  ["relay_spool_messages", "Messages on the disk", (d) => d.spooled.messages],
  ["relay_spool_bytes", "Bytes of the messages on the disk", (d) => d.spooled.bytes],
  [
    "relay_spool_taken_bytes",
    "Bytes that the messages on the disk and dead letters take there; at spool.maxBytes nothing more is acknowledged",
    (d) => d.spooled.takenBytes,
  ],
  [
    "relay_spool_healthy",
    "0 while the spool is full, or can't be opened or written",
    (d) => Number(d.diskProblems.length === 0),
  ],
  [
    "relay_spool_growing",
    "1 while the spool grows although the destination is connected",
    (d) => Number(d.isSpoolGrowing),
  ],
  [
    "relay_dataflow_stopped",
    "1 once the dataflow has stopped for good: /readyz has the reason; remove it, then restart the relay",
    (d) => Number(d.failure !== undefined),
  ],
  ["relay_source_up", "1 while the source is connected and subscribed", (d) => Number(d.source.kind === "up")],
  ["relay_destination_up", "1 while the destination is connected", (d) => Number(d.destination.kind === "up")],
];

/** Describes a relay to Prometheus. No label has a topic in it: their number has no bound. */
export function createMetrics(relay: Relay): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, help, read] of counterTable) addCounter(registry, relay, name, help, read);
  addLabelledCounters(registry, relay);
  for (const [name, help, read] of gaugeTable) addGauge(registry, relay, name, help, read);
  addIdleTimes(registry, relay);
  addUnattended(registry, relay);
  addFilesAside(registry, relay);
  addCredentialEnds(registry, relay);
  return {
    contentType: registry.contentType,
    render: async () => `${await registry.metrics()}${renderLatency(relay)}`,
  };
}

function addCounter(
  registry: Registry,
  relay: Relay,
  name: string,
  help: string,
  read: (counters: Counters) => number,
): void {
  new Counter({
    name,
    help,
    labelNames: ["dataflow"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: dataflow, counters } of relay.dataflows) this.inc({ dataflow }, read(counters));
    },
  });
}

/** Counters with a second label beside the dataflow. */
function addLabelledCounters(registry: Registry, relay: Relay): void {
  new Counter({
    name: "relay_messages_lost_total",
    help: "Messages that were given up, by reason",
    labelNames: ["dataflow", "reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: dataflow, counters } of relay.dataflows) {
        for (const reason of lossReasons) this.inc({ dataflow, reason }, counters.lost[reason]);
      }
    },
  });
  new Counter({
    name: "relay_disconnects_total",
    help: "Connections that ended",
    labelNames: ["dataflow", "side"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: dataflow, counters } of relay.dataflows) {
        this.inc({ dataflow, side: "source" }, counters.disconnects.source);
        this.inc({ dataflow, side: "destination" }, counters.disconnects.destination);
      }
    },
  });
}

function addGauge(
  registry: Registry,
  relay: Relay,
  name: string,
  help: string,
  read: (status: Status) => number,
): void {
  new Gauge({
    name,
    help,
    labelNames: ["dataflow"],
    registers: [registry],
    collect() {
      for (const { name: dataflow, status } of relay.dataflows) this.set({ dataflow }, read(status));
    },
  });
}

/** By side, so that it is seen which one does not move. */
function addIdleTimes(registry: Registry, relay: Relay): void {
  new Gauge({
    name: "relay_idle_seconds",
    help: "Time since a message came from or was acknowledged to the source, and since the destination took one",
    labelNames: ["dataflow", "side"],
    registers: [registry],
    collect() {
      for (const { name: dataflow, status } of relay.dataflows) {
        this.set({ dataflow, side: "source" }, status.idleSeconds.source);
        this.set({ dataflow, side: "destination" }, status.idleSeconds.destination);
      }
    },
  });
}

/** As they were found at the start: nothing changes them while the relay runs. */
function addUnattended(registry: Registry, relay: Relay): void {
  new Gauge({
    name: "relay_spool_unattended_messages",
    help: "Messages on the disk that no dataflow delivers, by the dataflow that they came with",
    labelNames: ["dataflow"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { dataflow, messages } of relay.unattended) this.set({ dataflow }, messages);
    },
  });
}

/** Beside the spool, until somebody has looked at them and taken them away. */
function addFilesAside(registry: Registry, relay: Relay): void {
  new Gauge({
    name: "relay_spool_files_aside",
    help: "Damaged databases that are kept in the spool's folder",
    registers: [registry],
    collect() {
      this.set(relay.spoolFilesAside);
    },
  });
}

/** Negative once it has ended. What has no end, or does not say it, has no series. */
function addCredentialEnds(registry: Registry, relay: Relay): void {
  new Gauge({
    name: "relay_credential_expiry_seconds",
    help: "Time to the end of a token or certificate that is in use",
    labelNames: ["endpoint", "kind", "name"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { endpoint, end } of relay.credentialEnds)
        this.set({ endpoint, kind: end.kind, name: end.name }, (end.endsAtMs - Date.now()) / 1000);
    },
  });
}

/** Written by hand: prom-client's histogram only takes observations, and one per message would cost more than the message. */
function renderLatency({ dataflows }: Relay): string {
  const name = "relay_delivery_seconds";
  const lines = [
    "",
    `# HELP ${name} Time from the arrival of a message to the destination's acknowledgement`,
    `# TYPE ${name} histogram`,
  ];
  for (const { name: dataflow, counters } of dataflows) {
    let sum = 0;
    for (const [index, count] of counters.latency.entries()) {
      sum += count;
      const bound = latencyBoundsSeconds[index] ?? "+Inf";
      lines.push(`${name}_bucket{dataflow="${dataflow}",le="${bound}"} ${sum}`);
    }
    lines.push(
      `${name}_sum{dataflow="${dataflow}"} ${counters.latencySumSeconds}`,
      `${name}_count{dataflow="${dataflow}"} ${sum}`,
    );
  }
  return `${lines.join("\n")}\n`;
}
