import fc from "fast-check";

import { FaultCode, ProtocolError } from "../../../../runtime/mqtt/wire/protocol-error.ts";
import {
  checkFirstByte,
  readAnswer,
  readAuth,
  readConnack,
  readDisconnect,
  readPingresp,
  readPuback,
  type PacketBytes,
} from "../../../../runtime/mqtt/wire/server-packets.ts";
import { connack, encode } from "../scripted-broker.ts";

const { malformedPacket, protocolError } = FaultCode;

function packetOf(bytes: Buffer | readonly number[]): PacketBytes {
  const whole = Buffer.from(bytes);
  const headerLength = ((whole[1] ?? 0) & 0x80) === 0 ? 2 : 3;
  return { bytes: whole, start: 0, end: whole.length, headerLength };
}

/** Runs what is to throw; returns the reason code. */
function faultOf(act: () => unknown): number | undefined {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return (error as ProtocolError).reasonCode;
  }
  return undefined;
}

describe("readPuback", () => {
  const read = (bytes: number[]) => readPuback(Buffer.from(bytes), 0, bytes.length, 2);

  test.each<[string, number[], [number, number]]>([
    ["two bytes, without a reason code", [0x40, 2, 0x12, 0x34], [0x1234, 0]],
    ["three bytes, with a reason code", [0x40, 3, 0, 7, 0x87], [7, 0x87]],
    ["four bytes, with empty properties", [0x40, 4, 0, 7, 0x10, 0], [7, 0x10]],
    ["a reason string behind it", [0x40, 8, 0, 7, 0x97, 4, 0x1f, 0, 1, 97], [7, 0x97]],
  ])("reads %s", (_case, bytes, expected) => {
    expect(read(bytes)).toEqual(expected);
  });

  test("reads a packet in the middle of a chunk and no byte behind it", () => {
    const chunk = Buffer.from([0xff, 0x40, 2, 0, 9, 0x87]);

    expect(readPuback(chunk, 1, 5, 2)).toEqual([9, 0]);
  });

  test.each<[string, number[], number]>([
    ["without a packet identifier", [0x40, 0], malformedPacket],
    ["with half a packet identifier", [0x40, 1, 5], malformedPacket],
    ["with packet identifier 0", [0x40, 2, 0, 0], protocolError],
    ["with flags", [0x42, 2, 0, 5], malformedPacket],
    ["with properties that end behind it", [0x40, 4, 0, 5, 0, 1], malformedPacket],
    ["with bytes behind its properties", [0x40, 5, 0, 5, 0, 0, 0], malformedPacket],
    ["with a property of another packet", [0x40, 9, 0, 5, 0, 5, 0x11, 0, 0, 0, 1], malformedPacket],
    ["with two reason strings", [0x40, 10, 0, 5, 0, 6, 0x1f, 0, 0, 0x1f, 0, 0], protocolError],
    ["with a reason string that is no UTF-8", [0x40, 8, 0, 5, 0, 4, 0x1f, 0, 1, 0xff], malformedPacket],
    ["with U+0000 in a user property", [0x40, 10, 0, 5, 0, 6, 0x26, 0, 1, 0, 0, 0], malformedPacket],
  ])("refuses one %s", (_case, bytes, code) => {
    expect(faultOf(() => read(bytes))).toBe(code);
  });
});

describe("readConnack", () => {
  test("reads what it announces", () => {
    const properties = { receiveMaximum: 5, retainAvailable: false, maximumQoS: 1, reasonString: "ok" };

    expect(readConnack(packetOf(encode(connack({ sessionPresent: true, properties }))))).toEqual({
      sessionPresent: true,
      reasonCode: 0,
      properties,
    });
  });

  test("reads a refusal without properties", () => {
    expect(readConnack(packetOf([0x20, 2, 0, 0x88]))).toEqual({
      sessionPresent: false,
      reasonCode: 0x88,
      properties: {},
    });
  });

  test.each<[string, number[], number]>([
    ["without properties that accepts", [0x20, 2, 0, 0], malformedPacket],
    ["with reserved flags", [0x20, 3, 2, 0, 0], malformedPacket],
    ["with flags in its first byte", [0x21, 3, 0, 0, 0], malformedPacket],
    ["that refuses and says Session Present", [0x20, 3, 1, 0x88, 0], protocolError],
    ["with Receive Maximum 0", [0x20, 6, 0, 0, 3, 0x21, 0, 0], protocolError],
    ["with Maximum Packet Size 0", [0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0], protocolError],
    ["with Maximum QoS 2", [0x20, 5, 0, 0, 2, 0x24, 2], protocolError],
    ["with a flag that is 2", [0x20, 5, 0, 0, 2, 0x28, 2], protocolError],
    ["with a property twice", [0x20, 7, 0, 0, 4, 0x25, 1, 0x25, 1], protocolError],
    ["with a property of PUBLISH", [0x20, 5, 0, 0, 2, 0x01, 1], malformedPacket],
    ["with a length of properties that is too long for its value", [0x20, 4, 0, 0, 0x80, 0], malformedPacket],
  ])("refuses one %s", (_case, bytes, code) => {
    expect(faultOf(() => readConnack(packetOf(bytes)))).toBe(code);
  });
});

