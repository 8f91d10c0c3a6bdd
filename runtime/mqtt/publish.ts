import { dupBit, EncodedPublish, retainBit } from "./encoded-publish.ts";
import { ProtocolError } from "./packet-reader.ts";
import { largestInSlab, type Slab } from "./slab.ts";

export { clearRetain, stampExpiry, stampPublish, type EncodedPublish } from "./encoded-publish.ts";

/** Property identifiers that a PUBLISH may carry. @see MQTT 5.0 §2.2.2.2 */
export const PublishProperty = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  topicAlias: 0x23,
  userProperty: 0x26,
} as const;

/** Properties that belong to the connection that a message came on, and are never forwarded. */
export const hopProperties: ReadonlySet<number> = new Set([
  PublishProperty.topicAlias,
  PublishProperty.subscriptionIdentifier,
]);

/** Bits of a PUBLISH's first byte. @see MQTT 5.0 §3.3.1 */
const publishType = 0x30;
const pubackType = 0x40;
const qosShift = 1;
const qosMask = 0x06;

/** Positions of one PUBLISH's parts in the bytes that it came in. Reused from packet to packet: copy what must last. */
export class PublishView {
  bytes: Buffer = Buffer.alloc(0);
  /** Whether nothing but this packet is in the bytes, from 0 on, and nobody else uses them. */
  isOwn = false;
  end = 0;
  dup = false;
  qos = 0;
  retain = false;
  topicStart = 0;
  topicEnd = 0;
  packetId = 0;
  /** First property, behind the properties' length. */
  propertiesStart = 0;
  propertiesEnd = 0;
  /** Where the message expiry interval's four bytes stand; 0 when there is none. Set by {@link scanProperties}. */
  expiryAt = 0;
  /** Whether there is a property of {@link hopProperties}. Set by {@link scanProperties}. */
  hasHopProperties = false;

  /**
   * Reads the packet `bytes[start]` up to `bytes[end]`.
   * @param isOwn whether the bytes were made for this packet alone; it begins at 0 then
   * @throws {ProtocolError} when its parts don't fit into it
   */
  read(bytes: Buffer, start: number, end: number, headerLength: number, isOwn = false): this {
    this.#locate(bytes, start, end, headerLength);
    this.isOwn = isOwn;
    if (this.qos > 0 && this.packetId === 0)
      throw new ProtocolError("the server sent a PUBLISH with packet identifier 0");
    // It may be empty only beside a topic alias, and this client takes none: [MQTT-3.3.2-8]
    if (this.topicEnd === this.topicStart) throw new ProtocolError("the server sent a PUBLISH without a topic");
    return this;
  }

  #locate(bytes: Buffer, start: number, end: number, headerLength: number): void {
    const flags = bytes[start] ?? 0;
    this.expiryAt = 0;
    this.hasHopProperties = false;
    this.isOwn = false;
    this.bytes = bytes;
    this.end = end;
    this.dup = (flags & dupBit) !== 0;
    this.qos = (flags & qosMask) >> qosShift;
    this.retain = (flags & retainBit) !== 0;
    if (this.qos > 1)
      throw new ProtocolError(`the server sent a PUBLISH with QoS ${this.qos}, which was not asked for`);
    this.topicStart = start + headerLength + 2;
    this.topicEnd = this.topicStart + readUint16(bytes, this.topicStart - 2, end);
    let position = this.topicEnd;
    this.packetId = this.qos === 0 ? 0 : readUint16(bytes, position, end);
    if (this.qos > 0) position += 2;
    const length = readVariableInteger(bytes, position, end);
    this.propertiesStart = position + variableIntegerLength(length);
    this.propertiesEnd = this.propertiesStart + length;
    if (this.topicEnd > end || this.propertiesEnd > end)
      throw new ProtocolError("the server sent a PUBLISH that ends too early");
  }

  /** Reads one whole packet, as {@link encodePublish} makes it: its packet identifier may be still to come. */
  readPacket(packet: Buffer): this {
    let headerLength = 2;
    while (((packet[headerLength - 1] ?? 0) & 0x80) !== 0) headerLength++;
    this.#locate(packet, 0, packet.length, headerLength);
    return this;
  }

  /**
   * Walks over the properties without looking into them, but for what a forwarded message must not keep as it came.
   * @throws {ProtocolError} on a property that a PUBLISH can't carry, or that doesn't fit
   */
  scanProperties(): this {
    this.expiryAt = 0;
    this.hasHopProperties = false;
    for (let position = this.propertiesStart; position < this.propertiesEnd;) {
      const identifier = this.bytes[position] ?? 0;
      if (identifier === PublishProperty.messageExpiryInterval) this.expiryAt = position + 1;
      else if (hopProperties.has(identifier)) this.hasHopProperties = true;
      position = propertyEnd(this.bytes, position + 1, this.propertiesEnd, identifier);
      if (position > this.propertiesEnd) throw new ProtocolError(propertiesEndEarly);
    }
    return this;
  }

  get topic(): string {
    return this.bytes.toString("utf8", this.topicStart, this.topicEnd);
  }

  get payloadBytes(): number {
    return this.end - this.propertiesEnd;
  }
}

