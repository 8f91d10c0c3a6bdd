import fc from "fast-check";

import {
  decodeControlPacket,
  encodeControlPacket,
  firstControlPacketId,
  lastControlPacketId,
  readPuback,
} from "../../../runtime/mqtt/control-packets.ts";
import { ProtocolError } from "../../../runtime/mqtt/packet-reader.ts";
import { encode } from "./scripted-broker.ts";

describe("readPuback", () => {
  test.each<[string, number[], [number, number]]>([
    ["two bytes, without a reason code", [0x40, 2, 0x12, 0x34], [0x1234, 0]],
    ["three bytes, with a reason code", [0x40, 3, 0, 7, 0x87], [7, 0x87]],
    ["four bytes, with empty properties", [0x40, 4, 0, 7, 0x10, 0], [7, 0x10]],
    ["a reason string behind it", [0x40, 8, 0, 7, 0x97, 4, 0x1f, 0, 1, 97], [7, 0x97]],
  ])("reads %s", (_case, bytes, expected) => {
    expect(readPuback(Buffer.from(bytes), 0, bytes.length, 2)).toEqual(expected);
  });

  test("reads a packet in the middle of a chunk and no byte behind it", () => {
    const chunk = Buffer.from([0xff, 0x40, 2, 0, 9, 0x87]);

    expect(readPuback(chunk, 1, 5, 2)).toEqual([9, 0]);
  });

  test.each([[[0x40, 0]], [[0x40, 1, 5]]])("refuses %j, which has no packet identifier", (bytes) => {
    expect(() => readPuback(Buffer.from(bytes), 0, bytes.length, 2)).toThrow(ProtocolError);
  });
});

describe("decodeControlPacket", () => {
  test("reads what the server sends", () => {
    const bytes = encode({ cmd: "suback", messageId: 5, granted: [1, 0x87] });

    expect(decodeControlPacket(bytes)).toMatchObject({ cmd: "suback", messageId: 5, granted: [1, 0x87] });
  });

  test.each([0x00, 0x04, 0x05, 0x7f, 0x85, 0x92, 0xff])(
    "reads code %d of a DISCONNECT, whatever it is: it has ended the connection all the same",
    (code) => {
      const expected = { cmd: "disconnect", reasonCode: code };
      const reason = [4, 0x1f, 0, 1, 97];

      expect(decodeControlPacket(Buffer.from([0xe0, 1, code]))).toMatchObject(expected);
      expect(decodeControlPacket(Buffer.from([0xe0, 2, code, 0]))).toMatchObject(expected);
      expect(decodeControlPacket(Buffer.from([0xe0, 6, code, ...reason]))).toMatchObject({
        ...expected,
        properties: { reasonString: "a" },
      });
    },
  );

  test("reads a DISCONNECT without a code as one with 0", () => {
    expect(decodeControlPacket(Buffer.from([0xe0, 0]))).toMatchObject({ cmd: "disconnect", reasonCode: 0 });
  });

  test.each([
    ["suback", 0x90],
    ["unsuback", 0xb0],
  ] as const)("reads every code of a %s, so that one that nobody knows is that of its filter only", (cmd, first) => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    for (const properties of [[0], [4, 0x1f, 0, 1, 97]]) {
      const body = [0, 5, ...properties, ...codes];
      const bytes = Buffer.from([first, (body.length & 0x7f) | 0x80, body.length >> 7, ...body]);

      expect(decodeControlPacket(bytes)).toMatchObject({ cmd, messageId: 5, granted: codes });
    }
  });

  test.each<[string, number[]]>([
    ["nothing", []],
    ["a packet of type 0", [0x00, 0]],
    ["a SUBACK without an identifier", [0x90, 0]],
    ["a SUBACK whose properties are longer than it is", [0x90, 4, 0, 5, 9, 0]],
    ["a DISCONNECT whose properties are longer than it is", [0xe0, 2, 0, 9]],
    ["a PINGRESP with flags", [0xd1, 0]],
  ])("refuses %s and says so", (_case, bytes) => {
    expect(() => decodeControlPacket(Buffer.from(bytes))).toThrow(ProtocolError);
    expect(() => decodeControlPacket(Buffer.from(bytes))).toThrow(/^the server sent a malformed packet: ./);
  });

  test("throws nothing but ProtocolError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(255), (rest, first) => {
        try {
          decodeControlPacket(Buffer.from([first, rest.length, ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test("encodeControlPacket gives one piece of bytes, so that nothing gets between its parts", () => {
  const bytes = encodeControlPacket({ cmd: "pingreq" });

  expect([...bytes]).toEqual([0xc0, 0]);
});

test("control packets have identifiers of their own, at the end of the range", () => {
  expect([firstControlPacketId, lastControlPacketId]).toEqual([65_000, 65_535]);
});