describe("readAnswer", () => {
  test.each([0x90, 0xb0])(
    "reads every code of a packet 0x%s, so that one that nobody knows is that of its filter only",
    (first) => {
      const codes = Array.from({ length: 256 }, (_, code) => code);
      for (const properties of [[0], [4, 0x1f, 0, 1, 97]]) {
        const body = [0, 5, ...properties, ...codes];
        const bytes = [first, (body.length & 0x7f) | 0x80, body.length >> 7, ...body];

        expect(readAnswer(packetOf(bytes))).toEqual({ packetId: 5, codes });
      }
    },
  );

  test.each<[string, number[], number]>([
    ["without an identifier", [0x90, 0], malformedPacket],
    ["with identifier 0", [0x90, 4, 0, 0, 0, 1], protocolError],
    ["without properties, as in MQTT 3.1.1", [0xb0, 2, 0, 5], malformedPacket],
    ["whose properties are longer than it is", [0x90, 4, 0, 5, 9, 0], malformedPacket],
    ["with flags", [0x92, 4, 0, 5, 0, 1], malformedPacket],
  ])("refuses one %s", (_case, bytes, code) => {
    expect(faultOf(() => readAnswer(packetOf(bytes)))).toBe(code);
  });
});

describe("readDisconnect", () => {
  test.each([0x00, 0x04, 0x05, 0x7f, 0x85, 0x92, 0xff])(
    "reads code %d, whatever it is: it has ended the connection all the same",
    (reasonCode) => {
      const reason = [4, 0x1f, 0, 1, 97];

      expect(readDisconnect(packetOf([0xe0, 1, reasonCode]))).toMatchObject({ reasonCode });
      expect(readDisconnect(packetOf([0xe0, 2, reasonCode, 0]))).toMatchObject({ reasonCode });
      expect(readDisconnect(packetOf([0xe0, 6, reasonCode, ...reason]))).toEqual({ reasonCode, reasonString: "a" });
    },
  );

  test("reads one without a code as one with 0", () => {
    expect(readDisconnect(packetOf([0xe0, 0]))).toEqual({ reasonCode: 0, reasonString: undefined });
  });

  test.each<[string, number[], number]>([
    ["whose properties are longer than it is", [0xe0, 2, 0, 9], malformedPacket],
    ["with flags", [0xe1, 0], malformedPacket],
    ["with a session expiry interval, which only a client sends", [0xe0, 7, 0, 5, 0x11, 0, 0, 0, 0], malformedPacket],
  ])("refuses one %s", (_case, bytes, code) => {
    expect(faultOf(() => readDisconnect(packetOf(bytes)))).toBe(code);
  });
});

describe("readAuth", () => {
  const method = [0x15, 0, 1, 97];

  test.each<[string, number[], object]>([
    ["nothing", [0xf0, 0], { reasonCode: 0, authenticationMethod: undefined }],
    ["a success without properties", [0xf0, 2, 0, 0], { reasonCode: 0, authenticationMethod: undefined }],
    ["a success with its method", [0xf0, 6, 0, 4, ...method], { reasonCode: 0, authenticationMethod: "a" }],
    ["another step", [0xf0, 6, 0x18, 4, ...method], { reasonCode: 0x18, authenticationMethod: "a" }],
  ])("reads one with %s", (_case, bytes, expected) => {
    expect(readAuth(packetOf(bytes))).toEqual(expected);
  });

  test.each<[string, number[], number]>([
    ["that ends behind its code", [0xf0, 1, 0], malformedPacket],
    ["with flags", [0xf8, 0], malformedPacket],
    ["with another step and no method", [0xf0, 2, 0x18, 0], protocolError],
    ["with data and no method", [0xf0, 5, 0, 3, 0x16, 0, 0], protocolError],
    ["with a code of a client", [0xf0, 6, 0x19, 4, ...method], protocolError],
    ["with its method twice", [0xf0, 10, 0, 8, ...method, ...method], protocolError],
  ])("refuses one %s", (_case, bytes, code) => {
    expect(faultOf(() => readAuth(packetOf(bytes)))).toBe(code);
  });
});

test.each<[string, number[]]>([
  ["with a byte behind its header", [0xd0, 1, 0]],
  ["with flags", [0xd1, 0]],
])("readPingresp refuses one %s", (_case, bytes) => {
  expect(faultOf(() => readPingresp(packetOf(bytes)))).toBe(malformedPacket);
});

test.each([
  [0x00, malformedPacket],
  [0x10, protocolError],
  [0x50, protocolError],
  [0x62, protocolError],
  [0x60, malformedPacket],
  [0x70, protocolError],
  [0x82, protocolError],
  [0xa2, protocolError],
  [0xc0, protocolError],
  [0xd1, malformedPacket],
  [0xd0, undefined],
  [0x3f, undefined],
])("checkFirstByte judges 0x%s by its type and flags", (firstByte, code) => {
  expect(
    faultOf(() => {
      checkFirstByte(firstByte);
    }),
  ).toBe(code);
});

test("whatever the bytes, nothing but ProtocolError is thrown", () => {
  const readers = [readConnack, readAnswer, readPingresp, readDisconnect, readAuth];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(255), (rest, first) => {
      const packet = packetOf([first, rest.length, ...rest]);
      for (const read of readers) faultOf(() => read(packet));
      faultOf(() => readPuback(packet.bytes, 0, packet.end, 2));
    }),
    { numRuns: 1000 },
  );
});
