import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type CollectedMessage } from "../support/mqtt-clients.ts";
import { untilTrue } from "../support/patience.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { onBody } from "../support/request-body.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** A span, as it is in OTLP's JSON. */
interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links?: readonly { readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly object[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const servers: Server[] = [];

/** A collector's port for OTLP over HTTP, on loopback. */
async function startCollector() {
  const bodies: Body[] = [];
  const metrics: string[] = [];
  const server = createServer((request, response) => {
    onBody(request, (text) => {
      if (request.url === "/v1/traces") bodies.push(JSON.parse(text) as Body);
      else metrics.push(request.url ?? "");
      response.end("{}");
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const spans = () =>
    bodies.flatMap((body) => body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((s) => s.spans)));
  return { bodies, spans, metrics, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;
/** Spans come soon, and the last ones at the end. */
const tracing = { OTEL_TRACES_EXPORTER: "otlp", OTEL_BSP_SCHEDULE_DELAY: "50" };

const parentOf = ({ packet }: CollectedMessage) => packet.properties?.userProperties?.["traceparent"];

const attribute = (span: SentSpan | undefined, name: string) => span?.attributes.find(({ key }) => key === name)?.value;

describeWithPart("mosquitto", (executable) => {
  afterEach(async () => {
    await cleanUp();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function prepare(relay: NonNullable<Parameters<typeof buildDataflow>[2]>["relay"] = {}) {
    const folder = createTemporaryFolder("traces");
    const startBroker = (side: string) =>
      startMosquitto(executable, path.join(folder, side), { listeners: { mqtt: {} } });
    const [source, destination] = [await startBroker("source"), await startBroker("destination")];
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: { flow: buildDataflow(["source", ["in/#"]], ["destination", "out/${inputTopic}"], { relay }) },
    });
    const collector = await startCollector();
    const env = { ...tracing, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    return { folder, config, source, destination, collector, env, publisher };
  }

  test("a trace of the publisher goes on through the relay to the subscriber, and the collector gets the spans", async () => {
    const { folder, config, source, destination, collector, env, publisher } = await prepare();
    const arrivals = await collect("out/#", { port: destination.ports.mqtt });
    const relay = await startRelay({ folder, config, env: { ...env, OTEL_SERVICE_NAME: "oslo-relay" } });
    await relay.untilReady();

    const userProperties = { before: "1", traceparent, tracestate: "vendor=x", after: "2" };
    await publisher.publishAsync("in/a", "one", { qos: 1, properties: { userProperties } });
    await publisher.publishAsync("in/b", "two", { qos: 1 });
    await arrivals.untilCount(2);
    await untilTrue("four spans", () => collector.spans().length >= 4);

    const [first, second] = arrivals.messages;
    const [publish, process] = collector.spans().filter((span) => span.traceId === traceId);
    expect(process).toMatchObject({ name: "process in/#", kind: 5, parentSpanId: parentId, traceState: "vendor=x" });
    expect(process?.links).toMatchObject([{ traceId, spanId: parentId }]);
    expect(publish).toMatchObject({ name: "publish out/${inputTopic}", kind: 4, parentSpanId: process?.spanId });
    expect(attribute(publish, "messaging.destination.name")).toEqual({ stringValue: "out/in/a" });
    expect(attribute(process, "server.port")).toEqual({ intValue: String(source.ports.mqtt) });
    expect(BigInt(publish?.endTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(publish?.startTimeUnixNano ?? 0));
    expect(Object.entries(first?.packet.properties?.userProperties ?? {})).toEqual([
      ["before", "1"],
      ["traceparent", `00-${traceId}-${String(publish?.spanId)}-01`],
      ["tracestate", "vendor=x"],
      ["after", "2"],
    ]);
    const [root] = collector.spans().filter((span) => span.traceId !== traceId && span.kind === 5);
    expect(root?.parentSpanId).toBeUndefined();
    expect(String(second && parentOf(second)).slice(0, 36)).toBe(`00-${String(root?.traceId)}-`);
    expect(collector.bodies[0]?.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: "service.name",
      value: { stringValue: "oslo-relay" },
    });
  });

  test("is off by default: a message gets no property, and a trace passes as it came", async () => {
    const { folder, config, destination, collector, publisher } = await prepare();
    const arrivals = await collect("out/#", { port: destination.ports.mqtt });
    const relay = await startRelay({ folder, config, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    await relay.untilReady();

    await publisher.publishAsync("in/a", "one", { qos: 1, properties: { userProperties: { traceparent } } });
    await publisher.publishAsync("in/b", "two", { qos: 1 });
    await arrivals.untilCount(2);
    await relay.stop();

    expect(arrivals.messages.map(parentOf)).toEqual([traceparent, undefined]);
    expect(collector.metrics).toContain("/v1/metrics");
    expect(collector.spans()).toEqual([]);
  });

  test("the trace of a message that waits on the disk is the same one after a kill and a restart", async () => {
    const { folder, config, destination, collector, env, publisher } = await prepare({ spool: { mode: "Enabled" } });
    await destination.stop();
    const relay = await startRelay({ folder, config, env });
    await relay.untilLog(({ msg, side }) => msg === "connected" && side === "source");
    await publisher.publishAsync("in/a", "own", { qos: 1 });
    await publisher.publishAsync("in/b", "given", { qos: 1, properties: { userProperties: { traceparent } } });
    await untilTrue("a span of each arrival", () => collector.spans().length === 2);

    await relay.stop("SIGKILL");
    await destination.start();
    const arrivals = await collect("out/#", { port: destination.ports.mqtt });
    await startRelay({ folder, config, env });
    await arrivals.untilCount(2);
    await untilTrue("two more spans of each", () => collector.spans().length === 6);

    for (const [payload, came] of [
      ["own", undefined],
      ["given", parentId],
    ]) {
      const arrival = arrivals.messages.find((one) => one.payload === payload);
      const [, id, carried] = String(arrival && parentOf(arrival)).split("-");
      const spans = collector.spans().filter((span) => span.traceId === id);
      const find = (operation: string) => spans.find(({ name }) => name.startsWith(operation));
      const [process, deliver, publish] = [find("process"), find("deliver"), find("publish")];
      expect(spans).toHaveLength(3);
      expect(process?.parentSpanId).toBe(came);
      expect(attribute(process, "mqtt_dataflow.outcome")).toEqual({ stringValue: "on_disk" });
      expect(deliver?.parentSpanId).toBe(process?.spanId);
      expect(publish?.parentSpanId).toBe(deliver?.spanId);
      expect(carried).toBe(publish?.spanId);
    }
  });

  test("a collector that is away holds no message", async () => {
    const { folder, config, destination, env, publisher } = await prepare();
    const arrivals = await collect("out/#", { port: destination.ports.mqtt });
    const away = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_BSP_MAX_QUEUE_SIZE: "10" };
    const relay = await startRelay({ folder, config, env: away });
    await relay.untilReady();

    await Promise.all(Array.from({ length: 100 }, () => publisher.publishAsync("in/a", "x", { qos: 1 })));
    await arrivals.untilCount(100);

    await relay.untilLog(({ event }) => event === "traces-not-exported");
    const end = await relay.stop();
    expect(end).toMatchObject({ code: 0 });
    expect(relay.log).toContainEqual(expect.objectContaining({ event: "spans-dropped", spans: 190 }));
  });
});
