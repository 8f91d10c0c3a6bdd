import { encodeTemplate, readNumbers, writeMessage } from "../../../bench/load/message.ts";
import { decodeControlPacket } from "../../../runtime/mqtt/control-packets.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";

const shapes = [
  { topic: "load/a/0", payloadBytes: 8, qos: 0 as const },
  { topic: "load/a/0", payloadBytes: 128, qos: 1 as const },
  { topic: "load/a/0", payloadBytes: 512_000, qos: 1 as const },
  { topic: "load/a/0", payloadBytes: 64, qos: 1 as const, userProperties: { machine: "press-2", line: "4" } },
];

test.each(shapes)("numbers a copy of $topic with $payloadBytes bytes and QoS $qos, and leaves the rest", (shape) => {
  const template = encodeTemplate(shape);
  const target = Buffer.alloc(template.packet.length + 3, 0xff);

  writeMessage(template, target, 3, { packetId: 777, load: 5, message: 123_456 });

  const packet = decodeControlPacket(target.subarray(3));
  if (packet.cmd !== "publish") throw new Error(`it is a ${packet.cmd}`);
  expect(packet.topic).toBe(shape.topic);
  expect(packet.qos).toBe(shape.qos);
  expect(packet.messageId).toBe(shape.qos === 0 ? undefined : 777);
  expect(packet.payload).toHaveLength(shape.payloadBytes);
  expect({ ...packet.properties?.userProperties }).toEqual(shape.userProperties ?? {});
  const views: unknown[] = [];
  new PacketReader((bytes, start, end, headerLength) => {
    views.push(readNumbers(new PublishView().read(bytes, start, end, headerLength)));
  }).push(target.subarray(3));
  expect(views).toEqual([{ load: 5, message: 123_456 }]);
});

test("takes a payload too short for two numbers for none of the benchmark's", () => {
  const packet = Buffer.from([0x30, 8, 0, 1, 97, 0, 1, 2, 3, 4]);
  const view = new PublishView().read(packet, 0, packet.length, 2);

  expect(readNumbers(view)).toBeUndefined();
});
