import { PropertyId } from "../contract/mqtt-properties.ts";
import { EncodedPublish, retainBit } from "./encoded-publish.ts";
import {
  isHopProperty,
  propertyEnd,
  qosShift,
  variableIntegerLength,
  PublishView,
  type PropertiesView,
} from "./publish-view.ts";
import { largestInSlab, type Slab } from "./slab.ts";

export { clearRetain, stampExpiry, stampPublish, type EncodedPublish } from "./encoded-publish.ts";
export {
  forEachProperty,
  isHopProperty,
  propertyEnd,
  PublishView,
  wholeProperties,
  type PropertiesView,
  type PropertyVisitor,
} from "./publish-view.ts";

const publishType = 0x30;
const pubackType = 0x40;

/** What a forwarded PUBLISH is made of. All but the named parts is taken from the view byte for byte. */
export interface PublishParts {
  readonly qos: number;
  readonly retain: boolean;
  /** Topic in UTF-8; omitted: as it came. */
  readonly topic?: Buffer | undefined;
  /** All properties; omitted: as they came, without the hop properties. */
  readonly properties?: PropertiesView | undefined;
  /** The topic that it came with, to be kept beside the packet. */
  readonly inputTopic?: string | undefined;
}

/**
 * Encodes a PUBLISH with some parts replaced and the rest copied. The copy is its own: the view may move on. A large one of
 * which no part is replaced is not copied where the view's bytes are its own: they are the copy then. What belongs to the
 * connection that it came on ({@link isHopProperty}) is left out. The view's properties have to be scanned.
 *
 * @param slab where to; omitted: to memory of its own
 */
export function encodePublish(view: PublishView, parts: PublishParts, slab?: Slab): EncodedPublish {
  const { qos, retain, topic, properties, inputTopic } = parts;
  const topicLength = topic?.length ?? view.topicEnd - view.topicStart;
  const propertiesLength =
    properties === undefined
      ? view.propertiesEnd - view.propertiesStart - view.hopBytes
      : properties.propertiesEnd - properties.propertiesStart;
  const idLength = qos > 0 ? 2 : 0;
  const remaining =
    2 + topicLength + idLength + variableIntegerLength(propertiesLength) + propertiesLength + view.payloadBytes;
  const length = 1 + variableIntegerLength(remaining) + remaining;
  const hasSameParts = topic === undefined && properties === undefined && idLength === (view.qos > 0 ? 2 : 0);
  if (view.isOwn && hasSameParts && view.isHopSpanWhole && length > largestInSlab)
    return takeOver(view, parts, { length, remaining, propertiesLength });
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
    properties === undefined
      ? view.expiryAt - view.propertiesStart - view.hopBytesBeforeExpiry
      : findExpiry(properties);
  const expiryOffset = expiryAt > 0 ? position + expiryAt - start : 0;
  if (properties === undefined) copyPropertiesAndPayload(view, bytes, position);
  else {
    position += properties.bytes.copy(bytes, position, properties.propertiesStart, properties.propertiesEnd);
    view.bytes.copy(bytes, position, view.propertiesEnd, view.end);
  }
  const publish = new EncodedPublish(bytes, start, length, packetIdOffset, expiryOffset, inputTopic);
  publish.isReusable = slab !== undefined && length > largestInSlab;
  return publish;
}

/** Encodes a message anew with QoS 0: it has no packet identifier then. Topic, properties and payload stay. */
export function withQos0({ packet, inputTopic }: EncodedPublish): EncodedPublish {
  const view = new PublishView().readPacket(packet).scanProperties();
  return encodePublish(view, { qos: 0, retain: view.retain, inputTopic });
}

/** Copies the properties but for the hop properties, and the payload, which lies behind them in what came. */
function copyPropertiesAndPayload(view: PublishView, target: Buffer, at: number): void {
  const { bytes, propertiesStart, propertiesEnd, end } = view;
  if (view.hopBytes === 0) {
    bytes.copy(target, at, propertiesStart, end);
    return;
  }
  let position = at;
  let kept = propertiesStart;
  for (let start = view.hopStart; start < view.hopEnd;) {
    const identifier = bytes[start] ?? 0;
    const next = propertyEnd(bytes, start + 1, propertiesEnd, identifier);
    if (isHopProperty(identifier)) {
      if (start > kept) position += bytes.copy(target, position, kept, start);
      kept = next;
    }
    start = next;
  }
  bytes.copy(target, position, kept, end);
}

/**
 * Makes the view's own bytes the encoded PUBLISH. The payload stays where it is; what stands before it moves towards it
 * over the hop properties.
 */
function takeOver(
  view: PublishView,
  { qos, retain, inputTopic }: PublishParts,
  { length, remaining, propertiesLength }: { length: number; remaining: number; propertiesLength: number },
): EncodedPublish {
  const { bytes, end, topicStart, topicEnd, propertiesStart, expiryAt, hopBytes } = view;
  view.isOwn = false;
  const start = end - length;
  // From the last part to the first: each moves to the right, so it is read before something is written over it.
  const keptFrom = propertiesStart + hopBytes;
  if (hopBytes > 0) bytes.copyWithin(keptFrom, propertiesStart, view.hopStart);
  const lengthAt = keptFrom - variableIntegerLength(propertiesLength);
  const newTopicEnd = lengthAt - (qos > 0 ? 2 : 0);
  if (newTopicEnd !== topicEnd) {
    writeVariableInteger(bytes, lengthAt, propertiesLength);
    bytes.copyWithin(newTopicEnd - (topicEnd - topicStart), topicStart, topicEnd);
  }
  if (qos > 0) writeUint16(bytes, newTopicEnd, 0);
  bytes[start] = publishType | (qos << qosShift) | (retain ? retainBit : 0);
  writeUint16(bytes, writeVariableInteger(bytes, start + 1, remaining), topicEnd - topicStart);
  const newExpiryAt = expiryAt > 0 && expiryAt < view.hopStart ? expiryAt + hopBytes : expiryAt;
  const expiryOffset = expiryAt > 0 ? newExpiryAt - start : 0;
  view.noteMoved(newTopicEnd, keptFrom, newExpiryAt);
  const packetIdOffset = qos > 0 ? newTopicEnd - start : 0;
  const publish = new EncodedPublish(bytes, start, length, packetIdOffset, expiryOffset, inputTopic);
  publish.isReusable = view.isFromPool && !view.isKept;
  return publish;
}

/** Where the message expiry interval stands behind the start of the properties; 0 when there is none. */
function findExpiry({ bytes, propertiesStart, propertiesEnd }: PropertiesView): number {
  for (let position = propertiesStart; position < propertiesEnd;) {
    const identifier = bytes[position] ?? 0;
    if (identifier === PropertyId.messageExpiryInterval) return position + 1 - propertiesStart;
    position = propertyEnd(bytes, position + 1, propertiesEnd, identifier);
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
  return Buffer.concat([Buffer.of(PropertyId.userProperty), encodeText(name), encodeText(value)]);
}

/** Encodes a text with its length in front. @see MQTT 5.0 §1.5.4 */
export function encodeText(text: string): Buffer {
  const encoded = Buffer.allocUnsafe(2 + Buffer.byteLength(text));
  encoded.writeUInt16BE(encoded.length - 2);
  encoded.write(text, 2);
  return encoded;
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
