import { malformedPacket, protocolError } from "./protocol-error.ts";
import { readProperties, type ServerPropertyOwner, type PropertyValues } from "./properties.ts";
import { readUint16 } from "./variable-integer.ts";

/** Packet types, the upper half of the first byte. @see MQTT 5.0 §2.1.2 */
export const PacketType = {
  connack: 2,
  publish: 3,
  puback: 4,
  suback: 9,
  unsuback: 11,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Reason codes of AUTH. @see MQTT 5.0 §3.15.2.1 */
export const AuthReason = { success: 0x00, continueAuthentication: 0x18, reauthenticate: 0x19 } as const;

/** Names of all packet types, by type. */
const typeNames = [
  "a packet of type 0",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
] as const;

const serverTypes: readonly number[] = Object.values(PacketType);
/** Type of PUBREL, the one that a server never sends here whose flags are not 0. @see MQTT 5.0 §2.1.3 */
const pubrel = 6;
const pubrelFlags = 0x02;

/** Where one whole packet lies: `bytes[start]` up to and without `bytes[end]`. */
export interface PacketBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly headerLength: number;
}

/** What a CONNACK says. */
export interface Connack {
  readonly sessionPresent: boolean;
  readonly reasonCode: number;
  readonly properties: ConnackProperties;
}

/** What a CONNACK announces, as far as anyone here asks. @see MQTT 5.0 §3.2.2.3 */
export interface ConnackProperties {
  readonly sessionExpiryInterval?: number | undefined;
  readonly receiveMaximum?: number | undefined;
  readonly maximumQoS?: number | undefined;
  readonly retainAvailable?: boolean | undefined;
  readonly maximumPacketSize?: number | undefined;
  readonly wildcardSubscriptionAvailable?: boolean | undefined;
  readonly subscriptionIdentifiersAvailable?: boolean | undefined;
  readonly sharedSubscriptionAvailable?: boolean | undefined;
  readonly serverKeepAlive?: number | undefined;
  readonly reasonString?: string | undefined;
  readonly authenticationMethod?: string | undefined;
}

/** What a SUBACK or an UNSUBACK says. */
export interface Answer {
  readonly packetId: number;
  /** One for each filter, in their order. */
  readonly codes: number[];
}

/** Names the type of a packet by its first byte: `PUBLISH`. */
export function nameOfType(firstByte: number): string {
  return typeNames[firstByte >> 4] ?? "";
}

/**
 * Checks the first byte of a packet, before more of it is read or kept. The flags of a PUBLISH are left to `PublishView`.
 * @throws {ProtocolError} when a server never sends such a packet to this client, or its flags are wrong: [MQTT-2.1.3-1]
 */
export function checkFirstByte(firstByte: number): void {
  const type = firstByte >> 4;
  if (type === PacketType.publish) return;
  const name = nameOfType(firstByte);
  if (type === 0) throw malformedPacket(name);
  const flags = type === pubrel || type === 8 || type === 10 ? pubrelFlags : 0;
  if ((firstByte & 0x0f) !== flags) throw malformedPacket(`${name} with wrong flags`);
  if (!serverTypes.includes(type)) throw protocolError(`${name}, which a client never gets here`);
}

/**
 * Reads a PUBACK, which is two bytes long without a reason code. @see MQTT 5.0 §3.4.2
 * @throws {ProtocolError} when it can't be read
 */
export function readPuback(
  bytes: Buffer,
  start: number,
  end: number,
  headerLength: number,
): [packetId: number, reasonCode: number] {
  if (bytes[start] !== PacketType.puback << 4) throw malformedPacket("PUBACK with wrong flags");
  const at = start + headerLength;
  const packetId = readPacketId(bytes, at, end, "PUBACK");
  if (end - at === 2) return [packetId, 0];
  if (end - at > 3 && readProperties(bytes, at + 3, end, "PUBACK").end !== end) throw tooLong("PUBACK");
  return [packetId, bytes[at + 2] ?? 0];
}

/**
 * Reads a CONNACK that is one of MQTT 5, or a refusal without properties: some servers leave them out there.
 * @throws {ProtocolError} when it can't be read
 */
