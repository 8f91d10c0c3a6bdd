import fc from "fast-check";
import type { IPublishPacket } from "mqtt-packet";

import { PropertyId } from "../../../runtime/contract/mqtt-properties.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { malformedPacket, ProtocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import {
  clearRetain,
  encodePuback,
  pubackBytes,
  encodePublish,
  wholeProperties,
  forEachProperty,
  PublishView,
  stampExpiry,
  stampPublish,
} from "../../../runtime/mqtt/publish.ts";
import { Slab } from "../../../runtime/mqtt/slab.ts";
import { publishPacket } from "./arbitrary-packets.ts";
import { decode, encode } from "./scripted-broker.ts";

/** Reads one PUBLISH as the connection does. */
function viewOf(bytes: Buffer): PublishView {
  const view = new PublishView();
  new PacketReader((packet, start, end, headerLength) => view.read(packet, start, end, headerLength)).push(bytes);
  return view;
}

function encodeTest(packet: Partial<IPublishPacket> = {}): Buffer {
  return encode({
    cmd: "publish",
    qos: 1,
    messageId: 3,
    dup: false,
    retain: false,
    topic: "a/b",
    payload: "hi",
    ...packet,
  });
}

/** Decodes one packet, without its length, which changes with its parts. */
function decodeOne(bytes: Buffer): Record<string, unknown> {
  const packets = decode(bytes);
  expect(packets).toHaveLength(1);
  const { length, ...rest } = packets[0]!;
  expect(typeof length).toBe("number");
  return { ...rest };
}

const parts = fc.record(
  {
    qos: fc.constantFrom(0, 1),
    retain: fc.boolean(),
    topic: fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }).filter((topic) => !/[+#\u0000]/.test(topic)),
  },
  { requiredKeys: ["qos", "retain"] },
);

