import { isUtf8 } from "node:buffer";

import { ProtocolViolation } from "./protocol-violation.ts";
import {
  parsePropertySlices,
  parseVariableInteger,
  PropertyId,
  readText,
  variableIntegerBytes,
  writeVariableInteger,
} from "./properties.ts";
import type { PropertySlice } from "./properties.ts";
import { ReasonCode } from "./reason-code.ts";

/** The high four bits of a PUBLISH's first byte. */
export const publishType = 0x30;

/**
 * A PUBLISH as a client sent it. mqtt-packet keeps properties in an object and so loses the order of user properties
 * with different names, and a duplicate after an empty value; here they stay the bytes they were.
 */
export interface PublishPacket {
  /** Empty when only the topic alias says which topic is meant. */
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetIdentifier: number;
  readonly payload: Buffer;
  /** Properties that go to subscribers unchanged, in their order and encoding. */
  readonly keptProperties: Buffer;
  readonly messageExpirySeconds?: number;
  readonly topicAlias?: number;
}

/** What differs from one subscriber to the next when a message is sent on. */
export interface PublishHeader {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Ignored for QoS 0. */
  readonly packetIdentifier: number;
  readonly messageExpirySeconds?: number | undefined;
  readonly subscriptionIdentifiers?: readonly number[];
}

/**
 * Parses one whole PUBLISH, fixed header included. Copies it, so that the caller's read buffer is not kept alive.
 * @throws {ProtocolViolation} when it breaks a rule of MQTT 5.0 §3.3
 */
export function parsePublish(packet: Buffer): PublishPacket {
  const bytes = Buffer.from(packet);
  const flags = bytes[0] ?? 0;
  const qos = (flags >> 1) & 0x03;
  if (qos === 3) throw malformed("QoS 3 does not exist"); // [MQTT-3.3.1-4]
  const topicStart = parseVariableInteger(bytes, 1).end;
  const topicEnd = endOfTopic(bytes, topicStart);
  const propertiesAt = qos > 0 ? topicEnd + 2 : topicEnd;
  if (propertiesAt > bytes.length) throw malformed("the PUBLISH is cut off");
  const propertyLength = parseVariableInteger(bytes, propertiesAt);
  const payloadStart = propertyLength.end + propertyLength.value;
  if (payloadStart > bytes.length) throw malformed("the Property Length reaches beyond the packet");
  const packetIdentifier = qos > 0 ? bytes.readUInt16BE(topicEnd) : 0;
  if (qos > 0 && packetIdentifier === 0) throw protocolError("packet identifier 0 is not allowed"); // [MQTT-2.2.1-3]
  return {
    topic: bytes.toString("utf8", topicStart + 2, topicEnd),
    qos,
    retain: (flags & 0x01) !== 0,
    dup: (flags & 0x08) !== 0,
    packetIdentifier,
    payload: bytes.subarray(payloadStart),
    ...parseProperties(bytes, propertyLength.end, payloadStart),
  };
}

function endOfTopic(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.length) throw malformed("the PUBLISH is cut off");
  const end = at + 2 + bytes.readUInt16BE(at);
  if (end > bytes.length) throw malformed("the topic name reaches beyond the packet");
  if (!isUtf8(bytes.subarray(at + 2, end))) throw malformed("the topic name is not UTF-8");
  return end;
}

type ParsedProperties = Pick<PublishPacket, "keptProperties" | "messageExpirySeconds" | "topicAlias">;

function parseProperties(bytes: Buffer, start: number, end: number): ParsedProperties {
  const kept: Buffer[] = [];
  const taken: { messageExpirySeconds?: number; topicAlias?: number } = {};
  for (const slice of parsePropertySlices(bytes, start, end)) {
    const valueAt = slice.start + 1;
    checkValue(bytes, slice);
    if (slice.id === PropertyId.messageExpiryInterval) taken.messageExpirySeconds = bytes.readUInt32BE(valueAt);
    else if (slice.id === PropertyId.topicAlias) taken.topicAlias = bytes.readUInt16BE(valueAt);
    else kept.push(bytes.subarray(slice.start, slice.end));
  }
  const [only] = kept;
  return { keptProperties: kept.length === 1 && only ? only : Buffer.concat(kept), ...taken };
}

function checkValue(bytes: Buffer, { id, start }: PropertySlice): void {
  if (id === PropertyId.subscriptionIdentifier) {
    throw protocolError("a client may not send a Subscription Identifier"); // [MQTT-3.3.4-6]
  }
  if (id === PropertyId.payloadFormatIndicator && (bytes[start + 1] ?? 0) > 1) {
    throw protocolError("the Payload Format Indicator is neither 0 nor 1");
  }
  if (id === PropertyId.responseTopic && /[+#]/.test(readText(bytes, start + 1))) {
    throw protocolError("the Response Topic has a wildcard"); // [MQTT-3.3.2-14]
  }
}

/** Encodes a PUBLISH for one subscriber from its header, the kept properties and the payload. */
export function encodePublish(header: PublishHeader, keptProperties: Buffer, payload: Buffer): Buffer {
  const topicBytes = Buffer.byteLength(header.topic);
  const added = encodeAddedProperties(header);
  const propertyBytes = added.length + keptProperties.length;
  const identifierBytes = header.qos > 0 ? 2 : 0;
  const remaining =
    2 + topicBytes + identifierBytes + variableIntegerBytes(propertyBytes) + propertyBytes + payload.length;
  const bytes = Buffer.allocUnsafe(1 + variableIntegerBytes(remaining) + remaining);
  bytes[0] = publishType | (header.dup ? 0x08 : 0) | (header.qos << 1) | (header.retain ? 0x01 : 0);
  let at = writeVariableInteger(bytes, remaining, 1);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(header.topic, at);
  if (identifierBytes > 0) at = bytes.writeUInt16BE(header.packetIdentifier, at);
  at = writeVariableInteger(bytes, propertyBytes, at);
  at += added.copy(bytes, at);
  at += keptProperties.copy(bytes, at);
  payload.copy(bytes, at);
  return bytes;
}

const nothing = Buffer.alloc(0);

function encodeAddedProperties(header: PublishHeader): Buffer {
  const identifiers = header.subscriptionIdentifiers ?? [];
  if (header.messageExpirySeconds === undefined && identifiers.length === 0) return nothing;
  const bytes = Buffer.allocUnsafe(5 + 5 * identifiers.length);
  let at = 0;
  if (header.messageExpirySeconds !== undefined) {
    bytes[0] = PropertyId.messageExpiryInterval;
    at = bytes.writeUInt32BE(header.messageExpirySeconds, 1);
  }
  for (const identifier of identifiers) {
    bytes[at] = PropertyId.subscriptionIdentifier;
    at = writeVariableInteger(bytes, identifier, at + 1);
  }
  return bytes.subarray(0, at);
}

function malformed(what: string): ProtocolViolation {
  return new ProtocolViolation(ReasonCode.malformedPacket, what);
}

function protocolError(what: string): ProtocolViolation {
  return new ProtocolViolation(ReasonCode.protocolError, what);
}
