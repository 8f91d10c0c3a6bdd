import type { UserProperties } from "mqtt-packet";

import { createSampler, type SamplerName } from "../../../../runtime/report/traces/sampler.ts";
import type { Span } from "../../../../runtime/report/traces/span.ts";
import { DataflowTracer, type TracedDataflow } from "../../../../runtime/report/traces/tracer.ts";
import type { MessageTrace, Tracer } from "../../../../runtime/queue/ports.ts";
import { EncodedPublish } from "../../../../runtime/mqtt/encoded-publish.ts";
import { liveBytes } from "../../../support/heap.ts";
import { encode } from "../../mqtt/scripted-broker.ts";
import { ForwarderBench, template, viewOfPublish } from "../../queue/fakes.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;

const dataflow: TracedDataflow = {
  name: "upward",
  source: { host: "edge", port: 1883, clientId: "oslo-source", template: "a/#" },
  destination: { host: "cloud", port: 8883, clientId: "oslo-destination", template: "cloud/${inputTopic}" },
};

/** A forwarder whose messages are traced, and what became of them. */
function traced(
  change: ConstructorParameters<typeof ForwarderBench>[0] = {},
  { name = "parentbased_always_on", ...more }: Partial<Omit<TracedDataflow, "name">> & { name?: SamplerName } = {},
) {
  const spans: Span[] = [];
  let clock = () => 0;
  const sampler = createSampler({ name, ratio: 1 }, Math.random);
  const parts = { sampler, onSpan: (span: Span) => spans.push(span), now: () => clock() };
  const tracer: Tracer = new DataflowTracer({ ...dataflow, ...more, name: "upward" }, parts);
  const bench = new ForwarderBench({ tracer, ...change });
  clock = () => bench.nowMs;
  const parentsOf = () =>
    bench.destination.written.map(({ properties }) => properties?.userProperties?.["traceparent"]);
  return { bench, spans, tracer, parentsOf };
}

const withParent = { properties: { userProperties: { traceparent, tracestate: "a=1" } } };

