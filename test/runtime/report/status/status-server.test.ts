import { request } from "node:http";

import * as v from "valibot";

import { statusSchema, type StatusDocument } from "../../../../runtime/contract/status/schema.ts";
import { createLog } from "../../../../runtime/report/log.ts";
import type { PageServer } from "../../../../runtime/report/page-server.ts";
import { EventRecorder } from "../../../../runtime/report/status/event-recorder.ts";
import { startStatusServer } from "../../../../runtime/report/status/status-server.ts";
import { Relay } from "../../../../runtime/relay.ts";
import { patientMs, until as untilFound } from "../../../support/patience.ts";
import { buildDocument, parseDocument } from "../../contract/config/build-document.ts";
import { ScriptedListener, settle } from "../../mqtt/scripted-broker.ts";
import { openStream } from "./event-source.ts";
import { nowhere } from "../../../support/relay-config.ts";

interface Bench {
  readonly relay: Relay;
  readonly server: PageServer;
  readonly source: ScriptedListener;
  readonly destination: ScriptedListener;
  readonly running: Promise<boolean>;
}

let bench: Bench | undefined;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  await untilFound("what the test waits for", async () => ((await holds()) ? true : undefined));
}

afterEach(async () => {
  if (bench === undefined) return;
  const { relay, server, source, destination, running } = bench;
  server.close();
  source.close();
  destination.close();
  await relay.stop();
  await running;
  bench = undefined;
});

/** A relay between two scripted brokers, and its status page. */
async function start(relayFields: object = {}): Promise<Bench> {
  const source = await ScriptedListener.open();
  const destination = await ScriptedListener.open();
  const settings = (host: string) => ({ host, authentication: { method: "Anonymous" }, tls: { mode: "Disabled" } });
  const { config } = parseDocument(
    buildDocument({
      "endpoints.edge.mqttSettings": settings(source.host),
      "endpoints.cloud.mqttSettings": settings(destination.host),
      relay: {
        site: "oslo",
        reconnect: { minDelayMs: 10, maxDelayMs: 10 },
        drainTimeoutSeconds: 1,
        ...relayFields,
      },
    }),
  );
  const recorder = new EventRecorder();
  const log = createLog("info", { write: () => undefined }, recorder.record.bind(recorder));
  const relay = new Relay(config, { ordinal: 0, log, spoolPath: nowhere });
  const loadHtml = async () => "<style>p{}</style><script>1</script>";
  const server = await startStatusServer({ port: 0, relay, recorder, log, limitBytes: 1e9, loadHtml });
  bench = { relay, server, source, destination, running: relay.run() };
  return bench;
}

async function connectBoth({ relay, source, destination }: Bench) {
  const cloud = await destination.next();
  await cloud.accept({ properties: { receiveMaximum: 7, maximumPacketSize: 1000 } });
  const edge = await source.next();
  await edge.accept();
  await edge.grant();
  while (!relay.readiness.isReady) await settle();
  return { cloud, edge };
}

async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
  // fetch() sets Host itself.
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port: bench?.server.port, path, method, headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asking.on("error", reject);
    asking.end();
  });
}

async function readStatus(): Promise<StatusDocument> {
  const { text } = await ask("/api/status");
  return v.parse(statusSchema, JSON.parse(text));
}