export function readConnack({ bytes, start, end, headerLength }: PacketBytes): Connack {
  checkFirstByte(bytes[start] ?? 0);
  const at = start + headerLength;
  if (at + 2 > end) throw malformedPacket("a CONNACK that ends too early");
  const [flags = 0, reasonCode = 0] = [bytes[at], bytes[at + 1]];
  if (flags > 1) throw malformedPacket("a CONNACK with reserved flags"); // [MQTT-3.2.2-1]
  const sessionPresent = flags === 1;
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== 0) throw protocolError("a CONNACK that refuses and says Session Present");
  if (at + 2 === end && reasonCode !== 0) return { sessionPresent, reasonCode, properties: {} };
  const { values, end: propertiesEnd } = readProperties(bytes, at + 2, end, "CONNACK");
  if (propertiesEnd !== end) throw tooLong("CONNACK");
  return { sessionPresent, reasonCode, properties: connackProperties(values) };
}

/** Flags become booleans; the rest is as it came. */
function connackProperties(values: PropertyValues): ConnackProperties {
  const isFlag = (name: string) => name.endsWith("Available");
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isFlag(name) ? value === 1 : value]));
}

/**
 * Reads a SUBACK or an UNSUBACK. Any code is one: each is for one filter alone.
 * @throws {ProtocolError} when it can't be read
 */
export function readAnswer({ bytes, start, end, headerLength }: PacketBytes): Answer {
  const firstByte = bytes[start] ?? 0;
  checkFirstByte(firstByte);
  const owner = firstByte >> 4 === PacketType.suback ? "SUBACK" : "UNSUBACK";
  const at = start + headerLength;
  const packetId = readPacketId(bytes, at, end, owner);
  const { end: codesStart } = readProperties(bytes, at + 2, end, owner);
  return { packetId, codes: [...bytes.subarray(codesStart, end)] };
}

/** Checks a PINGRESP, which is nothing but its header. @throws {ProtocolError} when it is more */
export function readPingresp({ bytes, start, end, headerLength }: PacketBytes): void {
  checkFirstByte(bytes[start] ?? 0);
  if (start + headerLength !== end) throw tooLong("PINGRESP");
}

/**
 * Reads a DISCONNECT; without a reason code it is 0. Any code is one: it ends the connection all the same.
 * @throws {ProtocolError} when it can't be read
 */
export function readDisconnect(packet: PacketBytes): {
  readonly reasonCode: number;
  readonly reasonString: string | undefined;
} {
  checkFirstByte(packet.bytes[packet.start] ?? 0);
  const at = packet.start + packet.headerLength;
  const reasonCode = at < packet.end ? (packet.bytes[at] ?? 0) : 0;
  const values = packet.end - at < 2 ? {} : propertiesToEnd(packet, at + 1, "DISCONNECT");
  return { reasonCode, reasonString: values["reasonString"] as string | undefined };
}

/**
 * Reads an AUTH. One without a code is a success; every other one names its method.
 * @throws {ProtocolError} when it can't be read, or has a code that no server sends: [MQTT-3.15.2-1]
 * @see MQTT 5.0 §3.15.2
 */
export function readAuth(packet: PacketBytes): {
  readonly reasonCode: number;
  readonly authenticationMethod: string | undefined;
} {
  checkFirstByte(packet.bytes[packet.start] ?? 0);
  const at = packet.start + packet.headerLength;
  if (at === packet.end) return { reasonCode: AuthReason.success, authenticationMethod: undefined };
  const reasonCode = packet.bytes[at] ?? 0;
  const values = propertiesToEnd(packet, at + 1, "AUTH");
  if (reasonCode !== AuthReason.success && reasonCode !== AuthReason.continueAuthentication)
    throw protocolError(`an AUTH with reason code ${reasonCode}, which no server sends`);
  const authenticationMethod = values["authenticationMethod"] as string | undefined;
  const isBare = reasonCode === AuthReason.success && packet.end - at === 2;
  if (authenticationMethod === undefined && !isBare) throw protocolError("an AUTH without an authentication method");
  return { reasonCode, authenticationMethod };
}

function propertiesToEnd({ bytes, end }: PacketBytes, at: number, owner: ServerPropertyOwner): PropertyValues {
  const { values, end: propertiesEnd } = readProperties(bytes, at, end, owner);
  if (propertiesEnd !== end) throw tooLong(owner);
  return values;
}

function readPacketId(bytes: Buffer, at: number, end: number, packet: string): number {
  const packetId = readUint16(bytes, at, end);
  if (packetId === 0) throw protocolError(`a ${packet} with packet identifier 0`); // [MQTT-2.2.1-3]
  return packetId;
}

function tooLong(packet: string): Error {
  return malformedPacket(`a ${packet} that is longer than what it says`);
}
