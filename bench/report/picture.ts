import { fewestRounds, type MedianInterval } from "../measure/statistics.ts";
import { peerNames } from "../peers/peer.ts";
import type { FigureName } from "../scenarios/scenario.ts";
import { limits } from "./bars.ts";
import { formatNumber } from "./numbers.ts";
import { candidateTitle, intervalOf, ratioOf, type RunRecord } from "./run-record.ts";

/** One bar of a panel. */
interface Row {
  readonly label: string;
  readonly value: MedianInterval;
  readonly isOurs: boolean;
  /** A limit to draw across the row. */
  readonly limit?: number;
}

interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly rows: readonly Row[];
}

/** Lengths in pixels. */
const size = { width: 960, margin: 24, gap: 32, heading: 58, row: 26, label: 134, value: 62, bar: 14, panelHead: 50 };
const columns = 2;
const panelWidth = (size.width - 2 * size.margin - (columns - 1) * size.gap) / columns;
const plotWidth = panelWidth - size.label - size.value;

/** Colours on a light and on a dark page. Spelled out for each class: many viewers know no variables. */
const palettes = {
  light: { ground: "#ffffff", text: "#1f2328", soft: "#59636e", ours: "#0969da", other: "#9aa2ab", limit: "#bc4c00" },
  dark: { ground: "#0d1117", text: "#f0f6fc", soft: "#9198a1", ours: "#4493f8", other: "#59626d", limit: "#f0883e" },
};

function colours({ ground, text, soft, ours, other, limit }: (typeof palettes)["light"]): string {
  return [
    `.ground { fill: ${ground} }`,
    `text { fill: ${text} }`,
    `.soft { fill: ${soft} }`,
    `.ours { fill: ${ours} }`,
    `.other { fill: ${other} }`,
    `.whisker { stroke: ${text} }`,
    `.limit { stroke: ${limit} }`,
  ].join(" ");
}

const style = `
  text { font: 13px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
  .heading { font-size: 18px; font-weight: 600; }
  .title { font-size: 14px; font-weight: 600; }
  .soft { font-size: 12px; }
  .strong { font-weight: 600; }
  .whisker { stroke-width: 1.5; }
  .limit { stroke-width: 2; }
  ${colours(palettes.light)}
  @media (prefers-color-scheme: dark) { ${colours(palettes.dark)} }
`;