describe("encodePublish", () => {
  test("changes what it is told to and leaves the rest as it came", () => {
    fc.assert(
      fc.property(publishPacket, parts, fc.integer({ min: 1, max: 65_535 }), (packet, { topic, ...flags }, id) => {
        const bytes = encode(packet);

        const encoded = encodePublish(viewOf(bytes), {
          ...flags,
          ...(topic === undefined ? {} : { topic: Buffer.from(topic) }),
        });
        if (flags.qos > 0) stampPublish(encoded, id, false);

        const { messageId, ...came } = decodeOne(bytes);
        expect(messageId).toBe(packet.messageId);
        expect(decodeOne(encoded.packet)).toEqual({
          ...came,
          ...flags,
          dup: false,
          topic: topic ?? packet.topic,
          ...(flags.qos > 0 ? { messageId: id } : {}),
        });
      }),
    );
  });

  test("copies a PUBLISH of which nothing changes byte for byte", () => {
    fc.assert(
      fc.property(publishPacket, ({ dup: _dup, ...packet }) => {
        const bytes = encode({ ...packet, dup: false });
        const view = viewOf(bytes);

        const encoded = encodePublish(view, { qos: view.qos, retain: view.retain });
        if (view.qos > 0) stampPublish(encoded, view.packetId, false);

        expect(encoded.packet.equals(bytes)).toBe(true);
      }),
    );
  });

  test("keeps a copy of its own, since the bytes of a view are used again", () => {
    const bytes = encodeTest({ payload: "first" });
    const encoded = encodePublish(viewOf(bytes), { qos: 0, retain: false });

    bytes.fill(0);

    expect(decodeOne(encoded.packet)).toMatchObject({ topic: "a/b", payload: Buffer.from("first") });
  });

  describe("of a message with properties of its connection", () => {
    /** Subscription Identifiers of one, two, three and four bytes. */
    const hopProperties = [
      [0x0b, 0x80, 0x80, 1],
      [0x0b, 1],
      [0x0b, 0x80, 1],
      [0x0b, 0xff, 0xff, 0xff, 0x7f],
    ];
    const others = [
      [0x01, 1],
      [0x02, 0, 0, 1, 0],
      [0x03, 0, 1, 97],
      [0x26, 0, 1, 97, 0, 1, 98],
    ];
    /** All but a Subscription Identifier and a user property come once. */
    const isFirstOfItsKind = ({ bytes: [kind] }: { bytes: number[] }, at: number, all: { bytes: number[] }[]) =>
      kind === 0x0b || kind === 0x26 || all.findIndex(({ bytes }) => bytes[0] === kind) === at;
    const build = (properties: number[][], payload: Buffer, qos: 0 | 1) => {
      const bytes = properties.flat();
      const head = [0, 3, 97, 47, 98, ...(qos > 0 ? [0, 7] : []), bytes.length];
      const remaining = head.length + bytes.length + payload.length;
      const length =
        remaining < 128 ? [remaining] : [(remaining & 127) | 128, ((remaining >> 7) & 127) | 128, remaining >> 14];
      return Buffer.concat([Buffer.of(0x30 | (qos << 1), ...length, ...head, ...bytes), payload]);
    };
    const read = (bytes: Buffer, isOwn: boolean) =>
      new PublishView().read(bytes, 0, bytes.length, bytes.length < 130 ? 2 : 4, isOwn).scanProperties();

    test("leaves them out wherever they stand, and makes what it would make without them", () => {
      const property = fc.oneof(
        fc.record({ bytes: fc.constantFrom(...hopProperties), isHop: fc.constant(true) }),
        fc.record({ bytes: fc.constantFrom(...others), isHop: fc.constant(false) }),
      );
      const payload = fc.constantFrom(Buffer.from("12"), Buffer.alloc(20_000, "x"));
      const qos = fc.constantFrom(0 as const, 1 as const);

      fc.assert(
        fc.property(
          fc.array(property, { maxLength: 8 }).map((some) => some.filter(isFirstOfItsKind)),
          payload,
          qos,
          fc.boolean(),
          (properties, body, level, isOwn) => {
            const came = build(
              properties.map(({ bytes }) => bytes),
              body,
              level,
            );
            const wanted = build(
              properties.filter(({ isHop }) => !isHop).map(({ bytes }) => bytes),
              body,
              level,
            );
            const expected = encodePublish(read(wanted, false), { qos: level, retain: false });

            const encoded = encodePublish(read(came, isOwn && body.length > 100), { qos: level, retain: false });

            expect(encoded.packet.equals(expected.packet)).toBe(true);
            expect([encoded.packetIdOffset, encoded.expirySeconds]).toEqual([
              expected.packetIdOffset,
              expected.expirySeconds,
            ]);
            if (encoded.expiryOffset > 0) stampExpiry(encoded, 9);
            if (expected.expiryOffset > 0) stampExpiry(expected, 9);
            expect(encoded.packet.equals(expected.packet)).toBe(true);
          },
        ),
        { numRuns: 1000 },
      );
    });

    test("does not copy a large one whose bytes nobody else uses", () => {
      const came = build(
        [
          [0x03, 0, 1, 97],
          [0x0b, 0xff, 0xff, 0xff, 0x7f],
        ],
        Buffer.alloc(20_000, "x"),
        1,
      );

      expect(encodePublish(read(came, true), { qos: 1, retain: false }).bytes).toBe(came);
    });

    test("reads its identifiers", () => {
      const view = read(
        build(
          [
            [0x0b, 1],
            [0x01, 1],
            [0x0b, 0x80, 1],
          ],
          Buffer.alloc(0),
          1,
        ),
        false,
      );

      expect(view.identifiers.slice(0, view.identifierCount)).toEqual([1, 128]);
    });
  });

  describe("of a large message whose bytes nobody else uses", () => {
    const properties = { messageExpiryInterval: 60, userProperties: { a: "1" } };
    const read = (packet: Buffer, isOwn: boolean) => {
      const bytes = Buffer.from(packet);
      return new PublishView().read(bytes, 0, bytes.length, findHeaderLength(bytes), isOwn).scanProperties();
    };
    const findHeaderLength = (bytes: Buffer) => 2 + bytes.subarray(1, 5).findIndex((byte) => byte < 0x80);
    const large = (qos: 0 | 1) =>
      encodeTest({ qos, retain: true, dup: qos === 1, payload: Buffer.alloc(20_000, "x"), properties });

    test.each([0, 1] as const)("takes those in place of a copy, with QoS %d, and makes the same of them", (qos) => {
      const own = read(large(qos), true);
      const { bytes } = own;
      const copied = encodePublish(read(large(qos), false), { qos, retain: false });

      const taken = encodePublish(own, { qos, retain: false });
      expect(taken.packet.equals(copied.packet)).toBe(true);
      for (const encoded of [taken, copied]) {
        if (qos > 0) stampPublish(encoded, 77, false);
        stampExpiry(encoded, 5);
      }

      expect(taken.bytes).toBe(bytes);
      expect(taken.packet.equals(copied.packet)).toBe(true);
      expect(decodeOne(taken.packet)).toMatchObject({
        qos,
        retain: false,
        dup: false,
        properties: { messageExpiryInterval: 5 },
      });
    });

    test("leaves the view right for whoever names the message afterwards: the tap, and a line of the log", () => {
      const view = read(
        encodeTest({
          topic: "plant/line/oven",
          payload: Buffer.alloc(20_000, "x"),
          properties: { ...properties, subscriptionIdentifier: 268_435_455 },
        }),
        true,
      );

      const { bytes } = encodePublish(view, { qos: 1, retain: false });

      expect(bytes).toBe(view.bytes);
      expect(view.topic).toBe("plant/line/oven");
      const names: number[] = [];
      forEachProperty(view, (identifier) => names.push(identifier));
      expect(names.sort()).toEqual([PropertyId.messageExpiryInterval, PropertyId.userProperty]);
      expect(view.bytes.readUInt32BE(view.expiryAt)).toBe(60);
      expect(view.bytes.toString("latin1", view.propertiesEnd, view.propertiesEnd + 3)).toBe("xxx");
    });

    test.each([
      ["the topic", { qos: 1, topic: Buffer.from("c") }],
      ["the properties", { qos: 1, properties: wholeProperties(Buffer.alloc(0)) }],
      ["the QoS", { qos: 0 }],
    ])("copies them where %s changes", (_what, parts) => {
      const view = read(large(1), true);

      expect(encodePublish(view, { retain: false, ...parts }).bytes).not.toBe(view.bytes);
    });

    test("copies them when they have been taken once", () => {
      const view = read(large(1), true);
      const first = encodePublish(view, { qos: 1, retain: false });

      expect(encodePublish(view, { qos: 1, retain: false }).bytes).not.toBe(first.bytes);
    });

    test("copies them where the length came in more bytes than it takes, which MQTT forbids", () => {
      const packet = large(1);
      const longer = Buffer.concat([packet.subarray(0, 3), Buffer.of((packet[3] ?? 0) | 0x80, 0), packet.subarray(4)]);

      const encoded = encodePublish(read(longer, true), { qos: 1, retain: false });
      stampPublish(encoded, 77, false);

      expect(encoded.length).toBe(packet.length);
      expect(decodeOne(encoded.packet)).toMatchObject({ topic: "a/b", qos: 1 });
    });
  });

  test("replaces all properties by those that it is given", () => {
    const view = viewOf(encodeTest({ properties: { contentType: "text/plain", userProperties: { a: "1" } } }));
    const properties = wholeProperties(Buffer.from([PropertyId.payloadFormatIndicator, 1]));

    const encoded = encodePublish(view, { qos: 0, retain: false, properties });

    expect(decodeOne(encoded.packet)).toMatchObject({ properties: { payloadFormatIndicator: true } });
  });

  test.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])("writes a remaining length of %d bytes", (remaining) => {
    const overhead = 2 + 3 + 2 + 1; // topic with its length, packet identifier, empty properties
    const view = viewOf(encodeTest({ payload: Buffer.alloc(remaining - overhead) }));

    const encoded = encodePublish(view, { qos: 1, retain: false });
    stampPublish(encoded, 1, false);

    expect(decode(encoded.packet)[0]?.length).toBe(remaining);
  });

  test("leaves no packet identifier where the QoS falls to 0, and makes room for one where it rises to 1", () => {
    const lowered = encodePublish(viewOf(encodeTest({ qos: 1 })), { qos: 0, retain: false });
    const raised = encodePublish(viewOf(encodeTest({ qos: 0 })), { qos: 1, retain: false });

    expect(lowered.packetIdOffset).toBe(0);
    expect(raised.packet).toHaveLength(lowered.packet.length + 2);
  });
});

