import path from "node:path";

import type { MqttClient } from "mqtt";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** The sample values of the specification's Propagate table; `datacontenttype` travels as MQTT's Content Type. */
const sample = {
  specversion: "1.0",
  type: "ms.aio.telemetry",
  source: "aio://mycluster/myoven",
  id: "A234-1234-1234",
  subject: "aio/myoven/telemetry/temperature",
  time: "2018-04-05T17:31:00Z",
  dataschema: "sr://fabrikam-schemas/123123123234234234234234#1.0.0",
} as const;
type Attribute = keyof typeof sample;
const attributes = Object.keys(sample) as Attribute[];
const required = ["specversion", "type", "source", "id"] as const;
const optional = ["subject", "time", "dataschema"] as const;

/** What the transformation stage of the dataflows that have one says. */
const outputSchema = "aio-sr://output-schemas/oven:2";
const outputContentType = "application/json";

type UserProperties = Readonly<Record<string, string | string[]>>;

/** A message as it left and as it arrives. */
interface Event {
  readonly userProperties: UserProperties;
  readonly contentType?: string | undefined;
}

describeWithPart("mosquitto", (executable) => {
  let publisher: MqttClient;
  let arrivals: Collector;
  let published = 0;

  beforeAll(async () => {
    const folder = createTemporaryFolder("cloud-events");
    const listeners = { mqtt: {} };
    const source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    const destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners });
    arrivals = await collect("#", { port: destination.ports.mqtt });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
    const relay = await startRelay({ folder, config: configOf(source.ports.mqtt, destination.ports.mqtt) });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  /** Sends a message through a dataflow and returns it as it arrives. */
  async function pass(dataflow: DataflowName, { userProperties, contentType }: Event): Promise<Required<Event>> {
    const topic = `${dataflow}/${++published}`;
    await publisher.publishAsync(topic, "x", {
      qos: 1,
      properties: {
        // mqtt.js takes an empty object for a mistake.
        ...(Object.keys(userProperties).length === 0 ? {} : { userProperties: { ...userProperties } }),
        ...(contentType === undefined ? {} : { contentType }),
      },
    });
    const { packet } = await arrivals.untilTopic(`out/${topic}`);
    const { userProperties: arrived, contentType: type } = packet.properties ?? {};
    return { userProperties: { ...arrived }, contentType: type };
  }

  describe("Propagate", () => {
    test.each(attributes)("a complete event keeps its %s", async (name) => {
      const { userProperties } = await pass("propagate", { userProperties: sample });

      expect(userProperties[name]).toBe(sample[name]);
    });

    test("a complete event keeps its Content Type where no stage transforms it", async () => {
      const { contentType } = await pass("propagate", { userProperties: sample, contentType: "application/x-oven" });

      expect(contentType).toBe("application/x-oven");
    });

    test.each(optional)("a complete event without %s gets none", async (name) => {
      const { userProperties } = await pass("propagate", { userProperties: without(name) });

      expect(userProperties).toEqual(without(name));
    });

    test.each(required)("a message without %s passes as it is", async (name) => {
      const message = { userProperties: { ...without(name), line: "4" }, contentType: "text/plain" };

      expect(await pass("propagate", message)).toEqual(message);
    });

    test("a message with no attribute passes as it is", async () => {
      const message = { userProperties: { line: "4" }, contentType: "text/plain" };

      expect(await pass("propagate", message)).toEqual(message);
    });

    test.each([["text/plain"], [undefined]])(
      "the Content Type %s of a complete event becomes that of the output after a transformation",
      async (contentType) => {
        const arrived = await pass("propagate-transformed", { userProperties: sample, contentType });

        expect(arrived.contentType).toBe(outputContentType);
      },
    );

    test.each([
      ["changed to", sample],
      ["given as", without("dataschema")],
    ])("the dataschema of a complete event is %s the output's schema", async (_what, userProperties) => {
      const arrived = await pass("propagate-transformed", { userProperties });

      expect(arrived.userProperties).toEqual({ ...sample, dataschema: outputSchema });
    });

    test.each(required)("a transformation changes nothing in a message without %s", async (name) => {
      const message = { userProperties: without(name), contentType: "text/plain" };

      expect(await pass("propagate-transformed", message)).toEqual(message);
    });
  });

  describe("CreateOrRemap", () => {
    test.each(attributes)("a complete event keeps its %s", async (name) => {
      const { userProperties } = await pass("remap", { userProperties: sample });

      expect(userProperties[name]).toBe(sample[name]);
    });

    test.each(optional)("a complete event without %s gets none", async (name) => {
      const { userProperties } = await pass("remap", { userProperties: without(name) });

      expect(userProperties).toEqual(without(name));
    });

    test.each<[Attribute, string | RegExp]>([
      ["specversion", "1.0"],
      ["type", "ms.aio-dataflow.telemetry"],
      ["source", "aio://to-remap"],
      ["id", /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
      ["subject", /^out\/remap\/\d+$/],
      ["time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/],
    ])("a message with no attribute gets a %s", async (name, value) => {
      const { userProperties } = await pass("remap", { userProperties: {} });

      if (typeof value === "string") expect(userProperties[name]).toBe(value);
      else expect(userProperties[name]).toMatch(value);
    });

    test("the subject that a message gets is the topic that it is sent to", async () => {
      const { userProperties } = await pass("remap", { userProperties: {} });

      expect(userProperties["subject"]).toBe(`out/remap/${published}`);
    });

    test("the time that a message gets is that of its forwarding", async () => {
      const startMs = Date.now();

      const { userProperties } = await pass("remap", { userProperties: {} });

      const timeMs = Date.parse(String(userProperties["time"]));
      expect(timeMs).toBeGreaterThanOrEqual(startMs);
      expect(timeMs).toBeLessThanOrEqual(Date.now());
    });

    test("no two messages get the same id", async () => {
      const first = await pass("remap", { userProperties: {} });
      const second = await pass("remap", { userProperties: {} });

      expect(first.userProperties["id"]).not.toBe(second.userProperties["id"]);
    });

    test("a message with no attribute gets no dataschema where no schema is given", async () => {
      const { userProperties } = await pass("remap", { userProperties: {} });

      expect(userProperties).not.toHaveProperty("dataschema");
    });

    test.each(required)("a message that lacks only %s gets it and keeps the others", async (name) => {
      const { userProperties } = await pass("remap", { userProperties: without(name) });

      expect(userProperties).toEqual({ ...sample, [name]: expect.any(String) });
    });

    test("user properties that are no attributes stay, repeated ones included", async () => {
      const { userProperties } = await pass("remap", { userProperties: { tag: ["a", "b", "a"] } });

      expect(userProperties).toMatchObject({ tag: ["a", "b", "a"], specversion: "1.0" });
    });

    test.each([
      ["a complete event", sample],
      ["a message with no attribute", {}],
    ])("the Content Type of %s stays where no stage transforms it", async (_what, userProperties) => {
      const { contentType } = await pass("remap", { userProperties, contentType: "application/x-oven" });

      expect(contentType).toBe("application/x-oven");
    });

    test.each([
      ["a complete event", sample],
      ["a message with no attribute", {}],
    ])("the Content Type of %s becomes that of the output after a transformation", async (_what, userProperties) => {
      const { contentType } = await pass("remap-transformed", { userProperties, contentType: "text/plain" });

      expect(contentType).toBe(outputContentType);
    });

    test.each([
      ["a complete event", sample],
      ["a complete event that has none", without("dataschema")],
      ["a message with no attribute", {}],
    ])("the dataschema of %s is the output's schema", async (_what, given) => {
      const { userProperties } = await pass("remap-transformed", { userProperties: given });

      expect(userProperties["dataschema"]).toBe(outputSchema);
    });
  });

  test("without CloudEvents settings a message passes as it is, whatever its transformation says", async () => {
    const message = { userProperties: { ...sample, line: "4" }, contentType: "text/plain" };

    expect(await pass("plain", message)).toEqual(message);
  });
});

function without(name: Attribute): Record<string, string> {
  return Object.fromEntries(Object.entries(sample).filter(([key]) => key !== name));
}

const dataflows = {
  plain: { endpoint: "to-plain", isTransformed: true },
  propagate: { endpoint: "to-propagate", isTransformed: false },
  "propagate-transformed": { endpoint: "to-propagate", isTransformed: true },
  remap: { endpoint: "to-remap", isTransformed: false },
  "remap-transformed": { endpoint: "to-remap", isTransformed: true },
} as const;
type DataflowName = keyof typeof dataflows;

function configOf(source: number, destination: number) {
  const transformation = {
    operationType: "BuiltInTransformation" as const,
    builtInTransformationSettings: { serializationFormat: "Json" as const, schemaRef: outputSchema },
  };
  return buildConfig({
    endpoints: {
      from: plainEndpoint(source),
      "to-plain": plainEndpoint(destination),
      "to-propagate": plainEndpoint(destination, { cloudEventAttributes: "Propagate" }),
      "to-remap": plainEndpoint(destination, { cloudEventAttributes: "CreateOrRemap" }),
    },
    dataflows: Object.fromEntries(
      Object.entries(dataflows).map(([name, { endpoint, isTransformed }]) => {
        const { operations } = buildDataflow(["from", [`${name}/#`]], [endpoint, "out/${inputTopic}"]);
        return [name, { operations: isTransformed ? operations.toSpliced(1, 0, transformation) : operations }];
      }),
    ),
  });
}
