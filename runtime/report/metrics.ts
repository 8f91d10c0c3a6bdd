import { collectDefaultMetrics, Registry } from "prom-client";

import { printable } from "../contract/printable.ts";
import { latencyBoundsSeconds, lossReasons, type Counters } from "./counters.ts";
import type { Relay } from "../relay.ts";

/** Prometheus' exposition of a relay. */
export interface Metrics {
  readonly contentType: string;
  /**
   * Renders the values of the moment at which it is called. One rendering at a time.
   * @param pause called between two metrics, so that messages are forwarded meanwhile; omitted: in one go
   */
  readonly render: (pause?: () => Promise<unknown>) => Promise<string>;
}

type Status = Relay["dataflows"][number]["status"];
type CounterValues = Omit<Counters, "observeLatency">;

/** What a dataflow had done and was doing at one moment, so that the values of a page belong together. */
interface Snapshot {
  /** `dataflow="upward"` */
  readonly label: string;
  readonly counters: CounterValues;
  readonly status: Status;
}

/** A relay at one moment. */
interface Moment {
  readonly dataflows: readonly Snapshot[];
  readonly unattended: Relay["unattended"];
  readonly spoolFilesAside: Relay["spoolFilesAside"];
  readonly credentialEnds: Relay["credentialEnds"];
}

/** The labels of a series and its value: `["dataflow=\"upward\"", 3]`. */
type Sample = readonly [labels: string, value: number];

/** A metric with all its series. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly read: (moment: Moment) => readonly Sample[];
}

/** Counters by name, with what they say; the values are read when they are asked for. */
const counterTable: readonly (readonly [name: string, help: string, read: (counters: CounterValues) => number])[] = [
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

const gaugeTable: readonly (readonly [name: string, help: string, read: (status: Status) => number])[] = [
  ["relay_messages_in_flight", "Messages sent and not yet acknowledged", (d) => d.inFlight],
  ["relay_messages_waiting", "Messages that wait in memory to be sent", (d) => d.waiting],
  ["relay_messages_held_bytes", "Memory that messages take", (d) => d.memory.heldBytes],
  [
    "relay_messages_share_bytes",
    "Memory that messages may take, whatever the other dataflows do",
    (d) => d.memory.shareBytes,
  ],
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

/** Metrics with a second label beside the dataflow, and those that are of no dataflow that runs. */
const otherFamilies: readonly Family[] = [
  {
    name: "relay_messages_lost_total",
    help: "Messages that were given up, by reason",
    type: "counter",
    read: ({ dataflows }) =>
      dataflows.flatMap(({ label, counters }) =>
        lossReasons.map((reason): Sample => [`${label},reason="${reason}"`, counters.lost[reason]]),
      ),
  },
  {
    name: "relay_disconnects_total",
    help: "Connections that ended",
    type: "counter",
    read: ({ dataflows }) => dataflows.flatMap(({ label, counters }) => bySide(label, counters.disconnects)),
  },
  {
    name: "relay_idle_seconds",
    help: "Time since a message came from or was acknowledged to the source, and since the destination took one",
    type: "gauge",
    // By side, so that it is seen which one does not move.
    read: ({ dataflows }) => dataflows.flatMap(({ label, status }) => bySide(label, status.idleSeconds)),
  },
  {
    name: "relay_spool_unattended_messages",
    help: "Messages on the disk that no dataflow delivers, by the dataflow that they came with",
    type: "gauge",
    // As they were found at the start: nothing changes them while the relay runs.
    read: ({ unattended }) => unattended.map(({ dataflow, messages }) => [labelled("dataflow", dataflow), messages]),
  },
  {
    name: "relay_spool_files_aside",
    help: "Damaged databases that are kept in the spool's folder",
    type: "gauge",
    // Beside the spool, until somebody has looked at them and taken them away.
    read: ({ spoolFilesAside }) => [["", spoolFilesAside]],
  },
  {
    name: "relay_credential_expiry_seconds",
    help: "Time to the end of a token or certificate that is in use",
    type: "gauge",
    // Negative once it has ended. What has no end, or does not say it, has no series.
    read: ({ credentialEnds }) =>
      credentialEnds.map(({ endpoint, end: { kind, name, endsAtMs } }) => [
        `${labelled("endpoint", endpoint)},kind="${kind}",${labelled("name", name)}`,
        (endsAtMs - Date.now()) / 1000,
      ]),
  },
];

const families: readonly Family[] = [
  ...counterTable.map(([name, help, read]): Family => {
    return { name, help, type: "counter", read: (moment) => byDataflow(moment, ({ counters }) => read(counters)) };
  }),
  ...gaugeTable.map(([name, help, read]): Family => {
    return { name, help, type: "gauge", read: (moment) => byDataflow(moment, ({ status }) => read(status)) };
  }),
  ...otherFamilies,
];

/**
 * Describes a relay to Prometheus. No label has a topic in it: their number has no bound. The relay's own metrics are
 * written by hand, since prom-client takes four times as long for the whole page.
 */
export function createMetrics(relay: Relay): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    render: async (pause = () => Promise.resolve()) => {
      const moment = takeMoment(relay);
      const parts: string[] = [];
      for (const { name } of registry.getMetricsAsArray()) {
        parts.push(`${await registry.getSingleMetricAsString(name)}\n`);
        await pause();
      }
      for (const family of families) {
        parts.push(renderFamily(family, moment));
        await pause();
      }
      parts.push(renderLatency(moment));
      return parts.join("\n");
    },
  };
}

/** Reads what a dataflow is doing once for a page, and not for each of its metrics. */
function takeMoment({ dataflows, unattended, spoolFilesAside, credentialEnds }: Relay): Moment {
  return {
    dataflows: dataflows.map(({ name, counters, status }) => {
      const { disconnects, lost, latency } = counters;
      const copies = { disconnects: { ...disconnects }, lost: { ...lost }, latency: [...latency] };
      return { label: labelled("dataflow", name), counters: Object.assign({}, counters, copies), status };
    }),
    unattended,
    spoolFilesAside,
    credentialEnds,
  };
}

function byDataflow({ dataflows }: Moment, read: (snapshot: Snapshot) => number): Sample[] {
  return dataflows.map((snapshot) => [snapshot.label, read(snapshot)]);
}

function bySide(label: string, { source, destination }: Record<"source" | "destination", number>): Sample[] {
  return [
    [`${label},side="source"`, source],
    [`${label},side="destination"`, destination],
  ];
}

/** @see Prometheus, text-based exposition format: a label's value has its backslashes and quotes escaped */
function labelled(label: string, value: string): string {
  return `${label}="${printable(value).replace(/[\\"]/g, "\\$&")}"`;
}

function renderFamily({ name, help, type, read }: Family, moment: Moment): string {
  const lines = read(moment).map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderLatency({ dataflows }: Moment): string {
  const name = "relay_delivery_seconds";
  const lines = [
    `# HELP ${name} Time from the arrival of a message to the destination's acknowledgement`,
    `# TYPE ${name} histogram`,
  ];
  for (const { label, counters } of dataflows) {
    let sum = 0;
    for (const [index, count] of counters.latency.entries()) {
      sum += count;
      const bound = latencyBoundsSeconds[index] ?? "+Inf";
      lines.push(`${name}_bucket{${label},le="${bound}"} ${sum}`);
    }
    lines.push(`${name}_sum{${label}} ${counters.latencySumSeconds}`, `${name}_count{${label}} ${sum}`);
  }
  return `${lines.join("\n")}\n`;
}
