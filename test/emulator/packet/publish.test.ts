import { generate } from "mqtt-packet";
import type { IPublishPacket } from "mqtt-packet";

import { readMessageProperties } from "../../../emulator/packet/message-properties.ts";
import { encodePublish, parsePublish } from "../../../emulator/packet/publish.ts";

const base: IPublishPacket = {
  cmd: "publish",
  topic: "a/b",
  qos: 1,
  dup: true,
  retain: true,
  payload: "p",
  messageId: 9,
};

function encoded(packet: Partial<IPublishPacket>): Buffer {
  return generate({ ...base, ...packet }, { protocolVersion: 5 });
}

/** User property "name" = "value" as it stands in a packet. */
function userProperty(name: string, value: string): Buffer {
  const text = (part: string) => Buffer.concat([Buffer.from([0, part.length]), Buffer.from(part)]);
  return Buffer.concat([Buffer.from([0x26]), text(name), text(value)]);
}

test("reads what mqtt-packet wrote", () => {
  const correlationData = Buffer.from([0, 1, 2]);
  const properties = {
    messageExpiryInterval: 60,
    topicAlias: 3,
    responseTopic: "r",
    contentType: "t",
    correlationData,
  };

  const packet = parsePublish(encoded({ properties: { ...properties, payloadFormatIndicator: true } }));

  expect(packet).toMatchObject({ topic: "a/b", qos: 1, dup: true, retain: true, packetIdentifier: 9 });
  expect(packet).toMatchObject({ messageExpirySeconds: 60, topicAlias: 3, payload: Buffer.from("p") });
  expect(readMessageProperties(packet.keptProperties)).toEqual({
    payloadFormatIndicator: true,
    responseTopic: "r",
    contentType: "t",
    correlationData,
    userProperties: [],
  });
});

test("writes what mqtt-packet writes", () => {
  const header = { topic: "a/b", qos: 1, dup: true, retain: true, packetIdentifier: 9, messageExpirySeconds: 60 };

  const bytes = encodePublish({ ...header, subscriptionIdentifiers: [200, 5] }, Buffer.alloc(0), Buffer.from("p"));

  const properties = { messageExpiryInterval: 60, subscriptionIdentifier: [200, 5] };
  expect(bytes.toString("hex")).toBe(encoded({ properties }).toString("hex"));
});

test("keeps user properties in their order, duplicates and empty values included [MQTT-3.3.2-18]", () => {
  const kept = Buffer.concat([
    userProperty("b", ""),
    userProperty("a", "1"),
    userProperty("b", "2"),
    userProperty("7", "3"),
    userProperty("a", "1"),
  ]);

  const packet = parsePublish(encodePublish({ ...base, packetIdentifier: 9 }, kept, Buffer.from("p")));

  expect(packet.keptProperties.equals(kept)).toBe(true);
  expect(readMessageProperties(packet.keptProperties).userProperties).toEqual([
    ["b", ""],
    ["a", "1"],
    ["b", "2"],
    ["7", "3"],
    ["a", "1"],
  ]);
});

test.each([0, 127, 128, 16_383, 16_384, 2_097_152])("round-trips a payload of %i bytes", (payloadBytes) => {
  const payload = Buffer.alloc(payloadBytes, 7);

  const packet = parsePublish(encodePublish({ ...base, packetIdentifier: 9 }, Buffer.alloc(0), payload));

  expect(packet.payload.equals(payload)).toBe(true);
});

test.each([
  ["QoS 3 [MQTT-3.3.1-4]", Buffer.from([0x36, 0x04, 0x00, 0x01, 0x61, 0x00]), 0x81],
  ["a topic beyond the packet", Buffer.from([0x30, 0x03, 0x00, 0x09, 0x61]), 0x81],
  ["a topic that is not UTF-8 [MQTT-3.3.2-1]", Buffer.from([0x30, 0x04, 0x00, 0x01, 0xff, 0x00]), 0x81],
  ["packet identifier 0 [MQTT-2.2.1-3]", Buffer.from([0x32, 0x06, 0x00, 0x01, 0x61, 0x00, 0x00, 0x00]), 0x82],
  ["an unknown property", Buffer.from([0x30, 0x06, 0x00, 0x01, 0x61, 0x02, 0x7f, 0x00]), 0x81],
  ["a Property Length beyond the packet", Buffer.from([0x30, 0x04, 0x00, 0x01, 0x61, 0x09]), 0x81],
  ["a property beyond the Property Length", Buffer.from([0x30, 0x06, 0x00, 0x01, 0x61, 0x02, 0x02, 0x00]), 0x81],
  ["a payload format indicator of 2", Buffer.from([0x30, 0x06, 0x00, 0x01, 0x61, 0x02, 0x01, 0x02]), 0x82],
  ["a property twice", Buffer.from([0x30, 0x08, 0x00, 0x01, 0x61, 0x04, 0x01, 0x01, 0x01, 0x01]), 0x82],
  ["a subscription identifier [MQTT-3.3.4-6]", Buffer.from([0x30, 0x06, 0x00, 0x01, 0x61, 0x02, 0x0b, 0x05]), 0x82],
  [
    "a response topic with a wildcard [MQTT-3.3.2-14]",
    Buffer.from([0x30, 0x08, 0x00, 0x01, 0x61, 0x04, 0x08, 0x00, 0x01, 0x23]),
    0x82,
  ],
])("refuses %s", (_, bytes, reasonCode) => {
  expect(() => parsePublish(bytes)).toThrow(expect.objectContaining({ reasonCode }));
});
