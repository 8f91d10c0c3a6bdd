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

  test.each<[string, number[]]>([
    ["nothing", []],
    ["a packet of type 0", [0x00, 0]],
    ["a SUBACK without an identifier", [0x90, 0]],
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
