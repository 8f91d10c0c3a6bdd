import { generate, parser, writeToStream, type Packet } from "mqtt-packet";

import { describeError } from "../contract/errors.ts";
import { maxPublishPacketId } from "../contract/packet-ids.ts";
import { ProtocolError } from "./packet-reader.ts";
import { readVariableInteger, variableIntegerLength } from "./publish-view.ts";

export type {
  IAuthPacket,
  IConnackPacket,
  IDisconnectPacket,
  ISubackPacket,
  IUnsubackPacket,
  Packet,
} from "mqtt-packet";

// Else it keeps a buffer for each of the 65,536 numbers, some 12 MB, to save a little time at each of our few control packets.
writeToStream.cacheNumbers = false;

/** MQTT 5. @see MQTT 5.0 §3.1.2.2 */
const protocolVersion = 5;

/** Packet identifiers of SUBSCRIBE and UNSUBSCRIBE; those of PUBLISH stay below. */
export const firstControlPacketId = maxPublishPacketId + 1;
export const lastControlPacketId = 65_535;

/** Packet types, the upper half of the first byte. @see MQTT 5.0 §2.1.2 */
export const PacketType = {
  publish: 3,
  puback: 4,
  suback: 9,
  unsuback: 11,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Reason codes of AUTH. @see MQTT 5.0 §3.15.2.1 */
const AuthReason = { success: 0x00, reauthenticate: 0x19 } as const;

/** Encodes the AUTH that shows new authentication data on a connection that is open. @see MQTT 5.0 §4.12.1 */
export function encodeReauthentication(authenticationMethod: string, authenticationData: Buffer): Buffer {
  const properties = { authenticationMethod, authenticationData };
  return encodeControlPacket({ cmd: "auth", reasonCode: AuthReason.reauthenticate, properties });
}

/** Encodes a control packet into one piece, so that nothing can be written between its parts. */
export function encodeControlPacket(packet: Packet): Buffer {
  return generate(packet, { protocolVersion });
}

/**
 * Decodes one whole control packet, whose bytes it may change.
 * @throws {ProtocolError} when it is none
 */
export function decodeControlPacket(bytes: Buffer): Packet {
  // The shortest AUTH, a success without properties (MQTT 5.0 §3.15.2.1), is more than mqtt-packet can read.
  if (bytes[0] === PacketType.auth << 4 && bytes.length === 2) return { cmd: "auth", reasonCode: AuthReason.success };
  const type = (bytes[0] ?? 0) >> 4;
  if (type === PacketType.suback || type === PacketType.unsuback)
    return { cmd: type === PacketType.suback ? "suback" : "unsuback", ...readAnswer(bytes) };
  if (type !== PacketType.disconnect) return parsePacket(bytes);
  const reasonCode = hideCode(bytes);
  const packet = parsePacket(bytes);
  if (packet.cmd === "disconnect") packet.reasonCode = reasonCode;
  return packet;
}

/**
 * Reads a SUBACK or an UNSUBACK. mqtt-packet takes the whole packet for malformed where it does not know a code, and each
 * code is for one filter alone. The properties are not read: their only use is a text for people.
 */
function readAnswer(bytes: Buffer): { messageId: number; granted: number[] } {
  const at = 1 + variableIntegerLength(readVariableInteger(bytes, 1, bytes.length));
  if (at + 2 > bytes.length)
    throw new ProtocolError("the server sent a malformed packet: a SUBACK or UNSUBACK without a packet identifier");
  const messageId = bytes.readUInt16BE(at);
  const propertiesAt = at + 2;
  const codesAt = propertiesAt < bytes.length ? endOfProperties(bytes, propertiesAt) : propertiesAt;
  if (codesAt > bytes.length)
    throw new ProtocolError("the server sent a malformed packet: a SUBACK or UNSUBACK that ends too early");
  return { messageId, granted: [...bytes.subarray(codesAt)] };
}

function endOfProperties(bytes: Buffer, at: number): number {
  const length = readVariableInteger(bytes, at, bytes.length);
  return at + variableIntegerLength(length) + length;
}

/** Stands for every reason code while mqtt-packet reads a DISCONNECT. */
const unspecifiedError = 0x80;

/**
 * Takes the reason code out of a DISCONNECT and puts another one in its place: mqtt-packet takes a packet with a code that it
 * does not expect there for malformed. What a code means is ours to judge.
 */
function hideCode(bytes: Buffer): number {
  const at = 1 + variableIntegerLength(readVariableInteger(bytes, 1, bytes.length));
  const code = bytes[at] ?? 0;
  if (at < bytes.length) bytes[at] = unspecifiedError;
  return code;
}

function parsePacket(bytes: Buffer): Packet {
  const decoder = parser({ protocolVersion });
  let decoded: Packet | undefined;
  let failure: unknown;
  decoder.on("packet", (packet) => (decoded = packet));
  decoder.on("error", (error: unknown) => (failure = error));
  decoder.parse(bytes);
  if (decoded !== undefined && failure === undefined) return decoded;
  throw new ProtocolError(`the server sent a malformed packet: ${describeError(failure ?? "it ends too early")}`, {
    cause: failure,
  });
}

/** Reason code of a PUBACK, which is two bytes long without one. @see MQTT 5.0 §3.4.2.1 */
export function readPuback(
  bytes: Buffer,
  start: number,
  end: number,
  headerLength: number,
): [packetId: number, reasonCode: number] {
  const at = start + headerLength;
  if (at + 2 > end) throw new ProtocolError("the server sent a PUBACK without a packet identifier");
  return [bytes.readUInt16BE(at), at + 2 < end ? (bytes[at + 2] ?? 0) : 0];
}