describe("stampPublish", () => {
  test("sets the packet identifier and DUP, and takes DUP back", () => {
    const encoded = encodePublish(viewOf(encodeTest({ retain: true })), { qos: 1, retain: true });

    stampPublish(encoded, 0xabcd, true);
    expect(decodeOne(encoded.packet)).toMatchObject({ messageId: 0xabcd, dup: true, retain: true, qos: 1 });

    stampPublish(encoded, 1, false);
    expect(decodeOne(encoded.packet)).toMatchObject({ messageId: 1, dup: false, retain: true, qos: 1 });
  });
});

describe("clearRetain", () => {
  test("clears the flag and tells whether it was set", () => {
    const encoded = encodePublish(viewOf(encodeTest({ retain: true })), { qos: 0, retain: true });

    expect([clearRetain(encoded), clearRetain(encoded)]).toEqual([true, false]);
    expect(decodeOne(encoded.packet)).toMatchObject({ retain: false });
  });
});

describe("encodePuback", () => {
  test.each([1, 255, 256, 65_535])("acknowledges %d in four bytes, without a reason code", (packetId) => {
    const slab = new Slab();
    encodePuback(7, slab);
    const bytes = encodePuback(packetId, slab).subarray(slab.start, slab.start + pubackBytes);

    expect(bytes).toHaveLength(4);
    expect(decode(bytes)).toEqual([expect.objectContaining({ cmd: "puback", messageId: packetId })]);
  });
});