const propertiesEndEarly = "the server sent a PUBLISH whose properties end too early";

/** Encoded properties, and where they stand. */
export type PropertiesView = Pick<PublishView, "bytes" | "propertiesStart" | "propertiesEnd">;

/** Takes one property: its identifier, and where it begins (at the identifier) and ends. */
export type PropertyVisitor = (identifier: number, start: number, end: number) => void;

/**
 * Walks over the properties of a PUBLISH in their order.
 * @throws {ProtocolError} on a property that a PUBLISH can't carry, or that doesn't fit
 */
export function forEachProperty(
  { bytes, propertiesStart, propertiesEnd }: PropertiesView,
  visit: PropertyVisitor,
): void {
  let position = propertiesStart;
  while (position < propertiesEnd) {
    const identifier = bytes[position] ?? 0;
    const end = propertyEnd(bytes, position + 1, propertiesEnd, identifier);
    if (end > propertiesEnd) throw new ProtocolError(propertiesEndEarly);
    visit(identifier, position, end);
    position = end;
  }
}

function propertyEnd(bytes: Buffer, value: number, limit: number, identifier: number): number {
  switch (identifier) {
    case PublishProperty.payloadFormatIndicator:
      return value + 1;
    case PublishProperty.messageExpiryInterval:
      return value + 4;
    case PublishProperty.topicAlias:
      return value + 2;
    case PublishProperty.subscriptionIdentifier:
      return value + variableIntegerLength(readVariableInteger(bytes, value, limit));
    case PublishProperty.contentType:
    case PublishProperty.responseTopic:
    case PublishProperty.correlationData:
      return value + 2 + readUint16(bytes, value, limit);
    case PublishProperty.userProperty: {
      const middle = value + 2 + readUint16(bytes, value, limit);
      return middle + 2 + readUint16(bytes, middle, limit);
    }
    default:
      throw new ProtocolError(`the server sent a PUBLISH with the unknown property 0x${identifier.toString(16)}`);
  }
}

/** What a forwarded PUBLISH is made of. All but the named parts is taken from the view byte for byte. */
export interface PublishParts {
  readonly qos: number;
  readonly retain: boolean;
  /** Topic in UTF-8; omitted: as it came. */
  readonly topic?: Buffer | undefined;
  /** All properties, encoded, without their length; omitted: as they came. */
  readonly properties?: Buffer | undefined;
  /** The topic that it came with, to be kept beside the packet. */
  readonly inputTopic?: string | undefined;
}

/**
 * Encodes a PUBLISH with some parts replaced and the rest copied. The copy is its own: the view may move on. A large one of
 * which no part is replaced is not copied where the view's bytes are its own: they are the copy then.
 * The view's properties have to be scanned.
 *
 * @param slab where to; omitted: to memory of its own
 */
