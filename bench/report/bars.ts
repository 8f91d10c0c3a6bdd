import type { MedianInterval } from "../measure/statistics.ts";
import { isBridge, peerNames } from "../peers/peer.ts";
import { manyDataflows, oneDataflow } from "../scenarios/fan-out.ts";
import { freshSession, keptSession } from "../scenarios/kept-session.ts";
import type { FigureName } from "../scenarios/scenario.ts";
import { intervalOf, ratioOf, type RunRecord } from "./run-record.ts";

/** What the relay has set itself. */
export interface Bar {
  readonly text: string;
  readonly limit: number;
  readonly kind: "at most" | "at least" | "above";
  readonly unit: "" | "ms" | "s" | "MB" | "% of a core";
  readonly measure: (record: RunRecord) => MedianInterval | undefined;
}

/** A bar, and how a run stands to it. */
export interface JudgedBar {
  readonly bar: Bar;
  readonly measured: MedianInterval | undefined;
  /** By the median; "close" when the interval lies on both sides of the limit. */
  readonly verdict: "pass" | "fail" | "not measured";
  readonly isClose: boolean;
}

/** Limits that the picture draws too. CPU time is a share of plain mqtt.js's. */
export const limits = {
  cpuShare: 1 / 4,
  tlsCpuShare: 1 / 4,
  enrichedCpuShare: 1 / 5,
  latencyP50Ms: 0.6,
  idleMegabytes: 40,
  residentMegabytes: 90,
} as const;

type Measure = Bar["measure"];

/** A figure of one candidate over that of another, round by round; the relay's over mosquitto's bridge where nothing else is said. */
function ratio(
  scenario: string,
  figure: FigureName,
  candidates: readonly [string, string] = ["relay", "mosquitto"],
): Measure {
  return (record) => ratioOf(record, scenario, candidates, figure);
}

function figureOf(scenario: string, figure: FigureName, candidate = "relay"): Measure {
  return (record) => intervalOf(record, scenario, candidate, figure);
}

function cpuShare(scenario: string): Measure {
  return ratio(scenario, "cpuMicroseconds", ["relay", "plain-mqttjs"]);
}

/** The ratio to the fastest of the other peers. */
function throughputToOthers(record: RunRecord): MedianInterval | undefined {
  const ratios = peerNames
    .filter((name) => isBridge(name) && name !== "relay" && name !== "mosquitto")
    .map((name) => ratioOf(record, "qos1", ["relay", name], "perSecond"))
    .filter((each) => each !== undefined);
  return ratios.sort((a, b) => a.median - b.median)[0];
}

type Row = readonly [text: string, kind: Bar["kind"], limit: number, unit: Bar["unit"], measure: Measure];

const rows: readonly Row[] = [
  ["CPU per message at saturation, share of plain mqtt.js", "at most", limits.cpuShare, "", cpuShare("qos1")],
  ["the same with TLS", "at most", limits.tlsCpuShare, "", cpuShare("tls")],
  [
    "the same with four user properties, CloudEvents CreateOrRemap and a topic template",
    "at most",
    limits.enrichedCpuShare,
    "",
    cpuShare("enriched"),
  ],
  ["Throughput, ratio to mosquitto's bridge", "at least", 0.95, "", ratio("qos1", "perSecond")],
  ["Throughput, ratio to the fastest other peer", "above", 1, "", throughputToOthers],
  ...[
    { scenario: "size-64k", size: "64 KB" },
    { scenario: "size-500k", size: "500 KB" },
  ].flatMap(({ scenario, size }): Row[] => [
    [`CPU per message of ${size}, ratio to mosquitto's bridge`, "at most", 1, "", ratio(scenario, "cpuMicroseconds")],
    [
      `Throughput with messages of ${size}, ratio to mosquitto's bridge`,
      "at least",
      1,
      "",
      ratio(scenario, "perSecond"),
    ],
  ]),
  ...[
    { scenario: "latency", rate: "1,000" },
    { scenario: "latency-100", rate: "100" },
  ].map(({ scenario, rate }): Row => [
    `CPU per message at ${rate} messages a second, ratio to mosquitto's bridge`,
    "at most",
    1,
    "",
    ratio(scenario, "cpuMicroseconds"),
  ]),
  [
    "Added latency at 1,000 messages a second, p50",
    "at most",
    limits.latencyP50Ms,
    "ms",
    figureOf("latency", "latencyP50Ms"),
  ],
  [
    "Added latency at 1,000 messages a second, p99, ratio to mosquitto's bridge",
    "at most",
    1,
    "",
    ratio("latency", "latencyP99Ms"),
  ],
  ["CPU while idle, 10 dataflows", "at most", 0.1, "% of a core", figureOf("idle", "corePercent")],
  [
    "Resident memory while idle, one dataflow",
    "at most",
    limits.idleMegabytes,
    "MB",
    figureOf("idle", "residentMegabytes", oneDataflow),
  ],
  [
    "the part of it that the kernel can't take back: Kubernetes counts it, and little more",
    "at most",
    limits.idleMegabytes,
    "MB",
    figureOf("idle", "anonymousMegabytes", oneDataflow),
  ],
  ["Resident memory at saturation", "at most", limits.residentMegabytes, "MB", figureOf("qos1", "residentMegabytes")],
  [
    "Growth of resident memory while the destination is stalled",
    "at most",
    10,
    "MB",
    figureOf("stall", "growthMegabytes"),
  ],
  [
    "Payload held while the destination is stalled, messages of 500 KB",
    "at most",
    16,
    "MB",
    figureOf("stall-500k", "heldMegabytes"),
  ],
  [
    "CPU per message of 200 dataflows, ratio to one dataflow at the same load",
    "at most",
    1.5,
    "",
    ratio("fan-out", "cpuMicroseconds", [manyDataflows, oneDataflow]),
  ],
  ["Resident memory of 200 dataflows", "at most", 130, "MB", figureOf("fan-out", "residentMegabytes", manyDataflows)],
  ["1,000 dataflows on one relay: start to ready", "at most", 30, "s", figureOf("both-ways", "readySeconds")],
  ["1,000 dataflows on one relay: resident memory", "at most", 400, "MB", figureOf("both-ways", "residentMegabytes")],
  [
    "CPU per message in a session that was kept over a restart, 10 filters, ratio to a fresh one",
    "at most",
    1.1,
    "",
    ratio("kept-session", "cpuMicroseconds", [keptSession, freshSession]),
  ],
];

export const bars: readonly Bar[] = rows.map(([text, kind, limit, unit, measure]) => ({
  text,
  kind,
  limit,
  unit,
  measure,
}));

/** Holds a run against every bar. */
export function judgeBars(record: RunRecord): JudgedBar[] {
  return bars.map((bar) => {
    const measured = bar.measure(record);
    if (measured === undefined) return { bar, measured, verdict: "not measured", isClose: false };
    const verdict = isMet(bar, measured.median) ? "pass" : "fail";
    return { bar, measured, verdict, isClose: isMet(bar, measured.low) !== isMet(bar, measured.high) };
  });
}

function isMet({ kind, limit }: Bar, value: number): boolean {
  switch (kind) {
    case "at most":
      return value <= limit;
    case "at least":
      return value >= limit;
    case "above":
      return value > limit;
  }
}