describe("a traced message", () => {
  test("is a span of its arrival and, within that, one of its sending, which the message carries", () => {
    const { bench, spans, parentsOf } = traced();
    bench.nowMs = 10;
    bench.arrive(1);
    bench.nowMs = 30;
    bench.acknowledge(1);

    const [publish, process] = spans;
    expect(spans).toHaveLength(2);
    expect(process).toMatchObject({
      name: "process a/#",
      kind: 5,
      parentSpanId: undefined,
      startMs: 10,
      endMs: 30,
      error: undefined,
      attributes: {
        "messaging.destination.name": "a/b",
        "messaging.message.body.size": 1,
        "mqtt_dataflow.outcome": "delivered",
      },
      common: {
        "messaging.system": "mqtt",
        "messaging.operation.type": "process",
        "server.address": "edge",
        "server.port": 1883,
      },
    });
    expect(publish).toMatchObject({
      name: "publish cloud/${inputTopic}",
      kind: 4,
      traceId: process?.traceId,
      parentSpanId: process?.spanId,
      common: { "messaging.operation.type": "send", "messaging.client.id": "oslo-destination", "server.port": 8883 },
      attributes: { "mqtt_dataflow.sends": 1 },
    });
    expect(parentsOf()).toEqual([`00-${String(process?.traceId)}-${String(publish?.spanId)}-01`]);
  });

  test("goes on with the trace that it came with, state included", () => {
    const { bench, spans, parentsOf } = traced();
    bench.arrive(1, withParent);
    bench.acknowledge(1);

    const [publish, process] = spans;
    expect(process).toMatchObject({ traceId, parentSpanId: parentId, isParentRemote: true, state: "a=1" });
    expect(publish).toMatchObject({ traceId, parentSpanId: process?.spanId, isParentRemote: false, state: "a=1" });
    expect(parentsOf()).toEqual([`00-${traceId}-${String(publish?.spanId)}-01`]);
    expect(bench.destination.written[0]?.properties?.userProperties).toMatchObject({ tracestate: "a=1" });
  });

  test.each([
    ["one that the publisher did not sample", "parentbased_always_on", traceparent.replace(/01$/, "00")],
    ["one that the sampler leaves out", "always_off", traceparent],
  ])("%s passes as it came, and is no span", (_case, name, given) => {
    const { bench, spans, parentsOf } = traced({}, { name: name as SamplerName });
    bench.arrive(1, { properties: { userProperties: { traceparent: given } } });
    bench.acknowledge(1);

    expect(spans).toEqual([]);
    expect(parentsOf()).toEqual([given]);
  });

  test("is one span of its sending however often it is sent, under the same name", () => {
    const { bench, spans, parentsOf } = traced();
    bench.arrive(1);
    const before = parentsOf();
    bench.reconnectDestination({});
    bench.acknowledge(1);

    expect(parentsOf()).toEqual(before);
    expect(spans.map(({ attributes }) => attributes["mqtt_dataflow.sends"])).toEqual([2, undefined]);
  });

  test("says why it was refused, and is published again as a dead letter of the same trace", () => {
    const publish = { side: "destination", topic: "dead" } as const;
    const { bench, spans, parentsOf } = traced({
      undeliverable: "DeadLetter",
      deadLetters: { dataflow: "flow", maxBytes: 1_000_000, publish },
    });
    bench.arrive(1);
    bench.acknowledge(1, 0x99);
    bench.acknowledge(1);

    const [refused, dead, process] = spans;
    expect(refused).toMatchObject({
      error: expect.stringContaining("0x99"),
      attributes: { "error.type": "undeliverable" },
    });
    expect(dead).toMatchObject({ error: undefined, attributes: { "messaging.destination.name": "dead" } });
    expect(process).toMatchObject({ error: refused?.error, attributes: { "mqtt_dataflow.outcome": "undeliverable" } });
    expect(parentsOf().map((one) => String(one).split("-")[1])).toEqual([process?.traceId, process?.traceId]);
  });

  test("says that it could not be made a message of the destination", () => {
    const { bench, spans } = traced({ plan: { maxHops: 1 }, undeliverable: "Discard" });
    bench.arrive(1, { properties: { userProperties: { "mqtt-dataflow-hops": "1", traceparent } } });

    expect(spans).toMatchObject([
      { traceId, error: expect.stringContaining("1 relays"), attributes: { "error.type": "undeliverable" } },
    ]);
  });

  test("says that it has expired", () => {
    const { bench, spans } = traced();
    bench.destinationSide.close();
    bench.arrive(1, { properties: { messageExpiryInterval: 1 } });
    bench.nowMs = 2000;
    bench.destinationSide = bench.forwarder.openDestination(bench.destination, {
      sessionPresent: false,
      receiveMaximum: 10,
      maximumPacketBytes: Infinity,
      retainAvailable: true,
    });

    expect(spans).toMatchObject([{ attributes: { "mqtt_dataflow.outcome": "expired", "error.type": "expired" } }]);
  });

  test("is not traced where it is malformed", () => {
    const { bench, spans } = traced({ undeliverable: "Discard" });
    bench.sourceSide.onPublish(viewOfPublish({ messageId: 1 }), "it is malformed");

    expect(spans).toEqual([]);
    expect(bench.source.acknowledged).toEqual([1]);
  });
});