describe("/api/status", () => {
  test("says what its schema has: who the relay is, its endpoints and its dataflows", async () => {
    await connectBoth(await start());

    const status = await readStatus();

    expect(status).toMatchObject({ version: 1, state: "ok", reasons: [], tap: "Off" });
    expect(status.relay).toMatchObject({ site: "oslo", instance: 0, limitBytes: 1e9 });
    expect(status.endpoints.map(({ name }) => name)).toEqual(["edge", "cloud", "plant"]);
    expect(status.dataflows[0]).toMatchObject({
      name: "upward",
      state: "ok",
      filters: ["plant/+/telemetry"],
      destinationTopic: "oslo",
      destination: {
        endpoint: "cloud",
        state: "up",
        limits: { receiveMaximum: 7, maximumPacketBytes: 1000, sessionExpirySeconds: null },
      },
      window: 7,
      lastError: null,
    });
    expect(Date.parse(status.dataflows[0]?.source.since ?? "")).toBeLessThanOrEqual(Date.now());
  });

  test("counts what crosses", async () => {
    const { cloud, edge } = await connectBoth(await start());
    const packet = { cmd: "publish", qos: 1, dup: false, retain: false, topic: "plant/a/telemetry" } as const;
    edge.send({ ...packet, messageId: 1, payload: "x" }, { ...packet, messageId: 2, payload: "y" });
    const { messageId = 0 } = await cloud.next("publish");
    await cloud.next("publish");
    expect((await readStatus()).dataflows[0]).toMatchObject({ received: 2, delivered: 0, inFlight: 2 });

    cloud.send({ cmd: "puback", messageId, reasonCode: 0 });
    await edge.next("puback");

    expect((await readStatus()).dataflows[0]).toMatchObject({ received: 2, delivered: 1, inFlight: 1 });
  });

  test("gives the reasons of a dataflow that is not up, and its last error with what to do", async () => {
    const { destination } = await start();
    await (await destination.next()).accept({ reasonCode: 0x87 });
    await until(async () => Boolean((await readStatus()).dataflows[0]?.lastError));

    const { state, reasons, dataflows } = await readStatus();

    expect(state).toBe("attention");
    expect(reasons).toContainEqual(expect.stringMatching(/^upward: destination is down, .*0x87 Not authorized/));
    expect(dataflows[0]?.lastError).toMatchObject({ event: "connection-failed", isOver: false });
    expect(dataflows[0]?.lastError?.remedy).toBeTruthy();
    expect(dataflows[0]?.destination).toMatchObject({ state: "down", reasonCode: 0x87, limits: null });
  });

  test("says that a dataflow has stopped for good", async () => {
    const { cloud, edge } = await connectBoth(await start());
    edge.send({
      cmd: "publish",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
      topic: "plant/a/telemetry",
      payload: "x",
    });
    const { messageId = 0 } = await cloud.next("publish");
    cloud.send({ cmd: "puback", messageId, reasonCode: 0x90 });
    await until(async () => (await readStatus()).state === "failed");

    const { dataflows } = await readStatus();

    expect(dataflows[0]).toMatchObject({ state: "failed", lastError: { event: "dataflow-stopped", isOver: false } });
  });

  test("has no secret and no name of a user in it", async () => {
    await start({ proxy: { url: "http://proxy.example:3128", secretRef: "proxy" } });

    const { endpoints } = await readStatus();

    expect(endpoints.map(({ proxy }) => proxy)).toEqual(Array.from({ length: 3 }, () => "http://proxy.example:3128"));
  });
});

