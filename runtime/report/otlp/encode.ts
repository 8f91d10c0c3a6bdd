import { deliveryDuration, families } from "../metrics/families.ts";
import type { Labels, Moment } from "../metrics/family.ts";

/** When the counters started and were read, in nanoseconds since 1970, as OTLP's JSON writes it. */
export interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/** A metric of the process itself, as prom-client has it. */
export interface ProcessMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, unknown>> }[];
}

/** Totals since the start, as the exposition has them. @see OTLP, AggregationTemporality */
const cumulative = 2;
const scope = "mqtt-dataflow";

/**
 * Writes an ExportMetricsServiceRequest as JSON, in pieces of one metric each, so that whoever sends it can let messages
 * through between two. Names and numbers are those of the exposition.
 * @see OTLP 1.x, JSON protobuf encoding
 */
export function* encodeMetrics(
  moment: Moment,
  process: readonly ProcessMetric[],
  resource: Readonly<Record<string, string>>,
  times: Times,
): Generator<string> {
  yield `{"resourceMetrics":[{"resource":{"attributes":${encodeAttributes(Object.entries(resource))}},"scopeMetrics":[{"scope":{"name":"${scope}"},"metrics":[`;
  for (const { name, help, type, unit, read } of families) {
    const points = read(moment).map(([{ pairs }, value]) => encodeNumber(pairs, value, times));
    if (points.length > 0) yield `${encodeMetric({ name, help, unit }, type, points)},`;
  }
  for (const { name, help, type, values } of process) {
    if (type !== "counter" && type !== "gauge") continue;
    const points = values.map(({ labels, value }) =>
      encodeNumber(
        Object.entries(labels).map(([label, of]) => [label, String(of)]),
        value,
        times,
      ),
    );
    if (points.length > 0) yield `${encodeMetric({ name, help, unit: unitOf(name) }, type, points)},`;
  }
  const histograms = deliveryDuration.read(moment).map((one) => encodeHistogram(one, times));
  yield `${encodeMetric(deliveryDuration, "histogram", histograms)}]}]}]}`;
}

function encodeMetric(
  { name, help, unit }: { readonly name: string; readonly help: string; readonly unit: string },
  type: "counter" | "gauge" | "histogram",
  points: readonly string[],
): string {
  const text = `{"name":${JSON.stringify(name)},"description":${JSON.stringify(help)},"unit":${JSON.stringify(unit)}`;
  const dataPoints = `"dataPoints":[${points.join(",")}]`;
  switch (type) {
    case "counter":
      return `${text},"sum":{${dataPoints},"aggregationTemporality":${cumulative},"isMonotonic":true}}`;
    case "gauge":
      return `${text},"gauge":{${dataPoints}}}`;
    case "histogram":
      return `${text},"histogram":{${dataPoints},"aggregationTemporality":${cumulative}}}`;
  }
}

function encodeNumber(pairs: Labels["pairs"], value: number, times: Times): string {
  return `{"attributes":${encodeAttributes(pairs)},${encodeTimes(times)},"asDouble":${encodeDouble(value)}}`;
}

function encodeHistogram(
  { labels, counts, sum }: { readonly labels: Labels; readonly counts: readonly number[]; readonly sum: number },
  times: Times,
): string {
  const count = counts.reduce((total, one) => total + one, 0);
  const buckets = `"count":"${count}","sum":${sum},"bucketCounts":[${counts.map((one) => `"${one}"`).join(",")}]`;
  const bounds = `"explicitBounds":[${deliveryDuration.bounds.join(",")}]`;
  return `{"attributes":${encodeAttributes(labels.pairs)},${encodeTimes(times)},${buckets},${bounds}}`;
}

function encodeTimes({ startTimeUnixNano, timeUnixNano }: Times): string {
  return `"startTimeUnixNano":"${startTimeUnixNano}","timeUnixNano":"${timeUnixNano}"`;
}

function encodeAttributes(pairs: Labels["pairs"]): string {
  const attributes = pairs.map(
    ([name, value]) => `{"key":${JSON.stringify(name)},"value":{"stringValue":${JSON.stringify(value)}}}`,
  );
  return `[${attributes.join(",")}]`;
}

/** JSON has no such numbers; protobuf's JSON writes them as texts. */
function encodeDouble(value: number): string {
  return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
}

/** The unit that a name of prom-client ends with. */
function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return "s";
  return /_bytes(_total)?$/.test(name) ? "By" : "1";
}
