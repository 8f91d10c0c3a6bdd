import { Counters, latencyBoundsSeconds, lossReasons } from "../../../runtime/report/counters.ts";
import { createMetrics } from "../../../runtime/report/metrics.ts";
import type { Relay } from "../../../runtime/relay.ts";

type Dataflow = Relay["dataflows"][number];

/** A relay of which only its dataflows are looked at. */
function relayOf(...dataflows: Pick<Dataflow, "name" | "counters" | "status">[]): Relay {
  const unattended = [{ dataflow: "old", messages: 12, bytes: 120, oldestSeconds: 3 }];
  return { dataflows, unattended, credentialEnds: [], spoolFilesAside: 2 } as unknown as Relay;
}

const status: Dataflow["status"] = {
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
  diskProblems: ["spool is full"],
  isSpoolGrowing: true,
  stalls: { source: 0, destination: 0 },
};

/** The exposition's samples by name and labels: `relay_messages_received_total{dataflow="up"}`. */
async function samplesOf(relay: Relay): Promise<Map<string, number>> {
  const lines = (await createMetrics(relay).render()).split("\n");
  const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** Sets every number of an object, and of those in it, to another value; returns what it set. */
function numberAll(target: object, next = { value: 1000 }): number[] {
  return Object.entries(target).flatMap(([key, value]) => {
    if (typeof value === "object") return Array.isArray(value) ? [] : numberAll(value as object, next);
    (target as Record<string, number>)[key] = ++next.value;
    return [next.value];
  });
}

describe("createMetrics", () => {
  test("has a line for every counter of a dataflow", async () => {
    const counters = new Counters();
    const expected = numberAll(counters);

    const samples = await samplesOf(relayOf({ name: "up", counters, status }));

    expect(expected.length).toBeGreaterThanOrEqual(14);
    const values = [...samples].filter(([name]) => name.includes('dataflow="up"')).map(([, value]) => value);
    expect(expected.filter((value) => values.filter((one) => one === value).length !== 1)).toEqual([]);
  });

  test("says when each token and certificate ends, and leaves out what is no longer in use", async () => {
    const credentialEnds = [
      { endpoint: "cloud", end: { kind: "token", name: "token", endsAtMs: 1_300_000 } },
      { endpoint: "edge", end: { kind: "ca_certificate", name: "plant CA", endsAtMs: 990_000 } },
    ];
    const relay = { dataflows: [], unattended: [], credentialEnds, spoolFilesAside: 0 } as unknown as {
      credentialEnds: unknown[];
    };
    const metrics = createMetrics(relay as unknown as Relay);
    const series = async () =>
      (await metrics.render())
        .split("\n")
        .filter((line) => line.startsWith("relay_credential_expiry_timestamp_seconds{"));

    expect(await series()).toEqual([
      'relay_credential_expiry_timestamp_seconds{endpoint="cloud",kind="token",name="token"} 1300',
      'relay_credential_expiry_timestamp_seconds{endpoint="edge",kind="ca_certificate",name="plant CA"} 990',
    ]);
    credentialEnds.pop();
    expect(await series()).toHaveLength(1);
  });

  test.each([
    ['relay_messages_in_flight{dataflow="up"}', 3],
    ['relay_messages_waiting{dataflow="up"}', 5],
    ['relay_spool_messages{dataflow="up"}', 7],
    ['relay_spool_bytes{dataflow="up"}', 700],
    ['relay_spool_taken_bytes{dataflow="up"}', 900],
    ["relay_spool_files_aside", 2],
    ['relay_spool_healthy{dataflow="up"}', 0],
    ['relay_spool_growing{dataflow="up"}', 1],
    ['relay_spool_unattended_messages{dataflow="old"}', 12],
    ['relay_dataflow_stopped{dataflow="up"}', 0],
    ['relay_spool_limit_bytes{dataflow="up"}', 1000],
    ['relay_connection_up{dataflow="up",side="source"}', 1],
    ['relay_connection_up{dataflow="up",side="destination"}', 0],
  ])("says %s %d", async (name, value) => {
    const samples = await samplesOf(relayOf({ name: "up", counters: new Counters(), status }));

    expect(samples.get(name)).toBe(value);
  });

  test("says which dataflows have stopped for good, and no others", async () => {
    const samples = await samplesOf(
      relayOf(
        { name: "up", counters: new Counters(), status },
        { name: "over", counters: new Counters(), status: { ...status, failure: "the spool is damaged" } },
      ),
    );

    expect(samples.get('relay_dataflow_stopped{dataflow="up"}')).toBe(0);
    expect(samples.get('relay_dataflow_stopped{dataflow="over"}')).toBe(1);
  });

  test.each(lossReasons)("says how many were lost by %s, from 0 on", async (reason) => {
    const counters = new Counters();
    const metrics = () => samplesOf(relayOf({ name: "up", counters, status }));
    const name = `relay_messages_lost_total{dataflow="up",reason="${reason}"}`;
    expect((await metrics()).get(name)).toBe(0);

    counters.lost[reason] = 4;

    expect((await metrics()).get(name)).toBe(4);
  });

  test("says the values of the moment, however often it is asked", async () => {
    const counters = new Counters();
    const metrics = createMetrics(relayOf({ name: "up", counters, status }));
    counters.received = 2;
    await metrics.render();

    counters.received = 3;

    expect(await metrics.render()).toContain('relay_messages_received_total{dataflow="up"} 3\n');
  });

  test("asks a dataflow once for a page what it is doing, however many metrics the page has", async () => {
    let looks = 0;
    const dataflow = {
      name: "up",
      counters: new Counters(),
      get status() {
        looks++;
        return status;
      },
    };

    await createMetrics(relayOf(dataflow)).render();

    expect(looks).toBe(1);
  });

  test("pauses between its metrics, and its values are all of the moment before", async () => {
    const counters = new Counters();
    counters.received = 2;
    const pause = jest.fn(async () => {
      counters.received = 99;
      counters.latency[0] = 99;
      counters.lost.expired = 99;
      counters.disconnects.source = 99;
    });

    const text = await createMetrics(relayOf({ name: "up", counters, status })).render(pause);

    expect(pause.mock.calls.length).toBeGreaterThan(20);
    expect(text).toContain('relay_messages_received_total{dataflow="up"} 2\n');
    expect(text).not.toMatch(/\} 99$/m);
  });

  test("writes a label from outside so that it neither forges a line nor steers a terminal", async () => {
    const name = 'plant "CA"\\\n# forged\u001b[2J\u202e';
    const end = { kind: "ca_certificate", name, endsAtMs: Date.now() };
    const relay = { dataflows: [], unattended: [], credentialEnds: [{ endpoint: "edge", end }] } as unknown as Relay;

    const text = await createMetrics(relay).render();

    const label = String.raw`name="plant \"CA\"\\\\u000a# forged\\u001b[2J\\u202e"`;
    expect(text).toContain(
      `relay_credential_expiry_timestamp_seconds{endpoint="edge",kind="ca_certificate",${label}} `,
    );
  });

  test("tells dataflows apart", async () => {
    const [up, down] = [new Counters(), new Counters()];
    up.received = 1;
    down.received = 2;

    const samples = await samplesOf(
      relayOf({ name: "up", counters: up, status }, { name: "down", counters: down, status }),
    );

    expect(samples.get('relay_messages_received_total{dataflow="up"}')).toBe(1);
    expect(samples.get('relay_messages_received_total{dataflow="down"}')).toBe(2);
  });

  test("has a histogram of latency whose buckets add up", async () => {
    const counters = new Counters();
    for (const seconds of [0.0005, 0.03, 0.03, 120]) counters.observeLatency(seconds);

    const samples = await samplesOf(relayOf({ name: "up", counters, status }));

    const bucket = (bound: number | string) =>
      samples.get(`relay_delivery_duration_seconds_bucket{dataflow="up",le="${bound}"}`);
    expect([...latencyBoundsSeconds, "+Inf"].map(bucket)).toEqual([1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
    expect(samples.get('relay_delivery_duration_seconds_count{dataflow="up"}')).toBe(4);
    expect(samples.get('relay_delivery_duration_seconds_sum{dataflow="up"}')).toBeCloseTo(120.0605);
  });

  test("says of each of its own metrics what it is, and what kind", async () => {
    const text = await createMetrics(relayOf({ name: "up", counters: new Counters(), status })).render();
    const names = [...text.matchAll(/^(relay_[a-z0-9_]+?)(?:_bucket|_sum|_count)?\{/gm)].map(([, name]) => name);

    for (const name of new Set(names))
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\n# TYPE ${name} \\w+$`, "m"));
  });

  test("says how the process itself is", async () => {
    const samples = await samplesOf(relayOf());

    expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(0);
  });
});
