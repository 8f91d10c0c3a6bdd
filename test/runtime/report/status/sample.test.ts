import type { IPublishPacket } from "mqtt-packet";

import { PublishView } from "../../../../runtime/mqtt/publish-view.ts";
import { encodePublish } from "../../../../runtime/mqtt/publish.ts";
import { Slab } from "../../../../runtime/mqtt/slab.ts";
import { describeSample } from "../../../../runtime/report/status/sample.ts";
import { encode } from "../../mqtt/scripted-broker.ts";

function sample(change: Partial<IPublishPacket> = {}, withPayload = true) {
  const bytes = encode({
    cmd: "publish",
    qos: 1,
    messageId: 7,
    dup: false,
    retain: true,
    topic: "plant/a",
    payload: "hello",
    ...change,
  });
  const view = new PublishView().readPacket(bytes).scanProperties();
  const sent = encodePublish(view, { qos: 1, retain: false, topic: Buffer.from("sites/oslo/a") }, new Slab());
  return { bytes, ...describeSample({ dataflow: "upward", view, sent, withPayload }) };
}

test("shows a message as it came and as it is sent, with the lengths of both packets", () => {
  const { bytes, source, destination, payloadBytes } = sample();

  expect(source).toEqual({ topic: "plant/a", qos: 1, retain: true, bytes: bytes.length, properties: [] });
  expect(destination).toEqual({
    topic: "sites/oslo/a",
    qos: 1,
    retain: false,
    bytes: bytes.length + "sites/oslo/a".length - "plant/a".length,
    properties: [],
  });
  expect(payloadBytes).toBe(5);
});

test("names the properties, and gives correlation data as its length", () => {
  const { source } = sample({
    properties: {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: "text/plain",
      responseTopic: "answers",
      correlationData: Buffer.from([1, 2, 3]),
      userProperties: { line: ["4", "5"] },
    },
  });

  expect(Object.fromEntries(source.properties)).toMatchObject({
    "Payload Format Indicator": "1",
    "Message Expiry Interval": "60 s",
    "Content Type": "text/plain",
    "Response Topic": "answers",
    "Correlation Data": "3 bytes",
  });
  expect(source.properties.filter(([name]) => name === "line")).toEqual([
    ["line", "4"],
    ["line", "5"],
  ]);
});

test("leaves out properties beyond 4 KiB", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, "v".repeat(1000)]));

  const { source } = sample({ properties: { userProperties: many } });

  expect(JSON.stringify(source.properties).length).toBeLessThan(4300);
});

test.each([
  ["hello", { encoding: "utf8", content: "hello", isWhole: true }],
  [Buffer.from([0xff, 0x00]), { encoding: "base64", content: "/wA=", isWhole: true }],
])("shows the payload %j", (payload, shown) => {
  expect(sample({ payload }).payload).toEqual(shown);
});

test("shows the first 4 KiB of a payload and cuts no character", () => {
  const { payload } = sample({ payload: `x${"ø".repeat(4000)}` });

  expect(payload).toEqual({ encoding: "utf8", content: `x${"ø".repeat(2047)}`, isWhole: false });
});

test("has no payload unless it is asked for", () => {
  expect(JSON.stringify(sample({}, false))).not.toContain("hello");
});

test.each([0, 100, 20_000, 2_100_000])("knows the length of a packet with %d bytes of payload", (length) => {
  const { bytes, source } = sample({ payload: Buffer.alloc(length) });

  expect(source.bytes).toBe(bytes.length);
});

test("says why a message can't be delivered", () => {
  const view = new PublishView().readPacket(
    encode({ cmd: "publish", qos: 0, dup: false, retain: false, topic: "plant", payload: "" }),
  );

  const sent = { undeliverable: "the topic lacks a level" };
  expect(describeSample({ dataflow: "upward", view, sent, withPayload: false })).toMatchObject({
    destination: null,
    problem: "the topic lacks a level",
  });
});