/** Draws a run as an SVG of its own that follows the reader's choice of a light or dark page. */
export function drawPicture(record: RunRecord): string {
  const panels = buildPanels(record).filter(({ rows }) => rows.length > 0);
  const pairs = Array.from({ length: Math.ceil(panels.length / columns) }, (_, index) =>
    panels.slice(index * columns, (index + 1) * columns),
  );
  let top = size.margin + size.heading;
  const drawn: string[] = [];
  for (const pair of pairs) {
    pair.forEach((panel, column) => {
      drawn.push(drawPanel(panel, size.margin + column * (panelWidth + size.gap), top));
    });
    top += size.panelHead + Math.max(...pair.map(({ rows }) => rows.length)) * size.row + size.gap;
  }
  const subtitle = `${record.machine.processor}, ${record.machine.cores} cores · ${record.startedAt.slice(0, 10)} · ${record.size.rounds} rounds · bars: medians, lines: ${record.size.rounds < fewestRounds ? "ranges" : "95 % intervals"}, orange: limits`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${top}" width="${size.width}" height="${top}" role="img" aria-label="Benchmark of MQTT bridges">`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${size.width}" height="${top}" rx="6"/>`,
    text(size.margin, size.margin + 16, "MQTT bridges between two mosquitto brokers", "heading"),
    text(size.margin, size.margin + 38, subtitle, "soft"),
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function buildPanels(record: RunRecord): Panel[] {
  const panel = (title: string, subtitle: string, scenario: string, figure: FigureName, limit?: number): Panel => ({
    title,
    subtitle,
    rows: peerNames.flatMap((name) => {
      const value = intervalOf(record, scenario, name, figure);
      if (value === undefined) return [];
      const isOurs = name === "relay";
      return [
        { label: candidateTitle(record, name), value, isOurs, ...(isOurs && limit !== undefined ? { limit } : {}) },
      ];
    }),
  });
  return [
    panel("CPU per message, µs", "128 bytes, QoS 1, no TLS, at saturation; less is better", "qos1", "cpuMicroseconds"),
    panel("Messages a second", "128 bytes, QoS 1, no TLS; more is better", "qos1", "perSecond"),
    panel(
      "Added latency p50, ms",
      "at 1,000 messages a second; less is better",
      "latency",
      "latencyP50Ms",
      limits.latencyP50Ms,
    ),
    panel("Added latency p99, ms", "at 1,000 messages a second; less is better", "latency", "latencyP99Ms"),
    panel(
      "Resident memory, MB",
      "at saturation; less is better",
      "qos1",
      "residentMegabytes",
      limits.residentMegabytes,
    ),
    {
      title: "CPU of this relay, share of plain mqtt.js",
      subtitle: "at saturation; less is better",
      rows: shares.flatMap(([scenario, label, limit]) => {
        const value = ratioOf(record, scenario, ["relay", "plain-mqttjs"], "cpuMicroseconds");
        return value === undefined ? [] : [{ label, value, isOurs: true, ...(limit === undefined ? {} : { limit }) }];
      }),
    },
  ];
}

const shares: readonly (readonly [scenario: string, label: string, limit?: number])[] = [
  ["qos1", "128 B", limits.cpuShare],
  ["tls", "128 B, TLS", limits.tlsCpuShare],
  ["enriched", "CloudEvents", limits.enrichedCpuShare],
  ["qos0", "128 B, QoS 0"],
  ["size-1k", "1 KB"],
  ["size-64k", "64 KB"],
  ["size-500k", "500 KB"],
];

function drawPanel({ title, subtitle, rows }: Panel, left: number, top: number): string {
  const most = Math.max(...rows.flatMap(({ value, limit }) => [value.high, limit ?? 0]));
  const scale = most === 0 ? 0 : plotWidth / most;
  return [
    text(left, top + 14, title, "title"),
    text(left, top + 31, subtitle, "soft"),
    ...rows.map((row, index) => drawRow(row, left, top + size.panelHead + index * size.row, scale)),
  ].join("\n");
}

function drawRow({ label, value, isOurs, limit }: Row, left: number, top: number, scale: number): string {
  const start = left + size.label;
  const middle = top + size.bar / 2;
  const at = (figure: number) => (start + Math.max(0, figure) * scale).toFixed(1);
  const strong = isOurs ? "strong" : "";
  const parts = [
    text(left, middle + 4.5, label, strong),
    `<rect class="${isOurs ? "ours" : "other"}" x="${start}" y="${top}" width="${(Math.max(0, value.median) * scale).toFixed(1)}" height="${size.bar}" rx="2"/>`,
    `<line class="whisker" x1="${at(value.low)}" x2="${at(value.high)}" y1="${middle}" y2="${middle}"/>`,
    ...[value.low, value.high].map(
      (end) => `<line class="whisker" x1="${at(end)}" x2="${at(end)}" y1="${middle - 4}" y2="${middle + 4}"/>`,
    ),
    ...(limit === undefined
      ? []
      : [`<line class="limit" x1="${at(limit)}" x2="${at(limit)}" y1="${top - 4}" y2="${top + size.bar + 4}"/>`]),
    text(start + plotWidth + size.value, middle + 4.5, formatNumber(value.median), strong, "end"),
  ];
  return parts.join("\n");
}

function text(x: number, y: number, content: string, className: string, anchor?: "end"): string {
  const end = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  const named = className === "" ? "" : ` class="${className}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${named}${end}>${escapeXml(content)}</text>`;
}

function escapeXml(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
