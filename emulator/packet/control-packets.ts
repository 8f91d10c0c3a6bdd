import { readPacketIdentifier } from "./publish.ts";
import { nameProperties, readProperties } from "./properties.ts";
import type { NamedProperties } from "./properties.ts";
import { malformed, protocolError, Reader } from "./reader.ts";
import { ReasonCode } from "./reason-code.ts";

/** Types of the packets that a client sends to this broker: the upper half of the first byte. @see MQTT 5.0 §2.1.2 */
export const PacketType = {
  connect: 1,
  publish: 3,
  puback: 4,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
  auth: 15,
} as const;

export interface PubackPacket {
  readonly cmd: "puback";
  readonly packetIdentifier: number;
  readonly reasonCode: number;
  readonly properties: NamedProperties;
}

/** One topic filter of a SUBSCRIBE, with its options. */
export interface AskedSubscription {
  readonly filter: string;
  readonly qos: number;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: number;
}

export interface SubscribePacket {
  readonly cmd: "subscribe";
  readonly packetIdentifier: number;
  readonly subscriptions: readonly AskedSubscription[];
  readonly properties: NamedProperties;
}

export interface UnsubscribePacket {
  readonly cmd: "unsubscribe";
  readonly packetIdentifier: number;
  readonly filters: readonly string[];
  readonly properties: NamedProperties;
}

export interface DisconnectPacket {
  readonly cmd: "disconnect";
  readonly reasonCode: number;
  readonly properties: NamedProperties;
}

export interface AuthPacket {
  readonly cmd: "auth";
  readonly reasonCode: number;
  readonly properties: NamedProperties;
}

/** Every packet of a client but PUBLISH, and CONNECT, which is the first one. */
export type ControlPacket =
  PubackPacket | SubscribePacket | UnsubscribePacket | DisconnectPacket | AuthPacket | { readonly cmd: "pingreq" };

/** Flags that the first byte of these packets has; PUBLISH has flags of its own, and the others have none. @see MQTT 5.0 §2.1.3 */
const reservedFlags: Readonly<Partial<Record<number, number>>> = { 6: 0x02, 8: 0x02, 10: 0x02 };

/**
 * Checks the first byte of a packet, before more of it is read or kept.
 * @param isFirst whether it has to be a CONNECT: [MQTT-3.1.0-1]. Any other one may not be: [MQTT-3.1.0-2]
 * @throws {ProtocolViolation} when a client may not send such a packet, or its flags are wrong: [MQTT-2.1.3-1]
 */
export function checkFirstByte(firstByte: number, isFirst: boolean): void {
  const type = firstByte >> 4;
  if ((type === PacketType.connect) !== isFirst) {
    throw protocolError(isFirst ? "the first packet is no CONNECT" : "a second CONNECT");
  }
  if (type === PacketType.publish) return;
  if (type === 0) throw malformed("packet type 0 is reserved");
  if ((firstByte & 0x0f) !== (reservedFlags[type] ?? 0)) throw malformed("the fixed header has wrong flags");
  if (!(Object.values(PacketType) as number[]).includes(type)) {
    throw protocolError(`a client may not send a packet of type ${type} here`);
  }
}

/** A reader of what stands behind the fixed header. */
export function readerOf(packet: Buffer, what: string): Reader {
  const reader = new Reader(packet, 1, packet.length, what);
  reader.variableInteger();
  return reader;
}

/**
 * Parses a whole packet other than CONNECT and PUBLISH, whose first byte was checked.
 * @throws {ProtocolViolation} when it breaks a rule of its section
 */
