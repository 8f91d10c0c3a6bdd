import {
  decodeControlPacket,
  encodeControlPacket,
  encodeFault,
  firstControlPacketId,
  lastControlPacketId,
} from "../../../runtime/mqtt/control-packets.ts";
import { ProtocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import { decode, encode } from "./scripted-broker.ts";

describe("decodeControlPacket", () => {
  test("reads what this program has written", () => {
    const bytes = encode({ cmd: "suback", messageId: 5, granted: [1, 0x87] });

    expect(decodeControlPacket(bytes)).toMatchObject({ cmd: "suback", messageId: 5, granted: [1, 0x87] });
  });

  test.each([
    ["nothing", []],
    ["a packet that ends too early", [0x90, 4, 0, 5]],
    ["a PINGRESP with flags", [0xd1, 0]],
  ])("refuses %s", (_case, bytes) => {
    expect(() => decodeControlPacket(Buffer.from(bytes))).toThrow(ProtocolError);
  });
});

test("encodeControlPacket gives one piece of bytes, so that nothing gets between its parts", () => {
  const bytes = encodeControlPacket({ cmd: "pingreq" });

  expect([...bytes]).toEqual([0xc0, 0]);
});

test("encodeFault writes a DISCONNECT with the reason code and nothing else", () => {
  expect([...encodeFault(0x94)]).toEqual([0xe0, 1, 0x94]);
  expect(decode(encodeFault(0x94))).toMatchObject([{ cmd: "disconnect", reasonCode: 0x94 }]);
});

test("control packets have identifiers of their own, at the end of the range", () => {
  expect([firstControlPacketId, lastControlPacketId]).toEqual([65_000, 65_535]);
});