describe("every answer", () => {
  test.each(["/", "/api/status", "/api/history", "/nothing"])("to %s forbids other pages to have it", async (path) => {
    await start();

    const { headers } = await ask(path);

    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("is refused to another host name than this machine's, and to other pages", async () => {
    await start();

    expect((await ask("/api/status", { Host: "relay.example" })).status).toBe(421);
    expect((await ask("/", { Host: "relay.example" })).status).toBe(421);
    expect((await ask("/api/status", { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("is refused to %s", async (method) => {
    await start();

    expect((await ask("/api/status", {}, method)).status).toBe(405);
  });
});

test("the page runs the scripts and styles that are in it and no other", async () => {
  await start();

  const { headers, text } = await ask("/");

  expect(text).toContain("<script>1</script>");
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']{44}'; style-src 'sha256-[^']{44}'; connect-src 'self'; /,
  );
  expect(headers["content-security-policy"]).not.toContain("unsafe");
});

test("/api/history has the last minutes of all dataflows or of one", async () => {
  await start();

  expect(JSON.parse((await ask("/api/history?dataflow=upward")).text)).toMatchObject({
    version: 1,
    dataflow: "upward",
    stepSeconds: 5,
    waiting: [],
  });
  expect(JSON.parse((await ask("/api/history")).text)).toMatchObject({ dataflow: null });
  expect(await ask("/api/history?dataflow=other")).toMatchObject({ status: 404 });
});

describe("/api/events", () => {
  test("tells what has happened so far and what happens, and the state", async () => {
    const running = await start();
    const stream = await openStream(running.server.port, "/api/events");
    await until(() => stream.events.some(({ name }) => name === "status"));
    await connectBoth(running);

    await until(() => stream.events.filter(({ data }) => data.includes('"name":"connected"')).length === 2);

    const connected = stream.events.find(({ data }) => data.includes('"name":"connected"'));
    expect(JSON.parse(connected?.data ?? "")).toMatchObject({
      name: "connected",
      dataflow: "upward",
      side: "destination",
    });
    await until(() => stream.events.some(({ name, data }) => name === "status" && data.includes('"state":"ok"')));
    const last = stream.events.findLast(({ name }) => name === "status");
    expect(v.parse(statusSchema, JSON.parse(last?.data ?? ""))).toMatchObject({ dataflows: [{ name: "upward" }] });
  });

  test("does not repeat to a reader that comes back what he has seen", async () => {
    await connectBoth(await start());
    const first = await openStream(bench?.server.port ?? 0, "/api/events");
    await until(() => first.events.some(({ name }) => name === "status"));
    const seen = first.events.filter(({ name }) => name === "event").length;
    first.close();

    const second = await openStream(bench?.server.port ?? 0, "/api/events", { "Last-Event-ID": String(seen - 1) });
    await until(() => second.events.some(({ name }) => name === "status"));

    expect(seen).toBeGreaterThan(1);
    expect(second.events.filter(({ name }) => name === "event")).toHaveLength(1);
  });

  test("is for eight readers, and for another one once one of them has left", async () => {
    const { server } = await start();
    const streams = await Promise.all(Array.from({ length: 8 }, () => openStream(server.port, "/api/events")));

    expect((await ask("/api/events")).status).toBe(503);

    streams[0]?.close();
    await until(() => server.connections < 8);
    const another = await openStream(server.port, "/api/events");
    await until(() => another.events.length > 0);
  });

  test("ends when the relay does", async () => {
    const { server } = await start();
    const stream = await openStream(server.port, "/api/events");
    await until(() => stream.events.length > 0);

    server.close();

    await stream.closed;
  });
});

describe("/api/tap", () => {
  const message = {
    cmd: "publish",
    qos: 1,
    dup: false,
    retain: false,
    topic: "plant/a/telemetry",
    payload: "secret recipe",
  } as const;

  async function tapped(relayFields: object, query: string) {
    const running = await start(relayFields);
    const { edge } = await connectBoth(running);
    const stream = await openStream(running.server.port, `/api/tap?${query}`);
    await until(() => running.relay.dataflows[0]?.tap.wantsOne === true);
    edge.send({ ...message, messageId: 1 });
    await until(() => stream.events.length > 0);
    return { stream, running, sample: JSON.parse(stream.events[0]?.data ?? "") as Record<string, unknown> };
  }

  test("is off unless the configuration allows it", async () => {
    await start();

    const { status, text } = await ask("/api/tap?dataflow=upward");

    expect(status).toBe(403);
    expect(text).toContain("relay.statusPage.tap");
  });

  test("shows topics, and no payload where only those are allowed", async () => {
    const { sample } = await tapped({ statusPage: { tap: "Metadata" } }, "dataflow=upward");

    expect(sample).toMatchObject({
      dataflow: "upward",
      source: { topic: "plant/a/telemetry" },
      destination: { topic: "oslo" },
      payloadBytes: 13,
    });
    expect(JSON.stringify(sample)).not.toContain("recipe");
    expect((await ask("/api/tap?dataflow=upward&payload=1")).status).toBe(403);
  });

  test("shows payloads where they are allowed and asked for", async () => {
    const { sample } = await tapped({ statusPage: { tap: "Payload" } }, "dataflow=upward&payload=1");

    expect(sample).toMatchObject({ payload: { encoding: "utf8", content: "secret recipe", isWhole: true } });
  });

  test("shows no payload that is not asked for", async () => {
    const { sample } = await tapped({ statusPage: { tap: "Payload" } }, "dataflow=upward");

    expect(JSON.stringify(sample)).not.toContain("recipe");
  });

  test("costs messages nothing more once its reader has left", async () => {
    const { stream, running } = await tapped({ statusPage: { tap: "Payload" } }, "dataflow=upward");

    stream.close();

    await until(() => running.server.connections === 0);
    await new Promise((resolve) => setTimeout(resolve, patientMs(300)));
    expect(running.relay.dataflows[0]?.tap.wantsOne).toBe(false);
  });

  test("names the dataflow that there is none of", async () => {
    await start({ statusPage: { tap: "Payload" } });

    expect(await ask("/api/tap?dataflow=other")).toMatchObject({
      status: 404,
      text: 'there is no dataflow "other" that runs; give ?dataflow=NAME\n',
    });
  });
});
