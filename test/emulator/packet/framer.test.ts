import { PacketFramer } from "../../../emulator/packet/framer.ts";

const ping = Buffer.from([0xc0, 0x00]);
const puback = Buffer.from([0x40, 0x02, 0x00, 0x07]);
const large = Buffer.concat([Buffer.from([0x30, 0x80, 0x02]), Buffer.alloc(256, 1)]);
const stream = Buffer.concat([ping, puback, large, ping, large]);
const packets = [ping, puback, large, ping, large].map((packet) => packet.toString("hex"));

function cut(bytes: Buffer, chunkBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
}

test.each([1, 2, 3, 5, 7, 64, 258, 259, 260, 100_000])("finds the same packets in chunks of %i bytes", (chunkBytes) => {
  const found: string[] = [];
  const framer = new PacketFramer({
    maxPacketBytes: () => 1000,
    onPacket: (packet) => found.push(packet.toString("hex")),
  });

  for (const chunk of cut(stream, chunkBytes)) framer.push(chunk);

  expect(found).toEqual(packets);
});

test("refuses a packet that is larger than announced before it is read", () => {
  const framer = new PacketFramer({ maxPacketBytes: () => 258, onPacket: () => undefined });

  expect(() => {
    framer.push(large.subarray(0, 3));
  }).toThrow(expect.objectContaining({ reasonCode: 0x95 }));
});

test("refuses a Remaining Length of more than four bytes [MQTT-1.5.5-1]", () => {
  const framer = new PacketFramer({ maxPacketBytes: () => Infinity, onPacket: () => undefined });

  expect(() => {
    framer.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]));
  }).toThrow(expect.objectContaining({ reasonCode: 0x81 }));
});
