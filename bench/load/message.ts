import { encodeControlPacket } from "../../runtime/mqtt/control-packets.ts";
import { PublishView } from "../../runtime/mqtt/publish.ts";

/** What all messages of one load look like. */
export interface MessageShape {
  readonly topic: string;
  /** Bytes of payload, {@link smallestPayloadBytes} or more: a number for the load, one for the message, then filler. */
  readonly payloadBytes: number;
  readonly qos: 0 | 1;
  readonly userProperties?: Readonly<Record<string, string>>;
}

/** Bytes that the two numbers of a payload take. */
export const smallestPayloadBytes = 8;
const numberBytes = 4;
const filler = "x";

/** An encoded PUBLISH in which only the packet identifier and the two numbers change from message to message. */
export interface MessageTemplate {
  readonly packet: Buffer;
  /** Where the packet identifier stands; 0 with QoS 0. */
  readonly packetIdOffset: number;
  readonly payloadOffset: number;
}

/** Encodes the message of which every other is a copy. */
export function encodeTemplate({ topic, payloadBytes, qos, userProperties }: MessageShape): MessageTemplate {
  const packet = encodeControlPacket({
    cmd: "publish",
    topic,
    qos,
    dup: false,
    retain: false,
    payload: Buffer.alloc(Math.max(payloadBytes, smallestPayloadBytes), filler),
    ...(qos === 0 ? {} : { messageId: 1 }),
    ...(userProperties === undefined ? {} : { properties: { userProperties } }),
  });
  const view = new PublishView();
  let headerLength = 2;
  while (((packet[headerLength - 1] ?? 0) & 0x80) !== 0) headerLength++;
  view.read(packet, 0, packet.length, headerLength);
  return { packet, packetIdOffset: qos === 0 ? 0 : view.topicEnd, payloadOffset: view.propertiesEnd };
}

/** Writes a copy of the template into `target` and numbers it. */
export function writeMessage(
  { packet, packetIdOffset, payloadOffset }: MessageTemplate,
  target: Buffer,
  position: number,
  numbers: { readonly packetId: number; readonly load: number; readonly message: number },
): void {
  packet.copy(target, position);
  if (packetIdOffset > 0) target.writeUInt16BE(numbers.packetId, position + packetIdOffset);
  target.writeUInt32BE(numbers.load, position + payloadOffset);
  target.writeUInt32BE(numbers.message, position + payloadOffset + numberBytes);
}

/** Reads the two numbers of a message that has arrived; `undefined` when it is none of the benchmark's. */
export function readNumbers(view: PublishView): { readonly load: number; readonly message: number } | undefined {
  if (view.payloadBytes < smallestPayloadBytes) return undefined;
  const at = view.propertiesEnd;
  return { load: view.bytes.readUInt32BE(at), message: view.bytes.readUInt32BE(at + numberBytes) };
}