describe("what a destination takes", () => {
  /** Bytes of the packet that arrives with this payload, without a trace. */
  const payload = "x".repeat(200);
  const bytes = 1 + 2 + 2 + 3 + 2 + 1 + 200;

  test.each([
    [bytes + 70, false],
    [bytes + 71, true],
  ])("a packet of %i bytes: a trace is written into the message: %s", (maximumPacketBytes, isCarried) => {
    const { bench, spans, parentsOf } = traced({ limits: { maximumPacketBytes } });
    bench.arrive(1, { payload });
    bench.acknowledge(payload);

    expect(parentsOf()[0] !== undefined).toBe(isCarried);
    expect(spans).toHaveLength(2);
    expect(bench.counters.delivered).toBe(1);
  });

  test("goes by what it took last while it is away", () => {
    const { bench } = traced({ limits: { maximumPacketBytes: bytes + 70 } });
    bench.destinationSide.close();
    bench.arrive(1, { payload });
    bench.destinationSide = bench.forwarder.openDestination(bench.destination, {
      sessionPresent: false,
      receiveMaximum: 10,
      maximumPacketBytes: bytes + 70,
      retainAvailable: true,
    });

    expect(bench.stopped).toEqual([]);
    expect(bench.destination.written.map(({ properties }) => properties)).toEqual([undefined]);
  });

  test("writes no trace into a message whose user properties would be too many, and continues one all the same", () => {
    const { bench, parentsOf } = traced({}, { maxUserPropertyBytes: 32_768 });
    const long = "x".repeat(32_700);
    bench.arrive(1, { properties: { userProperties: { long } } });
    bench.arrive(2, { properties: { userProperties: { long, traceparent } } });

    expect(parentsOf().map((one) => String(one).slice(0, 35))).toEqual(["undefined", traceparent.slice(0, 35)]);
  });
});

test("what is kept of a traced message is bounded, however long its topic is", () => {
  const topic = (number: number) => `${number}`.padEnd(60_000, "x");
  const { bench, spans } = traced({ plan: { template: template("out/${inputTopic}") } });
  const before = liveBytes();
  for (let id = 1; id <= 100; id++) {
    bench.arrive(id, { topic: topic(id) });
    bench.acknowledge(id);
    bench.destination.written.length = 0; // what the test itself keeps
  }

  expect(spans).toHaveLength(200);
  expect(spans[0]?.attributes["messaging.destination.name"]).toHaveLength(300);
  expect(liveBytes() - before).toBeLessThan(1_000_000); // the topics have 12 MB
});

test("what the trace of a waiting message takes counts as held", () => {
  const { bench } = traced();
  const plain = new ForwarderBench();
  for (const one of [bench, plain]) {
    one.destinationSide.close();
    one.arriveMany(100);
  }
  const perTrace = (bench.forwarder.status.heldBytes - plain.forwarder.status.heldBytes) / 100;

  const before = liveBytes();
  const others = [traced({ maxInflightMessages: 10_000 }), traced({ maxInflightMessages: 10_000 })];
  for (const { bench: other } of others) {
    other.destinationSide.close();
    for (let id = 1; id <= 1000; id++) other.arrive(id, { topic: `${id}`.padEnd(400, "x") });
  }

  expect(perTrace).toBeGreaterThan(1000);
  const held = others.reduce((sum, { bench: other }) => sum + other.forwarder.status.heldBytes, 0);
  expect(liveBytes() - before).toBeLessThan(held);
  expect(others.flatMap(({ spans }) => spans)).toEqual([]);
});

describe("a message that is read back from the disk", () => {
  function resume(tracer: Tracer, userProperties: UserProperties): MessageTrace | undefined {
    const packet = {
      cmd: "publish",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
      topic: "a/b",
      payload: "x",
    } as const;
    const bytes = encode({ ...packet, properties: { userProperties } });
    return tracer.resume(new EncodedPublish(bytes, 0, bytes.length, 0, 0, undefined));
  }

  test("goes on with the trace that it carries", () => {
    const { spans, tracer } = traced();

    resume(tracer, { traceparent })?.onDone();

    expect(spans).toMatchObject([
      { name: "deliver cloud/${inputTopic}", kind: 1, traceId, parentSpanId: parentId, isParentRemote: true },
    ]);
  });

  test("gets no trace there", () => {
    const { tracer } = traced();

    expect(resume(tracer, { a: "b" })).toBeUndefined();
    expect(resume(tracer, { traceparent: traceparent.replace(/01$/, "00") })).toBeUndefined();
  });
});
