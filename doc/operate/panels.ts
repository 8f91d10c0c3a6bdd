/** A panel of the dashboard. */
export interface Panel {
  readonly title: string;
  /** Unit of Grafana, such as `s`, `bytes` or `cps`. */
  readonly unit: string;
  /** `stat` shows the last value, `table` one row a series. @default "timeseries" */
  readonly kind?: "stat" | "table" | "timeseries";
  /** What it says and what to do about it; omitted: the title says it all. */
  readonly description?: string;
  readonly queries: readonly Query[];
  /** Values from which a stat is no longer green. */
  readonly warnAt?: number;
}

interface Query {
  readonly expr: string;
  /** Grafana's template of the series' name. */
  readonly legend: string;
}

/** Panels in a row of the dashboard. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Chosen by the variables at the top of the dashboard. */
const chosen = 'dataflow=~"$dataflow",instance=~"$instance"';
const byDataflow = "{{dataflow}}";
const bySide = "{{dataflow}} {{side}}";

const last = (name: string, legend = byDataflow): Query => ({ expr: `${name}{${chosen}}`, legend });
const rate = (name: string, legend: string): Query => ({
  expr: `sum by (dataflow) (rate(${name}{${chosen}}[$__rate_interval]))`,
  legend,
});
const rateOf = (name: string, word: string): Query => rate(name, `{{dataflow}} ${word}`);
const quantile = (share: number): Query => ({
  expr: `histogram_quantile(${share}, sum by (dataflow, le) (rate(relay_delivery_duration_seconds_bucket{${chosen}}[$__rate_interval])))`,
  legend: `{{dataflow}} p${share * 100}`,
});

export const rows: readonly Row[] = [
  {
    title: "At a glance",
    panels: [
      {
        title: "Stopped dataflows",
        unit: "none",
        kind: "stat",
        warnAt: 1,
        queries: [{ expr: `sum(relay_dataflow_stopped{${chosen}})`, legend: "stopped" }],
      },
      {
        title: "Sides not connected",
        unit: "none",
        kind: "stat",
        warnAt: 1,
        queries: [{ expr: `sum(1 - relay_connection_up{${chosen}})`, legend: "not connected" }],
      },
      {
        title: "Oldest message",
        unit: "s",
        kind: "stat",
        warnAt: 60,
        queries: [{ expr: `max(relay_oldest_message_age_seconds{${chosen}})`, legend: "age" }],
      },
      {
        title: "Fullest spool",
        unit: "percentunit",
        kind: "stat",
        warnAt: 0.8,
        queries: [
          { expr: `max(relay_spool_taken_bytes{${chosen}} / relay_spool_limit_bytes{${chosen}})`, legend: "full" },
        ],
      },
    ],
  },
  {
    title: "Messages",
    panels: [
      {
        title: "Received and delivered",
        unit: "cps",
        description: "Where received stays above delivered, messages pile up: look at the destination.",
        queries: [
          rateOf("relay_messages_received_total", "received"),
          rateOf("relay_messages_delivered_total", "delivered"),
          rateOf("relay_messages_acknowledged_total", "acknowledged to the source"),
        ],
      },
      { title: "Delivery duration", unit: "s", queries: [quantile(0.5), quantile(0.99)] },
      {
        title: "Waiting and in flight",
        unit: "short",
        queries: [
          last("relay_messages_waiting", "{{dataflow}} waiting"),
          last("relay_messages_in_flight", "{{dataflow}} in flight"),
        ],
      },
      { title: "Age of the oldest message", unit: "s", queries: [last("relay_oldest_message_age_seconds")] },
      {
        title: "Lost, kept as dead letters",
        unit: "cps",
        description: "Any value above 0 is worth a look at the log: the events message-lost and dead-lettered.",
        queries: [
          {
            expr: `sum by (dataflow, reason) (rate(relay_messages_lost_total{${chosen}}[$__rate_interval]))`,
            legend: "{{dataflow}} lost: {{reason}}",
          },
          rateOf("relay_messages_dead_lettered_total", "dead letters"),
        ],
      },
      {
        title: "Sent more than once, refused",
        unit: "cps",
        queries: [
          rateOf("relay_messages_redelivered_total", "redelivered by the source"),
          rateOf("relay_messages_resent_total", "resent to the destination"),
          rateOf("relay_messages_rejected_total", "refused"),
          rateOf("relay_messages_isolated_total", "sent alone"),
        ],
      },
      {
        title: "Forwarded with less",
        unit: "cps",
        queries: [
          rateOf("relay_messages_unconfirmed_total", "QoS 1 as QoS 0"),
          rateOf("relay_messages_retain_cleared_total", "without retain flag"),
        ],
      },
      {
        title: "Copies by filters of an earlier configuration",
        unit: "cps",
        queries: [
          rateOf("relay_copies_dropped_total", "dropped"),
          rateOf("relay_possible_copies_total", "forwarded, perhaps twice"),
        ],
      },
    ],
  },
  {
    title: "Connections and credentials",
    panels: [
      { title: "Connected", unit: "bool_on_off", queries: [last("relay_connection_up", bySide)] },
      {
        title: "Disconnects, stalls and lost sessions",
        unit: "cps",
        queries: [
          {
            expr: `sum by (dataflow, side) (rate(relay_disconnects_total{${chosen}}[$__rate_interval]))`,
            legend: `${bySide} disconnects`,
          },
          rateOf("relay_stalls_total", "stalls"),
          rateOf("relay_sessions_lost_total", "sessions lost"),
        ],
      },
      { title: "Time since a message moved", unit: "s", queries: [last("relay_idle_seconds", bySide)] },
      {
        title: "Time to the end of credentials",
        unit: "s",
        kind: "table",
        queries: [
          {
            expr: 'relay_credential_expiry_timestamp_seconds{instance=~"$instance"} - time()',
            legend: "{{endpoint}} {{kind}} {{name}}",
          },
        ],
      },
    ],
  },
  {
    title: "Spool and memory",
    panels: [
      { title: "Messages in the spool", unit: "short", queries: [last("relay_spool_messages")] },
      {
        title: "Disk of the spool",
        unit: "bytes",
        queries: [
          last("relay_spool_taken_bytes", "{{dataflow}} taken"),
          last("relay_spool_bytes", "{{dataflow}} messages"),
          last("relay_spool_limit_bytes", "{{dataflow}} limit"),
        ],
      },
      {
        title: "State of the spool",
        unit: "bool_yes_no",
        queries: [
          last("relay_spool_healthy", "{{dataflow}} healthy"),
          last("relay_spool_growing", "{{dataflow}} growing while connected"),
        ],
      },
      {
        title: "Left on the disk",
        unit: "short",
        description:
          "Messages that no dataflow delivers, and files of a damaged spool. Both wait for somebody to look at them.",
        queries: [
          last("relay_spool_unattended_messages", "{{dataflow}} messages"),
          { expr: 'relay_spool_files_aside{instance=~"$instance"}', legend: "{{instance}} damaged files" },
        ],
      },
      {
        title: "Memory for messages",
        unit: "bytes",
        queries: [
          last("relay_memory_held_bytes", "{{dataflow}} held"),
          last("relay_memory_share_bytes", "{{dataflow}} share"),
        ],
      },
      {
        title: "Memory of the process",
        unit: "bytes",
        queries: [{ expr: 'process_resident_memory_bytes{instance=~"$instance"}', legend: "{{instance}}" }],
      },
      {
        title: "CPU of the process",
        unit: "percentunit",
        queries: [
          { expr: 'rate(process_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])', legend: "{{instance}}" },
        ],
      },
    ],
  },
];