export function parseControl(packet: Buffer): ControlPacket {
  switch ((packet[0] ?? 0) >> 4) {
    case PacketType.puback:
      return parsePuback(readerOf(packet, "PUBACK"));
    case PacketType.subscribe:
      return parseSubscribe(readerOf(packet, "SUBSCRIBE"));
    case PacketType.unsubscribe:
      return parseUnsubscribe(readerOf(packet, "UNSUBSCRIBE"));
    case PacketType.disconnect:
      return { cmd: "disconnect", ...readReason(readerOf(packet, "DISCONNECT"), "DISCONNECT of a client") };
    case PacketType.auth:
      return parseAuth(readerOf(packet, "AUTH"));
    default:
      readerOf(packet, "PINGREQ").finish();
      return { cmd: "pingreq" };
  }
}

/** Reason codes that a client may send. @see MQTT 5.0 §3.4.2.1, §3.14.2.1, §3.15.2.1 */
const reasonCodes = {
  PUBACK: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  "DISCONNECT of a client": [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
  AUTH: [0x18, 0x19],
} as const;

/** A reason code and properties, either of which may be left out at the end. */
function readReason(
  reader: Reader,
  owner: keyof typeof reasonCodes,
): { readonly reasonCode: number; readonly properties: NamedProperties } {
  if (reader.isAtEnd()) return { reasonCode: ReasonCode.success, properties: {} };
  const reasonCode = reader.byte();
  if (!(reasonCodes[owner] as readonly number[]).includes(reasonCode)) {
    throw malformed(`a ${owner} can't have the reason code 0x${reasonCode.toString(16)}`);
  }
  if (reader.isAtEnd()) return { reasonCode, properties: {} };
  const slices = readProperties(reader, owner);
  reader.finish();
  return { reasonCode, properties: nameProperties(reader.bytes, slices) };
}

/** Its properties may be left out only with the code 0x00, which is a server's: §3.15.2.1. */
function parseAuth(reader: Reader): AuthPacket {
  const auth = reader.end - reader.at < 2 ? undefined : readReason(reader, "AUTH");
  if (auth === undefined) throw malformed("the AUTH of a client has no reason code or no properties");
  return { cmd: "auth", ...auth };
}

function parsePuback(reader: Reader): PubackPacket {
  const packetIdentifier = readPacketIdentifier(reader);
  return { cmd: "puback", packetIdentifier, ...readReason(reader, "PUBACK") };
}

function parseSubscribe(reader: Reader): SubscribePacket {
  const packetIdentifier = readPacketIdentifier(reader);
  const properties = nameProperties(reader.bytes, readProperties(reader, "SUBSCRIBE"));
  if (reader.isAtEnd()) throw protocolError("the SUBSCRIBE has no topic filter"); // [MQTT-3.8.3-2]
  const subscriptions: AskedSubscription[] = [];
  while (!reader.isAtEnd()) subscriptions.push(readSubscription(reader));
  return { cmd: "subscribe", packetIdentifier, subscriptions, properties };
}

function readSubscription(reader: Reader): AskedSubscription {
  const filter = reader.text();
  const options = reader.byte();
  const qos = options & 0x03;
  const retainHandling = (options >> 4) & 0x03;
  if (options > 0x3f) throw malformed("the Subscription Options have reserved bits"); // [MQTT-3.8.3-5]
  if (qos === 3) throw protocolError("the Subscription Options have QoS 3");
  if (retainHandling === 3) throw protocolError("the Subscription Options have Retain Handling 3");
  const isSet = (bit: number) => (options & bit) !== 0;
  return { filter, qos, noLocal: isSet(0x04), retainAsPublished: isSet(0x08), retainHandling };
}

function parseUnsubscribe(reader: Reader): UnsubscribePacket {
  const packetIdentifier = readPacketIdentifier(reader);
  const properties = nameProperties(reader.bytes, readProperties(reader, "UNSUBSCRIBE"));
  if (reader.isAtEnd()) throw protocolError("the UNSUBSCRIBE has no topic filter"); // [MQTT-3.10.3-2]
  const filters: string[] = [];
  while (!reader.isAtEnd()) filters.push(reader.text());
  return { cmd: "unsubscribe", packetIdentifier, filters, properties };
}