export function encodePublish(view: PublishView, parts: PublishParts, slab?: Slab): EncodedPublish {
  const { qos, retain, topic, properties, inputTopic } = parts;
  const topicLength = topic?.length ?? view.topicEnd - view.topicStart;
  const propertiesLength = properties?.length ?? view.propertiesEnd - view.propertiesStart;
  const idLength = qos > 0 ? 2 : 0;
  const remaining =
    2 + topicLength + idLength + variableIntegerLength(propertiesLength) + propertiesLength + view.payloadBytes;
  const length = 1 + variableIntegerLength(remaining) + remaining;
  const hasSameParts = topic === undefined && properties === undefined && idLength === (view.qos > 0 ? 2 : 0);
  // The length differs where it came in more bytes than it takes.
  if (view.isOwn && hasSameParts && length === view.end && length > largestInSlab) return takeOver(view, parts);
  const bytes = slab?.reserve(length) ?? Buffer.allocUnsafeSlow(length);
  const start = slab?.start ?? 0;
  bytes[start] = publishType | (qos << qosShift) | (retain ? retainBit : 0);
  let position = writeUint16(bytes, writeVariableInteger(bytes, start + 1, remaining), topicLength);
  if (topic === undefined) position += view.bytes.copy(bytes, position, view.topicStart, view.topicEnd);
  else position += topic.copy(bytes, position);
  const packetIdOffset = qos > 0 ? position - start : 0;
  if (qos > 0) position = writeUint16(bytes, position, 0);
  position = writeVariableInteger(bytes, position, propertiesLength);
  const expiryAt =
    properties === undefined ? view.expiryAt - view.propertiesStart : findExpiry(properties, properties.length);
  const expiryOffset = expiryAt > 0 ? position + expiryAt - start : 0;
  if (properties === undefined) {
    // Properties and payload lie side by side in what came.
    view.bytes.copy(bytes, position, view.propertiesStart, view.end);
  } else {
    position += properties.copy(bytes, position);
    view.bytes.copy(bytes, position, view.propertiesEnd, view.end);
  }
  return new EncodedPublish(bytes, start, length, packetIdOffset, expiryOffset, inputTopic);
}

/** Makes the view's own bytes the encoded PUBLISH. */
function takeOver(view: PublishView, { qos, retain, inputTopic }: PublishParts): EncodedPublish {
  const { bytes, end, topicEnd, expiryAt } = view;
  view.isOwn = false;
  bytes[0] = publishType | (qos << qosShift) | (retain ? retainBit : 0);
  if (qos > 0) writeUint16(bytes, topicEnd, 0);
  return new EncodedPublish(bytes, 0, end, qos > 0 ? topicEnd : 0, expiryAt, inputTopic);
}

/** Where the message expiry interval stands in encoded properties; 0 when there is none. */
function findExpiry(properties: Buffer, end: number): number {
  for (let position = 0; position < end;) {
    const identifier = properties[position] ?? 0;
    if (identifier === PublishProperty.messageExpiryInterval) return position + 1;
    position = propertyEnd(properties, position + 1, end, identifier);
  }
  return 0;
}

/** Bytes of a PUBACK without a reason code: two less, and none that Event Grid could refuse. */
export const pubackBytes = 4;

/** Encodes a PUBACK that says success into a slab, where it begins at `slab.start`. */
export function encodePuback(packetId: number, slab: Slab): Buffer {
  const bytes = slab.reserve(pubackBytes);
  bytes[slab.start] = pubackType;
  bytes[slab.start + 1] = 2;
  writeUint16(bytes, slab.start + 2, packetId);
  return bytes;
}

/** Encodes one user property. */
export function encodeUserProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(PublishProperty.userProperty), encodeText(name), encodeText(value)]);
}

/** Encodes a text with its length in front. @see MQTT 5.0 §1.5.4 */
export function encodeText(text: string): Buffer {
  const encoded = Buffer.allocUnsafe(2 + Buffer.byteLength(text));
  encoded.writeUInt16BE(encoded.length - 2);
  encoded.write(text, 2);
  return encoded;
}

function readUint16(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw new ProtocolError("the server sent a packet that ends too early");
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** @throws {ProtocolError} when there is none before `end`, or it is longer than it need be */
export function readVariableInteger(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4 && at + index < end; index++) {
    const byte = bytes[at + index] ?? 0;
    value |= (byte & 0x7f) << (7 * index);
    if ((byte & 0x80) !== 0) continue;
    if (byte === 0 && index > 0) break; // longer than it need be: [MQTT-1.5.5-1]
    return value;
  }
  throw new ProtocolError("the server sent a packet with a length that is none");
}

/** Bytes that a variable byte integer takes. @see MQTT 5.0 §1.5.5 */
export function variableIntegerLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

function writeUint16(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}

function writeVariableInteger(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= 128) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}
