import type { IPublishPacket } from "mqtt-packet";

import type { CloudEventsPlan } from "../../../runtime/rewrite/cloud-events.ts";
import { createPatch } from "../../../runtime/rewrite/patch.ts";
import { decode, encode } from "../mqtt/scripted-broker.ts";
import { plan, template, viewOf } from "../queue/fakes.ts";

type Attributes = Readonly<Record<string, string>>;

/** A message with all of the specification's attributes, in its sample values. */
const complete = {
  specversion: "1.0",
  type: "ms.aio.telemetry",
  source: "aio://mycluster/myoven",
  id: "A234-1234-1234",
  subject: "aio/myoven/telemetry/temperature",
  time: "2018-04-05T17:31:00Z",
  dataschema: "sr://fabrikam-schemas/123123123234234234234234#1.0.0",
};
const contentType = "text/plain";

const required = ["specversion", "type", "source", "id"] as const;
const optional = ["subject", "time", "dataschema"] as const;

/** What a transformation stage with a format and a schema makes. */
const transformed = { contentType: "application/json", dataSchema: "sr://oslo/7#2.0.0" };

const outputTopic = "cloud/a/b";

/** Forwards a message to `cloud/a/b` and tells its attributes and content type. */
function forward(
  attributes: Attributes,
  mode: CloudEventsPlan["mode"],
  stage: Pick<CloudEventsPlan, "contentType" | "dataSchema"> = {},
): { attributes: Attributes; contentType: string | undefined } {
  const packet = encode({
    cmd: "publish",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
    topic: "a/b",
    payload: "x",
    properties: { contentType, ...(Object.keys(attributes).length > 0 ? { userProperties: { ...attributes } } : {}) },
  });
  const patch = createPatch(
    plan({ qos: 0, template: template("cloud/${inputTopic}"), cloudEvents: { mode, source: "aio://cloud", ...stage } }),
  );
  const encoded = patch(viewOf(packet));
  if ("undeliverable" in encoded) throw new Error(encoded.undeliverable);
  const { properties } = decode(encoded.packet)[0] as IPublishPacket;
  return { attributes: { ...(properties?.userProperties as Attributes) }, contentType: properties?.contentType };
}

function without(...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(complete).filter(([name]) => !names.includes(name)));
}

describe.each(["Propagate", "CreateOrRemap"] as const)("%s, with all required attributes present", (mode) => {
  describe.each([
    ["without a transformation stage", {}],
    ["with one that names a format and a schema", transformed],
  ])("%s", (_case, stage) => {
    test.each([...required, "subject", "time"] as const)("%s is passed through as is", (name) => {
      expect(forward(complete, mode, stage).attributes[name]).toBe(complete[name]);
    });
  });

  test.each<[string, object, string, string]>([
    ["datacontenttype stays without a transformation stage", {}, contentType, complete.dataschema],
    [
      "datacontenttype becomes the output content type, dataschema stays when the stage names none",
      { contentType: transformed.contentType },
      transformed.contentType,
      complete.dataschema,
    ],
    [
      "dataschema becomes the output schema, datacontenttype stays when the stage names none",
      { dataSchema: transformed.dataSchema },
      contentType,
      transformed.dataSchema,
    ],
    ["both change when the stage names both", transformed, transformed.contentType, transformed.dataSchema],
  ])("%s", (_case, stage, expectedContentType, expectedSchema) => {
    const forwarded = forward(complete, mode, stage);

    expect(forwarded.contentType).toBe(expectedContentType);
    expect(forwarded.attributes["dataschema"]).toBe(expectedSchema);
  });

  test.each(optional)("%s is not made up where it is missing", (name) => {
    expect(forward(without(name), mode).attributes).toEqual(without(name));
  });
});

describe.each(required)("Propagate, with %s missing", (missing) => {
  test.each([
    ["without a transformation stage", {}],
    ["with a transformation stage", transformed],
  ])("passes the message through as is %s", (_case, stage) => {
    expect(forward(without(missing), "Propagate", stage)).toEqual({ attributes: without(missing), contentType });
  });
});

describe("CreateOrRemap, with a required attribute missing", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

  test.each([
    ["specversion", /^1\.0$/],
    ["type", /^ms\.aio-dataflow\.telemetry$/],
    ["source", /^aio:\/\/cloud$/],
    ["id", uuid],
    ["subject", /^cloud\/a\/b$/],
    ["time", rfc3339],
  ])("%s is generated in a message that has none", (name, pattern) => {
    expect(forward({}, "CreateOrRemap").attributes[name]).toMatch(pattern);
  });

  test("datacontenttype is the output content type after the transformation stage", () => {
    expect(forward({}, "CreateOrRemap", transformed).contentType).toBe(transformed.contentType);
  });

  test("datacontenttype stays as it came without such a stage", () => {
    expect(forward({}, "CreateOrRemap").contentType).toBe(contentType);
  });

  test("dataschema is the output schema where the stage names one, and is not made up where it names none", () => {
    expect(forward({}, "CreateOrRemap", transformed).attributes["dataschema"]).toBe(transformed.dataSchema);
    expect(forward({}, "CreateOrRemap").attributes).not.toHaveProperty("dataschema");
  });

  test.each(required)("keeps what is there when only %s is missing", (missing) => {
    const { attributes } = forward(without(missing), "CreateOrRemap");

    expect(attributes).toEqual({ ...complete, [missing]: expect.any(String) });
    expect(attributes[missing]).not.toBe("");
  });

  test("keeps the application's own user properties", () => {
    expect(forward({ site: "oslo" }, "CreateOrRemap").attributes).toMatchObject({ site: "oslo", specversion: "1.0" });
  });

  test("gives each message an id of its own", () => {
    const ids = [1, 2].map(() => forward({}, "CreateOrRemap").attributes["id"]);

    expect(new Set(ids).size).toBe(2);
  });

  test("names the topic that the message is sent to as its subject, not the one that it came from", () => {
    expect(forward({}, "CreateOrRemap").attributes["subject"]).toBe(outputTopic);
  });
});

describe("a dataflow without CloudEvents", () => {
  test("generates nothing", () => {
    const packet = encode({ cmd: "publish", qos: 0, dup: false, retain: false, topic: "a/b", payload: "x" });

    const encoded = createPatch(plan({ qos: 0 }))(viewOf(packet));

    expect("packet" in encoded && encoded.packet.equals(packet)).toBe(true);
  });
});

test("properties of the connection are dropped from a CloudEvent too", () => {
  const packet = encode({
    cmd: "publish",
    qos: 0,
    dup: false,
    retain: false,
    topic: "a/b",
    payload: "x",
    properties: { subscriptionIdentifier: 5 },
  });

  const encoded = createPatch(plan({ qos: 0, cloudEvents: { mode: "CreateOrRemap", source: "aio://cloud" } }))(
    viewOf(packet),
  );

  const properties = "packet" in encoded ? (decode(encoded.packet)[0] as IPublishPacket).properties : undefined;
  expect(properties).toHaveProperty("userProperties.specversion");
  expect(properties).not.toHaveProperty("subscriptionIdentifier");
});
