import fc from "fast-check";
import type { IPublishPacket } from "mqtt-packet";

import { PropertyId } from "../../../runtime/contract/mqtt-properties.ts";
import { dataflowParts, type Dataflow } from "../../../runtime/contract/config/dataflow.ts";
import { copiesInMemory, createPatch, planPatch, type PatchPlan } from "../../../runtime/rewrite/patch.ts";
import { stampPublish, type EncodedPublish, type PublishView } from "../../../runtime/mqtt/publish.ts";
import { buildDocument, parseDocument } from "../contract/config/build-document.ts";
import { publishPacket } from "../mqtt/arbitrary-packets.ts";
import { decode, encode } from "../mqtt/scripted-broker.ts";
import { plan, template, viewOf, viewOfPublish } from "../queue/fakes.ts";

/** Patches a message that can be delivered. */
function patched(view: PublishView, change: Partial<PatchPlan> = {}): EncodedPublish {
  const encoded = createPatch(plan(change))(view);
  if ("undeliverable" in encoded) throw new Error(encoded.undeliverable);
  return encoded;
}

function packetOf({ packet }: EncodedPublish): IPublishPacket {
  return decode(packet)[0] as IPublishPacket;
}

describe("identity forwarding", () => {
  test("changes no byte but packet identifier, QoS, DUP and retain", () => {
    fc.assert(
      fc.property(
        publishPacket.map(({ properties: { subscriptionIdentifier: _hop, ...properties } = {}, ...packet }) => ({
          ...packet,
          properties,
        })),
        fc.constantFrom("Keep" as const, "Never" as const),
        (packet, retain) => {
          const view = viewOf(encode(packet));
          const { qos } = packet;
          const id = packet.messageId ?? 0;

          const encoded = patched(view, { qos: qos === 0 ? 0 : 1, retain });
          if (qos > 0) stampPublish(encoded, id, false);

          const expected = encode({ ...packet, dup: false, retain: packet.retain && retain === "Keep" });
          expect(encoded.packet.toString("hex")).toBe(expected.toString("hex"));
        },
      ),
    );
  });

  test("drops a subscription identifier, which belongs to the connection, and keeps its neighbours", () => {
    const [identifier, value] = [PropertyId.subscriptionIdentifier, [0x85, 0x02]];
    const neighbours = [Buffer.from([0x01, 1]), Buffer.from([0x03, 0, 1, 97])];
    const properties = Buffer.concat([neighbours[0]!, Buffer.from([identifier, ...value]), neighbours[1]!]);
    const body = Buffer.concat([Buffer.from([0, 1, 97, properties.length]), properties, Buffer.from("payload")]);
    const view = viewOf(Buffer.concat([Buffer.from([0x30, body.length]), body]));

    const forwarded = viewOf(patched(view, { qos: 0 }).packet);

    const kept = forwarded.bytes.subarray(forwarded.propertiesStart, forwarded.propertiesEnd);
    expect(kept.equals(Buffer.concat(neighbours))).toBe(true);
    expect(forwarded.payloadBytes).toBe(7);
  });
});

describe("the retain flag", () => {
  test.each([
    ["Keep", true, true],
    ["Keep", false, false],
    ["Never", true, false],
    ["Never", false, false],
  ] as const)("%s makes of %s %s", (retain, came, goes) => {
    expect(packetOf(patched(viewOfPublish({ retain: came }), { qos: 0, retain })).retain).toBe(goes);
  });
});

