import { generate, parser, type Packet } from "mqtt-packet";

import { describeError } from "../contract/errors.ts";
import { ProtocolError } from "./packet-reader.ts";

export type { IAuthPacket, IConnackPacket, IDisconnectPacket, ISubackPacket, Packet } from "mqtt-packet";

/** MQTT 5. @see MQTT 5.0 §3.1.2.2 */
const protocolVersion = 5;

/** Packet identifiers of SUBSCRIBE and UNSUBSCRIBE; those of PUBLISH stay below. */
export const firstControlPacketId = 65_000;
export const lastControlPacketId = 65_535;

/** Packet types, the upper half of the first byte. @see MQTT 5.0 §2.1.2 */
export const PacketType = { publish: 3, puback: 4, suback: 9, unsuback: 11, pingresp: 13, auth: 15 } as const;

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
 * Decodes one whole control packet.
 * @throws {ProtocolError} when it is none
 */
export function decodeControlPacket(bytes: Buffer): Packet {
  // The shortest AUTH, a success without properties (MQTT 5.0 §3.15.2.1), is more than mqtt-packet can read.
  if (bytes[0] === PacketType.auth << 4 && bytes.length === 2) return { cmd: "auth", reasonCode: AuthReason.success };
  const type = (bytes[0] ?? 0) >> 4;
  if (type === PacketType.suback || type === PacketType.unsuback)
    return { cmd: type === PacketType.suback ? "suback" : "unsuback", ...readAnswer(bytes) };
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

/**
 * Reads a SUBACK or an UNSUBACK. mqtt-packet takes the whole packet for malformed where it does not know a code, and each
 * code is for one filter alone. The properties are not read: their only use is a text for people.
 */
function readAnswer(bytes: Buffer): { messageId: number; granted: number[] } {
  const at = findVariableHeader(bytes);
  if (at + 2 > bytes.length)
    throw new ProtocolError("the server sent a malformed packet: a SUBACK or UNSUBACK without a packet identifier");
  const messageId = bytes.readUInt16BE(at);
  const [length, lengthBytes] = at + 2 < bytes.length ? readVariable(bytes, at + 2) : [0, 0];
  const codesAt = at + 2 + lengthBytes + length;
  if (codesAt > bytes.length)
    throw new ProtocolError("the server sent a malformed packet: a SUBACK or UNSUBACK that ends too early");
  return { messageId, granted: [...bytes.subarray(codesAt)] };
}

/** Where the remaining length, from the second byte on, ends. */
function findVariableHeader(bytes: Buffer): number {
  return 1 + readVariable(bytes, 1)[1];
}

/** Reads a variable byte integer: its value, and the bytes that it takes. @see MQTT 5.0 §1.5.5 */
function readVariable(bytes: Buffer, at: number): [value: number, length: number] {
  let value = 0;
  for (let index = 0; index < 4 && at + index < bytes.length; index++) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) return [value, index + 1];
  }
  throw new ProtocolError("the server sent a packet with a length that is none");
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
