import { deliveryDuration, families } from "../../runtime/report/metrics/families.ts";
import { lossReasons, type LossReason } from "../../runtime/report/counters.ts";

const meaningOfLoss: Readonly<Record<LossReason, string>> = {
  qos0_no_room: "A QoS 0 message came while memory and spool had no room for it.",
  stopping: "The relay stopped before it could deliver a message that no source keeps.",
  undeliverable: "The destination will never take the message, and `undeliverableMessages` is `Discard`.",
  filter_removed: "A filter of an earlier configuration brought the message.",
  expired: "The message was older than its message expiry interval.",
  disk_damaged: "The message was on the disk and can't be read any more.",
};

/** Renders `doc/operate/metrics.md`. */
export function renderMetrics(): string {
  const lines = [
    "# Metrics",
    "",
    "<!-- Generated from runtime/report/metrics/: change that, then run `npm run docs`. -->",
    "",
    "The relay serves Prometheus' text format at `/metrics` of port 9600. [alerts.yaml](alerts.yaml) has alert rules for these metrics,",
    "[dashboard.json](dashboard.json) a Grafana dashboard. A collector gets the same by [OpenTelemetry's protocol](opentelemetry.md).",
    "",
    "- Names follow Prometheus' rules: base units, `_total` for counters, the unit at the end. The tables write units as OpenTelemetry",
    "  does (UCUM). Counters start at 0 with the process, so rules use `rate` or `increase` for them.",
    "- No label contains a topic, because the number of topics has no bound. `dataflow` is the name of a dataflow, `side` is `source` or `destination`.",
    "- Points in time are Unix time stamps, to be compared with the reader's clock. `relay_idle_seconds` and",
    "  `relay_oldest_message_age_seconds` are durations, because the relay measures them with a monotonic clock.",
    "- **stable**: name, type, unit and labels stay until the next major version; labels may be added. **experimental**: may change or go",
    "  with any version. `process_*` and `nodejs_*` come from the library `prom-client`, which also chooses their names.",
    "",
    "| name | type | unit | labels | stability |",
    "| ---- | ---- | ---- | ------ | --------- |",
    ...[...families, deliveryDuration].map(
      ({ name, type, unit, labels, ...rest }) =>
        `| [\`${name}\`](#${name}) | ${type} | \`${unit}\` | ${labels.map((label) => `\`${label}\``).join(", ")} | ${"stability" in rest ? rest.stability : "stable"} |`,
    ),
    "",
    ...[...families, deliveryDuration].flatMap(({ name, help }) => [`## ${name}`, "", `${help}.`, "", ...moreOf(name)]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function moreOf(name: string): string[] {
  if (name === deliveryDuration.name) return [`Buckets in seconds: ${deliveryDuration.bounds.join(", ")}.`, ""];
  if (name !== "relay_messages_lost_total") return [];
  return [...lossReasons.map((reason) => `- \`${reason}\`: ${meaningOfLoss[reason]}`), ""];
}