describe("the topic", () => {
  test.each([
    ["${inputTopic}", "a/b/c", "a/b/c"],
    ["cloud/${inputTopic}", "a/b/c", "cloud/a/b/c"],
    ["sites/oslo/${inputTopic.2}/t", "a/b/c", "sites/oslo/b/t"],
    ["oslo", "a/b/c", "oslo"],
    ["${inputTopic.1}", "åre/b", "åre"],
  ])('"%s" makes of "%s" "%s"', (text, from, to) => {
    expect(packetOf(patched(viewOfPublish({ topic: from }), { qos: 0, template: template(text) })).topic).toBe(to);
  });

  test("keeps beside each message the topic that it came with, where that is another one", () => {
    const renamed = createPatch(plan({ qos: 0, template: template("x/${inputTopic.1}") }));
    const unchanged = createPatch(plan({ qos: 0 }));

    const kept = [renamed, unchanged].map((patch) =>
      ["a/b", "c/d"].map((topic) => (patch(viewOfPublish({ topic })) as EncodedPublish).inputTopic),
    );

    expect(kept).toEqual([
      ["a/b", "c/d"],
      [undefined, undefined],
    ]);
  });

  test("is the one of each message, also for topics that were seen before", () => {
    const patch = createPatch(plan({ qos: 0, template: template("x/${inputTopic.1}") }));
    const topicOf = (topic: string) => {
      const encoded = patch(viewOfPublish({ topic }));
      return "packet" in encoded ? packetOf(encoded).topic : encoded.undeliverable;
    };

    expect(["a/1", "b/1", "a/1", "a/2"].map(topicOf)).toEqual(["x/a", "x/b", "x/a", "x/a"]);
  });

  test("is right beyond the number of topics that are remembered", () => {
    const patch = createPatch(plan({ qos: 0, template: template("x/${inputTopic}") }));

    const numbers = [...Array(4200).keys(), 0, 4000, 4199]; // 4096 are remembered

    const topics = numbers.map((number) => {
      const encoded = patch(viewOfPublish({ qos: 0, topic: `t${number}` }));
      return "packet" in encoded ? viewOf(encoded.packet).topic : encoded.undeliverable;
    });

    expect(topics).toEqual(numbers.map((number) => `x/t${number}`));
  });

  test.each<[string, Partial<PatchPlan>, string, string]>([
    [
      "lacks a level that the template asks for",
      { template: template("x/${inputTopic.3}") },
      "a/b",
      'the topic "a/b" lacks a level that "x/${inputTopic.3}" asks for',
    ],
    [
      "is longer than MQTT allows",
      { template: template("${inputTopic}/${inputTopic}") },
      "a".repeat(40_000),
      "is 80001 bytes long, more than 65535",
    ],
    [
      "is longer than Event Grid allows, prefix included",
      { template: template("cloud/${inputTopic}"), isEventGrid: true },
      "a".repeat(251),
      "is 257 bytes long, more than Event Grid's 256",
    ],
    [
      "is longer than Event Grid allows as it came",
      { isEventGrid: true },
      "a".repeat(257),
      "is 257 bytes long, more than Event Grid's 256",
    ],
    [
      "is longer than Event Grid allows in bytes, not in characters",
      { isEventGrid: true },
      "å".repeat(129),
      "is 258 bytes long, more than Event Grid's 256",
    ],
    [
      "has more segments than Event Grid allows",
      { isEventGrid: true },
      Array(16).fill("a").join("/"),
      "has 16 segments, more than Event Grid's 15",
    ],
    [
      "has a topic that Event Grid reserves, where the source has it a level deeper",
      { template: template("${inputTopic.2}/x"), isEventGrid: true },
      "a/$b",
      'begins with "$", and Event Grid reserves those topics',
    ],
  ])("makes a message undeliverable that %s", (_case, change, topic, reason) => {
    const outcome = createPatch(plan(change))(viewOfPublish({ topic }));

    expect(outcome).toEqual({ undeliverable: expect.stringContaining(reason) });
  });

  test.each([
    ["a".repeat(256), true],
    [Array(15).fill("a").join("/"), true],
    ["a".repeat(257), false],
    ["$SYS/a", false],
  ])("within Event Grid's limits, and only there, they bind: %s", (topic, isDeliverable) => {
    expect("packet" in createPatch(plan({ isEventGrid: true }))(viewOfPublish({ topic }))).toBe(isDeliverable);
    expect("packet" in createPatch(plan())(viewOfPublish({ topic }))).toBe(true);
  });
});

describe("a topic that is not UTF-8 is never made into another one", () => {
  const malformed = (qos: 0 | 1) => {
    const bytes = encode({ cmd: "publish", qos, messageId: 1, dup: false, retain: false, topic: "a/b", payload: "x" });
    bytes[6] = 0xff;
    return viewOf(bytes);
  };

  test.each([
    ["under a template", { template: template("site/${inputTopic}") }],
    ["under a template of one of its levels", { template: template("site/${inputTopic.1}") }],
    ["where its limits have to be known", { isEventGrid: true }],
    [
      "where it becomes the subject of a CloudEvent",
      { cloudEvents: { mode: "CreateOrRemap" as const, source: "aio://cloud" } },
    ],
  ])("%s: it is undeliverable", (_case, change) => {
    const patch = createPatch(plan(change));

    expect(patch(malformed(1))).toEqual({
      undeliverable: "its topic is not well-formed UTF-8, so that no topic can be made of it",
    });
  });

  test("a topic with U+FFFD, which is UTF-8, is another one and passes before and after it", () => {
    const patch = createPatch(plan({ template: template("site/${inputTopic}") }));
    const topicOf = (view: PublishView) => {
      const made = patch(view);
      return "undeliverable" in made ? undefined : packetOf(made).topic;
    };

    const topics = [viewOfPublish({ topic: "a/\u{fffd}" }), malformed(1), viewOfPublish({ topic: "a/\u{fffd}" })].map(
      topicOf,
    );

    expect(topics).toEqual(["site/a/\u{fffd}", undefined, "site/a/\u{fffd}"]);
  });
});

