import { generate, parser, type Packet } from "mqtt-packet";

import { describeError } from "../contract/errors.ts";
import { maxPublishPacketId } from "../contract/packet-ids.ts";
import { ProtocolError } from "./packet-reader.ts";
import { readVariableInteger, variableIntegerLength } from "./publish.ts";

export type { IAuthPacket, IConnackPacket, IDisconnectPacket, ISubackPacket, Packet } from "mqtt-packet";

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
  const codes = hideCodes(bytes);
  const packet = parsePacket(bytes);
  if (packet.cmd === "suback" || packet.cmd === "unsuback") packet.granted = codes;
  else if (packet.cmd === "disconnect") packet.reasonCode = codes[0] ?? 0;
  return packet;
}

/** Stands for every reason code while mqtt-packet reads a packet. */
const unspecifiedError = 0x80;

/**
 * Takes the reason codes out of a SUBACK, UNSUBACK or DISCONNECT and puts another one in their place: mqtt-packet takes a
 * packet with a code that it does not expect there for malformed. What a code means is ours to judge.
 */
function hideCodes(bytes: Buffer): number[] {
  const codes = bytes.subarray(...codesOf(bytes));
  const found = [...codes];
  codes.fill(unspecifiedError);
  return found;
}

/** Where the reason codes of a packet start and end; nowhere in packets of other types. */
function codesOf(bytes: Buffer): [start: number, end: number] {
  const type = (bytes[0] ?? 0) >> 4;
  if (type !== PacketType.suback && type !== PacketType.unsuback && type !== PacketType.disconnect) return [0, 0];
  const bodyAt = 1 + variableIntegerLength(readVariableInteger(bytes, 1, bytes.length));
  if (type === PacketType.disconnect) return [bodyAt, bodyAt + 1];
  const propertiesAt = bodyAt + 2; // behind the packet identifier
  if (propertiesAt >= bytes.length) return [0, 0];
  const propertiesLength = readVariableInteger(bytes, propertiesAt, bytes.length);
  return [propertiesAt + variableIntegerLength(propertiesLength) + propertiesLength, bytes.length];
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