describe("forEachProperty", () => {
  test("walks over user properties in their order, equal names included", () => {
    const properties = Buffer.concat(
      ["b=1", "a=1", "b=2", "b=1"].map((pair) => {
        const [name = "", value = ""] = pair.split("=");
        return Buffer.concat([Buffer.of(0x26, 0, 1), Buffer.from(name), Buffer.of(0, 1), Buffer.from(value)]);
      }),
    );
    const source = viewOf(encodeTest());
    const view = viewOf(
      encodePublish(source, { qos: 0, retain: false, properties: wholeProperties(properties) }).packet,
    );
    const forwarded = encodePublish(view, { qos: 0, retain: false });

    const seen: string[] = [];
    forEachProperty(viewOf(forwarded.packet), (_identifier, start) => {
      seen.push(
        `${String.fromCharCode(forwarded.packet[start + 3] ?? 0)}=${String.fromCharCode(forwarded.packet[start + 6] ?? 0)}`,
      );
    });

    expect(seen).toEqual(["b=1", "a=1", "b=2", "b=1"]);
  });

  test("covers the properties without a gap", () => {
    fc.assert(
      fc.property(publishPacket, (packet) => {
        const view = viewOf(encode(packet));
        let position = view.propertiesStart;

        forEachProperty(view, (_identifier, start, end) => {
          expect(start).toBe(position);
          position = end;
        });

        expect(position).toBe(view.propertiesEnd);
      }),
    );
  });

  test("refuses a property that a PUBLISH can't carry", () => {
    const properties = Buffer.of(PropertyId.contentType, 0, 0);
    const { packet } = encodePublish(viewOf(encodeTest()), {
      qos: 0,
      retain: false,
      properties: wholeProperties(properties),
    });
    packet[packet.indexOf(properties)] = 0x21;
    const view = viewOf(packet);

    expect(() => {
      forEachProperty(view, () => undefined);
    }).toThrow(malformedPacket("a PUBLISH with the property 0x21, which it can't have"));
  });
});

describe("PublishView", () => {
  test("reads what mqtt-packet has written", () => {
    fc.assert(
      fc.property(publishPacket, (packet) => {
        const view = viewOf(encode(packet));

        const { topic, qos, dup, retain, messageId = 0, payload } = packet;
        expect({
          topic: view.topic,
          qos: view.qos,
          dup: view.dup,
          retain: view.retain,
          packetId: view.packetId,
        }).toEqual({
          topic,
          qos,
          dup,
          retain,
          packetId: messageId,
        });
        expect(view.bytes.subarray(view.propertiesEnd, view.end).equals(payload as Buffer)).toBe(true);
        expect(view.payloadBytes).toBe(payload.length);
      }),
    );
  });

  test.each<[string, number[]]>([
    ["QoS 2, which is never asked for", [0x34, 6, 0, 1, 97, 0, 1, 0]],
    ["QoS 3", [0x36, 6, 0, 1, 97, 0, 1, 0]],
    ["packet identifier 0", [0x32, 6, 0, 1, 97, 0, 0, 0]],
    ["a topic that is longer than the packet", [0x30, 4, 0, 9, 97, 0]],
    ["no room for the topic's length", [0x30, 1, 0]],
    ["no room for the packet identifier", [0x32, 4, 0, 1, 97, 0]],
    ["no properties' length", [0x30, 3, 0, 1, 97]],
    ["properties that are longer than the packet", [0x30, 4, 0, 1, 97, 5]],
    ["a properties' length of five bytes", [0x30, 8, 0, 1, 97, 0x80, 0x80, 0x80, 0x80, 0]],
    ["a properties' length that is longer than it need be", [0x30, 5, 0, 1, 97, 0x80, 0]],
  ])("refuses %s", (_case, bytes) => {
    expect(() => viewOf(Buffer.from(bytes))).toThrow(ProtocolError);
  });

  /** Everything that forwarding reads of a PUBLISH. */
  function readAll(bytes: Buffer): void {
    const view = viewOf(bytes);
    forEachProperty(view, () => undefined);
    encodePublish(view, { qos: 1, retain: view.retain, topic: Buffer.from(view.topic) });
  }

  test("throws nothing but ProtocolError on random bytes", () => {
    fc.assert(
      fc.property(fc.constantFrom(0x30, 0x31, 0x32, 0x3b, 0x34), fc.uint8Array({ maxLength: 100 }), (first, rest) => {
        try {
          readAll(Buffer.from([first, rest.length, ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("throws nothing but ProtocolError on a PUBLISH of which one byte was changed", () => {
    fc.assert(
      fc.property(publishPacket, fc.nat(), fc.nat(255), (packet, position, value) => {
        const bytes = encode(packet);
        // The flags and the length in front are another's: the packet reader's.
        bytes[4 + (position % (bytes.length - 4))] = value;
        try {
          readAll(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
