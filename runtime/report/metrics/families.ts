import { latencyBoundsSeconds, lossReasons } from "../counters.ts";
import { dataflowCounters, dataflowGauges } from "./dataflow-tables.ts";
import { noLabels, withLabel, withOwnLabel, type Family, type Labels, type Moment, type Sample } from "./family.ts";

const connectionUp = ({ kind }: { readonly kind: string }) => Number(kind === "up");

/** Metrics with a second label beside the dataflow, and those that are of no dataflow that runs. */
const otherFamilies: readonly Family[] = [
  {
    name: "relay_connection_up",
    help: "1 while the side is connected, and the source side subscribed",
    type: "gauge",
    unit: "1",
    labels: ["dataflow", "side"],
    read: ({ dataflows }) =>
      dataflows.flatMap(({ labels, status: { source, destination } }) =>
        bySide(labels, { source: connectionUp(source), destination: connectionUp(destination) }),
      ),
  },
  {
    name: "relay_messages_lost_total",
    help: "Messages that were given up, by reason",
    type: "counter",
    unit: "{message}",
    labels: ["dataflow", "reason"],
    read: ({ dataflows }) =>
      dataflows.flatMap(({ labels, counters }) =>
        lossReasons.map((reason): Sample => [withOwnLabel(labels, "reason", reason), counters.lost[reason]]),
      ),
  },
  {
    name: "relay_disconnects_total",
    help: "Connections that ended",
    type: "counter",
    unit: "{connection}",
    labels: ["dataflow", "side"],
    read: ({ dataflows }) => dataflows.flatMap(({ labels, counters }) => bySide(labels, counters.disconnects)),
  },
  {
    name: "relay_idle_seconds",
    help: "Time since a message came from or was acknowledged to the source, and since the destination took one",
    type: "gauge",
    unit: "s",
    labels: ["dataflow", "side"],
    // By side, so that it is seen which one does not move. No time stamp: the clock of a small device may be set meanwhile.
    read: ({ dataflows }) => dataflows.flatMap(({ labels, status }) => bySide(labels, status.idleSeconds)),
  },
  {
    name: "relay_spool_limit_bytes",
    help: "Bytes that messages and dead letters may take on the disk (spool.maxBytes); no series without a spool",
    type: "gauge",
    unit: "By",
    labels: ["dataflow"],
    read: ({ dataflows }) =>
      dataflows.flatMap(({ labels, status: { spooled } }): Sample[] =>
        spooled.limitBytes === undefined ? [] : [[labels, spooled.limitBytes]],
      ),
  },
  {
    name: "relay_spool_unattended_messages",
    help: "Messages on the disk that no dataflow delivers, by the dataflow that they came with; as found at the start",
    type: "gauge",
    unit: "{message}",
    labels: ["dataflow"],
    // Nothing changes them while the relay runs.
    read: ({ unattended }) =>
      unattended.map(({ dataflow, messages }) => [withLabel(noLabels, "dataflow", dataflow), messages]),
  },
  {
    name: "relay_spool_files_aside",
    help: "Damaged databases that are kept in the spool's folder until somebody removes them",
    type: "gauge",
    unit: "{file}",
    labels: [],
    read: ({ spoolFilesAside }) => [[noLabels, spoolFilesAside]],
  },
  {
    name: "relay_credential_expiry_timestamp_seconds",
    help: "Unix time at which a token or certificate that is in use ends; no series for what has no known end",
    type: "gauge",
    unit: "s",
    labels: ["endpoint", "kind", "name"],
    read: ({ credentialEnds }) =>
      credentialEnds.map(({ endpoint, end: { kind, name, endsAtMs } }) => [
        withLabel(withLabel(withLabel(noLabels, "endpoint", endpoint), "kind", kind), "name", name),
        endsAtMs / 1000,
      ]),
  },
];

/** The relay's own metrics that are one number a series, in the order of the exposition. */
export const families: readonly Family[] = [
  ...dataflowCounters.map(({ read, ...rest }): Family => {
    return {
      ...rest,
      type: "counter",
      labels: ["dataflow"],
      read: ({ dataflows }) => dataflows.map(({ labels, counters }) => [labels, read(counters)]),
    };
  }),
  ...dataflowGauges.map(({ read, ...rest }): Family => {
    return {
      ...rest,
      type: "gauge",
      labels: ["dataflow"],
      read: ({ dataflows }) => dataflows.map(({ labels, status }) => [labels, read(status)]),
    };
  }),
  ...otherFamilies,
];

/** How long messages took, of one dataflow. */
export interface HistogramSample {
  readonly labels: Labels;
  /** Messages by bucket, not summed up; the last bucket has no upper bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** The relay's one histogram. */
export const deliveryDuration = {
  name: "relay_delivery_duration_seconds",
  help: "Time from the arrival of a message to the destination's acknowledgement",
  type: "histogram",
  unit: "s",
  labels: ["dataflow"],
  bounds: latencyBoundsSeconds,
  read: ({ dataflows }: Moment): HistogramSample[] =>
    dataflows.map(({ labels, counters: { latency, latencySumSeconds } }) => {
      return { labels, counts: latency, sum: latencySumSeconds };
    }),
} as const;

function bySide(labels: Labels, { source, destination }: Record<"source" | "destination", number>): Sample[] {
  return [
    [withOwnLabel(labels, "side", "source"), source],
    [withOwnLabel(labels, "side", "destination"), destination],
  ];
}
