import type { MedianInterval } from "../measure/statistics.ts";
import { peerNames } from "../peers/peer.ts";
import { manyDataflows, oneDataflow } from "../scenarios/fan-out.ts";
import { freshSession, keptSession } from "../scenarios/kept-session.ts";
import { intervalOf, ratioOf, type RunRecord } from "./run-record.ts";

/** What the relay has set itself. */
export interface Bar {
  readonly text: string;
  readonly limit: number;
  readonly kind: "at most" | "at least" | "above";
  readonly unit: "" | "ms" | "MB";
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

const relayToPlain = ["relay", "plain-mqttjs"] as const;

function cpuShare(scenario: string) {
  return (record: RunRecord) => ratioOf(record, scenario, relayToPlain, "cpuMicroseconds");
}

/** The ratio to the fastest of the other peers. */
function throughputToOthers(record: RunRecord): MedianInterval | undefined {
  const ratios = peerNames
    .filter((name) => name !== "relay" && name !== "mosquitto")
    .map((name) => ratioOf(record, "qos1", ["relay", name], "perSecond"))
    .filter((ratio) => ratio !== undefined);
  return ratios.sort((a, b) => a.median - b.median)[0];
}

export const bars: readonly Bar[] = [
  {
    text: "CPU per message at saturation, share of plain mqtt.js",
    limit: 1 / 4,
    kind: "at most",
    unit: "",
    measure: cpuShare("qos1"),
  },
  { text: "the same with TLS", limit: 1 / 3, kind: "at most", unit: "", measure: cpuShare("tls") },
  {
    text: "the same with four user properties, CloudEvents CreateOrRemap and a topic template",
    limit: 1 / 3,
    kind: "at most",
    unit: "",
    measure: cpuShare("enriched"),
  },
  {
    text: "Throughput, ratio to mosquitto's bridge",
    limit: 0.95,
    kind: "at least",
    unit: "",
    measure: (record) => ratioOf(record, "qos1", ["relay", "mosquitto"], "perSecond"),
  },
  {
    text: "Throughput, ratio to the fastest other peer",
    limit: 1,
    kind: "above",
    unit: "",
    measure: throughputToOthers,
  },
  {
    text: "Added latency at 1,000 messages a second, p50",
    limit: 0.6,
    kind: "at most",
    unit: "ms",
    measure: (record) => intervalOf(record, "latency", "relay", "latencyP50Ms"),
  },
  {
    text: "Added latency at 1,000 messages a second, p99, ratio to mosquitto's bridge",
    limit: 1.2,
    kind: "at most",
    unit: "",
    measure: (record) => ratioOf(record, "latency", ["relay", "mosquitto"], "latencyP99Ms"),
  },
  {
    text: "Resident memory at saturation",
    limit: 130,
    kind: "at most",
    unit: "MB",
    measure: (record) => intervalOf(record, "qos1", "relay", "residentMegabytes"),
  },
  {
    text: "Growth of resident memory while the destination is stalled",
    limit: 10,
    kind: "at most",
    unit: "MB",
    measure: (record) => intervalOf(record, "stall", "relay", "growthMegabytes"),
  },
  {
    text: "Payload held while the destination is stalled, messages of 500 KB",
    limit: 16,
    kind: "at most",
    unit: "MB",
    measure: (record) => intervalOf(record, "stall-500k", "relay", "heldMegabytes"),
  },
  {
    text: "CPU per message of many dataflows, ratio to one dataflow at the same load",
    limit: 2.5,
    kind: "at most",
    unit: "",
    measure: (record) => ratioOf(record, "fan-out", [manyDataflows, oneDataflow], "cpuMicroseconds"),
  },
  {
    text: "CPU per message in a session that was kept over a restart, 10 filters, ratio to a fresh one",
    limit: 1.15,
    kind: "at most",
    unit: "",
    measure: (record) => ratioOf(record, "kept-session", [keptSession, freshSession], "cpuMicroseconds"),
  },
];

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