test("a topic that grows under a template is given up as soon as it is longer than a topic may be", () => {
  const patch = createPatch(plan({ template: template("${inputTopic}".repeat(64)) }));

  const outcome = patch(viewOfPublish({ topic: "x".repeat(60_000) }));

  expect(outcome).toEqual({ undeliverable: expect.stringContaining("is 120000 bytes long, more than 65535") });
  expect("undeliverable" in outcome && outcome.undeliverable.length).toBeLessThan(500);
});

describe("planPatch", () => {
  function planOf(changes: Readonly<Record<string, unknown>> = {}): PatchPlan {
    const { config } = parseDocument(buildDocument(changes));
    const parts = dataflowParts(config.dataflows["upward"]!)!;
    return planPatch(parts, config.endpoints[parts.destination.endpointRef]!);
  }

  const mode = "endpoints.cloud.mqttSettings.cloudEventAttributes";

  test("takes QoS and retain from the destination's endpoint", () => {
    const planned = planOf({ "endpoints.cloud.mqttSettings.qos": 0, "endpoints.edge.mqttSettings.retain": "Keep" });

    expect(planned).toEqual({ template: template("oslo"), qos: 0, retain: "Never", isEventGrid: true });
  });

  test.each([
    ["cloud", true],
    ["plant", false],
  ])("knows of endpoint %s whether it has Event Grid's limits: %s", (name, isEventGrid) => {
    const planned = planOf({ "dataflows.upward.operations.1.destinationSettings.endpointRef": name });

    expect(planned.isEventGrid).toBe(isEventGrid);
  });

  test("names the destination's endpoint as the source of generated events", () => {
    expect(planOf({ [mode]: "CreateOrRemap" }).cloudEvents).toEqual({ mode: "CreateOrRemap", source: "aio://cloud" });
  });

  test("takes content type and schema from the transformation", () => {
    const [source, destination] = (buildDocument() as { dataflows: { upward: { operations: unknown[] } } }).dataflows
      .upward.operations;
    const transformation = {
      operationType: "BuiltInTransformation",
      builtInTransformationSettings: { serializationFormat: "Json", schemaRef: "sr://oslo/7#2" },
    };

    const planned = planOf({
      [mode]: "Propagate",
      "dataflows.upward.operations": [source, transformation, destination],
    });

    expect(planned.cloudEvents).toMatchObject({
      mode: "Propagate",
      contentType: "application/json",
      dataSchema: "sr://oslo/7#2",
    });
  });
});

describe("copiesInMemory", () => {
  const relay = { spool: { mode: "Disabled" }, undeliverableMessages: "Discard" } as Dataflow["relay"];
  const spooled = { ...relay, spool: { ...relay.spool, mode: "Enabled" } } as const;
  const kept = { ...relay, undeliverableMessages: "DeadLetter" } as const;
  const published = { ...kept, deadLetter: { endpointRef: "edge", topic: "dead" } };
  const renamed = { template: template("x/${inputTopic}") };

  test.each<[number, string, Partial<PatchPlan>, Dataflow["relay"]]>([
    [1, "what is passed on as it came", {}, relay],
    [2, "what gets another topic", renamed, relay],
    [2, "what is sent with QoS 0", { qos: 0 }, relay],
    [3, "what goes to the disk: itself, on its way, and in SQLite", {}, spooled],
    [4, "what gets another topic and goes to the disk", renamed, spooled],
    [4, "what may become a dead letter on the disk", {}, kept],
    [3, "what may become a dead letter that is published", {}, published],
    [
      5,
      "what gets another topic, and may become a dead letter that goes through the disk",
      renamed,
      { ...spooled, ...published, spool: spooled.spool },
    ],
  ])("is %d for %s", (copies, _what, change, settings) => {
    expect(copiesInMemory(plan(change), settings, false)).toBe(copies);
  });

  test("counts the one into which a trace is written", () => {
    expect(copiesInMemory(plan(), relay, true)).toBe(2);
  });
});
