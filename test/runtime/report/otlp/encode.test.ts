import { Counters } from "../../../../runtime/report/counters.ts";
import { takeMoment } from "../../../../runtime/report/metrics/family.ts";
import { createMetrics } from "../../../../runtime/report/metrics.ts";
import { encodeMetrics } from "../../../../runtime/report/otlp/encode.ts";
import type { Relay } from "../../../../runtime/relay.ts";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface Point {
  readonly attributes: readonly Attribute[];
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

type Data = { readonly dataPoints: readonly Point[]; readonly isMonotonic?: boolean } | undefined;

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: Data;
  readonly gauge?: Data;
  readonly histogram?: Data;
}

interface Body {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

const status: Relay["dataflows"][number]["status"] = {
  source: { kind: "up" },
  destination: { kind: "down", reason: "it broke" },
  failure: undefined,
  rejection: undefined,
  inFlight: 3,
  waiting: 5,
  memory: { heldBytes: 640, shareBytes: 16_777_216 },
  unsafe: { messages: 0, onlyHere: 0 },
  unconfirmed: 0,
  oldestSeconds: 4,
  idleSeconds: { source: 11, destination: 12 },
  spooled: { messages: 7, bytes: 700, takenBytes: 900, limitBytes: 1000 },
  subscriptionProblems: [],
  diskProblems: [],
  isSpoolGrowing: false,
  stalls: { source: 0, destination: 0 },
};

const times = { startTimeUnixNano: "1000000000", timeUnixNano: "2000000000" };

function createRelay(): Relay {
  const counters = new Counters();
  counters.received = 17;
  counters.lost.expired = 2;
  for (const seconds of [0.0005, 0.03, 120]) counters.observeLatency(seconds);
  const end = { kind: "ca_certificate", name: 'plant "CA"\n', endsAtMs: 1_000_500 };
  const dataflows = ["up", "down"].map((name) => ({ name, counters, status }));
  const credentialEnds = [{ endpoint: "edge", end }];
  return { dataflows, unattended: [], spoolFilesAside: 1, credentialEnds } as unknown as Relay;
}

/** Series as the exposition writes them, without a comma in a label's value. */
function seriesOf({ name, sum, gauge, histogram }: Metric): [series: string, value: number][] {
  return (sum ?? gauge ?? histogram)!.dataPoints.flatMap((point): [string, number][] => {
    const labels = point.attributes.map(({ key, value }) => `${key}=${JSON.stringify(value.stringValue)}`).join(",");
    const series = (suffix: string, more = "") => {
      const all = [labels, more].filter((one) => one !== "").join(",");
      return `${name}${suffix}${all === "" ? "" : `{${all}}`}`;
    };
    if (point.asDouble !== undefined) return [[series(""), point.asDouble]];
    let below = 0;
    const buckets = point.bucketCounts!.map((count, index): [string, number] => {
      below += Number(count);
      return [series("_bucket", `le="${point.explicitBounds![index] ?? "+Inf"}"`), below];
    });
    return [...buckets, [series("_sum"), point.sum!], [series("_count"), Number(point.count)]];
  });
}

async function encode(relay: Relay): Promise<Body> {
  const processMetrics = await createMetrics(relay).readProcess();
  const pieces = encodeMetrics(takeMoment(relay), processMetrics, { "service.name": "relay" }, times);
  return JSON.parse([...pieces].join("")) as Body;
}

describe("encodeMetrics", () => {
  test("has the names, labels and numbers of the exposition", async () => {
    const relay = createRelay();

    const [{ resource, scopeMetrics } = { resource: undefined, scopeMetrics: [] }] = (await encode(relay))
      .resourceMetrics;

    const exported = scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(seriesOf));
    const lines = (await createMetrics(relay).render()).split("\n").filter((line) => line.startsWith("relay_"));
    const exposed = lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]);
    expect(exported.filter(([series]) => series.startsWith("relay_"))).toEqual(expect.arrayContaining(exposed));
    expect(exported.filter(([series]) => series.startsWith("relay_"))).toHaveLength(exposed.length);
    expect(resource?.attributes).toEqual([{ key: "service.name", value: { stringValue: "relay" } }]);
  });

  test("says of each metric its unit, and of counters that they only grow", async () => {
    const [first] = (await encode(createRelay())).resourceMetrics;
    const metrics = new Map(first!.scopeMetrics[0]!.metrics.map((metric) => [metric.name, metric]));

    expect(metrics.get("relay_messages_received_total")).toMatchObject({
      unit: "{message}",
      sum: { isMonotonic: true, aggregationTemporality: 2 },
    });
    expect(metrics.get("relay_spool_bytes")).toMatchObject({ unit: "By", gauge: {} });
    expect(metrics.get("process_resident_memory_bytes")).toMatchObject({ unit: "By", gauge: {} });
    expect(metrics.get("process_cpu_seconds_total")).toMatchObject({ unit: "s", sum: {} });
    expect(metrics.get("relay_delivery_duration_seconds")).toMatchObject({ unit: "s", histogram: {} });
  });

  test("comes in a piece for each metric, so that messages are let through between two", async () => {
    const relay = createRelay();

    expect([...encodeMetrics(takeMoment(relay), [], {}, times)].length).toBeGreaterThan(30);
  });
});
