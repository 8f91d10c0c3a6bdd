import { PropertyId } from "../../runtime/contract/mqtt-properties.ts";
import { topicNameProblem } from "../../runtime/contract/topic/filter.ts";
import { ProtocolViolation } from "./protocol-violation.ts";
import { readProperties, variableIntegerBytes, writeVariableInteger } from "./properties.ts";
import type { PropertySlice } from "./properties.ts";
import { malformed, protocolError, Reader } from "./reader.ts";
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
  const reader = new Reader(bytes, 1, bytes.length, "PUBLISH");
  reader.variableInteger(); // the Remaining Length, by which the packet was cut out
  const flags = bytes[0] ?? 0;
  const qos = (flags >> 1) & 0x03;
  const dup = (flags & 0x08) !== 0;
  if (qos === 3) throw malformed("QoS 3 does not exist"); // [MQTT-3.3.1-4]
  if (qos === 0 && dup) throw protocolError("a PUBLISH with QoS 0 has DUP"); // [MQTT-3.3.1-2]
  const topic = reader.text();
  const packetIdentifier = qos > 0 ? readPacketIdentifier(reader) : 0;
  const properties = keepProperties(bytes, readProperties(reader, "PUBLISH"));
  checkOfClient(topic, properties);
  const payload = bytes.subarray(reader.at);
  return { topic, qos, retain: (flags & 0x01) !== 0, dup, packetIdentifier, payload, ...properties };
}

/** Reads a packet identifier, which is never 0: [MQTT-2.2.1-3]. */
export function readPacketIdentifier(reader: Reader): number {
  const packetIdentifier = reader.uint16();
  if (packetIdentifier === 0) throw protocolError("packet identifier 0 is not allowed");
  return packetIdentifier;
}

/** The properties of a message, parted into those that its subscribers get and those that are for the broker. */
export type KeptProperties = Pick<PublishPacket, "keptProperties" | "messageExpirySeconds" | "topicAlias"> & {
  readonly willDelaySeconds?: number;
  readonly hasSubscriptionIdentifier: boolean;
};

/**
 * Keeps the properties that subscribers get as the bytes they are, from the properties of a PUBLISH or a will.
 * @throws {ProtocolViolation} when the Response Topic has a wildcard
 */
export function keepProperties(bytes: Buffer, slices: readonly PropertySlice[]): KeptProperties {
  const kept: Buffer[] = [];
  const taken: { messageExpirySeconds?: number; topicAlias?: number; willDelaySeconds?: number } = {};
  let hasSubscriptionIdentifier = false;
  let keptTo = -1;
  for (const { id, start, end } of slices) {
    if (id === PropertyId.messageExpiryInterval) taken.messageExpirySeconds = bytes.readUInt32BE(start + 1);
    else if (id === PropertyId.willDelayInterval) taken.willDelaySeconds = bytes.readUInt32BE(start + 1);
    else if (id === PropertyId.topicAlias) taken.topicAlias = bytes.readUInt16BE(start + 1);
    else if (id === PropertyId.subscriptionIdentifier) hasSubscriptionIdentifier = true;
    else {
      if (id === PropertyId.responseTopic) checkResponseTopic(bytes.subarray(start + 3, end));
      // What lies side by side is one piece: a message may have thousands of user properties.
      const before = keptTo === start ? kept.pop() : undefined;
      kept.push(bytes.subarray(start - (before?.length ?? 0), end));
      keptTo = end;
    }
  }
  const [only] = kept;
  const keptProperties = kept.length === 1 && only ? only : Buffer.concat(kept);
  return { keptProperties, ...taken, hasSubscriptionIdentifier };
}

function checkResponseTopic(topic: Buffer): void {
  if (topic.length === 0) throw protocolError("the Response Topic is empty"); // [MQTT-4.7.3-1]
  // [MQTT-3.3.2-14]
  if (topic.includes("+") || topic.includes("#")) throw protocolError("the Response Topic has a wildcard");
}

function checkOfClient(topic: string, { hasSubscriptionIdentifier, topicAlias }: KeptProperties): void {
  if (hasSubscriptionIdentifier) throw protocolError("a client may not send a Subscription Identifier"); // [MQTT-3.3.4-6]
  if (topicAlias === 0) throw new ProtocolViolation(ReasonCode.topicAliasInvalid, "topic alias 0 does not exist"); // [MQTT-3.3.2-8]
  if (topic === "") {
    if (topicAlias === undefined) throw protocolError("the topic name is empty without an alias"); // §3.3.2.1
    return;
  }
  const problem = topicNameProblem(topic);
  if (problem === undefined) return;
  throw new ProtocolViolation(ReasonCode.topicNameInvalid, `topic name "${topic}" ${problem}`); // [MQTT-3.3.2-2]
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
