import fc from "fast-check";
import type { IPublishPacket, Packet } from "mqtt-packet";

const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) => !value.includes("\u0000"));
const propertyName = text.filter((name) => name !== "__proto__");

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((values) => Buffer.from(values));

const topic = text.filter((value) => value !== "" && !/[+#]/.test(value));

/** Each property that a PUBLISH may carry, present or not; a user property may come more than once. */
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.nat(0xffff_ffff),
    contentType: text,
    responseTopic: topic,
    correlationData: bytes(40),
    subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }),
    userProperties: fc.dictionary(propertyName, fc.array(text, { minLength: 1, maxLength: 3 }), {
      minKeys: 1,
      maxKeys: 4,
    }),
  },
  { requiredKeys: [] },
);

/** A PUBLISH of QoS 0 or 1 as a server may send it. */
export const publishPacket: fc.Arbitrary<IPublishPacket> = fc
  .record({
    topic,
    qos: fc.constantFrom(0 as const, 1 as const),
    dup: fc.boolean(),
    retain: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    payload: fc.oneof(bytes(64), bytes(2000)),
    properties,
  })
  .map(({ qos, dup, messageId, ...rest }) =>
    qos === 0 ? { cmd: "publish", qos, dup: false, ...rest } : { cmd: "publish", qos, dup, messageId, ...rest },
  );

const packetId = fc.integer({ min: 1, max: 65_535 });

/** Any packet that a server sends after CONNACK. */
export const serverPacket: fc.Arbitrary<Packet> = fc.oneof(
  publishPacket,
  fc.record({ cmd: fc.constant("puback" as const), messageId: packetId, reasonCode: fc.constantFrom(0, 0x10, 0x87) }),
  fc.record({
    cmd: fc.constant("suback" as const),
    messageId: packetId,
    granted: fc.array(fc.constantFrom(0, 1, 0x87), { minLength: 1 }),
  }),
  fc.constant<Packet>({ cmd: "pingresp" }),
  fc.record({ cmd: fc.constant("disconnect" as const), reasonCode: fc.constantFrom(0, 0x8e) }),
);
