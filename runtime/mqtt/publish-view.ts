import { PropertyId } from "../contract/mqtt-properties.ts";
import { largeBuffers } from "../memory/large-buffers.ts";
import type { Room } from "../memory/lane.ts";
import { largestInSlab } from "./slab.ts";
import { dupBit, retainBit } from "./encoded-publish.ts";
import { FaultCode, malformedPacket, protocolError, ProtocolError } from "./wire/protocol-error.ts";
import { checkText, checkTopicName } from "./wire/text.ts";
import { readUint16, readVariableInteger, variableIntegerLength } from "./wire/variable-integer.ts";

export { readVariableInteger, variableIntegerLength } from "./wire/variable-integer.ts";

/**
 * Tells whether a property belongs to the connection that a message came on; such a property is never forwarded. A Topic Alias
 * would be another one, but no server may send it here: this client announces no Topic Alias Maximum.
 */
export function isHopProperty(identifier: number): boolean {
  return identifier === PropertyId.subscriptionIdentifier;
}

/** Bits of a PUBLISH's first byte. @see MQTT 5.0 §3.3.1 */
export const qosShift = 1;
const qosMask = 0x06;
/** The value of QoS that there is none of. @see MQTT 5.0 §3.3.1.2 */
const noQos = 3;

const nothing = Buffer.alloc(0);

/** Positions of one PUBLISH's parts in the bytes that it came in. Reused from packet to packet: copy what must last. */
export class PublishView {
  bytes: Buffer = nothing;
  /** Whether nothing but this packet is in the bytes, from 0 on, and nobody else uses them. */
  isOwn = false;
  /** Whether its own bytes were taken from `LargeBuffers`. */
  isFromPool = false;
  /** Whether somebody keeps the bytes for longer than the view is read. */
  isKept = false;
  /** The memory that the packet was granted before it came, while nobody has taken it. Large packets have one. */
  room: Room | undefined = undefined;
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
  /** Bytes of the {@link isHopProperty hop properties}, 0 when there are none. Set by {@link scanProperties}. */
  hopBytes = 0;
  /** Where the first of them begins and where the last one ends; others may stand between them. */
  hopStart = 0;
  hopEnd = 0;
  /** How many of their bytes stand before the message expiry interval. */
  hopBytesBeforeExpiry = 0;
  /** The first {@link identifierCount} are this message's Subscription Identifiers. Set by {@link scanProperties}. */
  readonly identifiers: number[] = [];
  identifierCount = 0;
  #isScanned = false;

  /** The topic and the properties were moved towards the payload, over the hop properties, which are gone. */
  noteMoved(topicEnd: number, propertiesStart: number, expiryAt: number): void {
    this.topicStart += topicEnd - this.topicEnd;
    this.topicEnd = topicEnd;
    this.propertiesStart = propertiesStart;
    this.expiryAt = expiryAt;
    this.hopBytes = this.hopStart = this.hopEnd = this.hopBytesBeforeExpiry = 0;
  }

  /**
   * Finds the parts of the packet `bytes[start]` up to `bytes[end]`. What they say is left to {@link check}.
   * @param isOwn whether the bytes were made for this packet alone; it begins at 0 then
   * @throws {ProtocolError} when its parts don't fit into it, or it can't be acknowledged
   */
  read(bytes: Buffer, start: number, end: number, headerLength: number, isOwn = false): this {
    this.#locate(bytes, start, end, headerLength);
    this.isOwn = isOwn;
    this.isFromPool = isOwn && bytes.length > largestInSlab;
    this.#checkIdentifier();
    return this;
  }

  /** Lets go of the bytes, which the next packet may have where nobody has kept them, and of the room. A view is kept as long as its connection. */
  leave(): void {
    if (this.isOwn && this.isFromPool && !this.isKept) largeBuffers.giveBack(this.bytes);
    this.bytes = nothing;
    this.isOwn = false;
    this.room?.release();
    this.room = undefined;
  }

  /**
   * Reads the head of a packet that was passed over, as far as its packet identifier: it has no properties and no payload then.
   * @throws {ProtocolError} when its topic doesn't fit into the head, or it can't be acknowledged
   */
  readHead(head: Buffer, end: number, headerLength: number): this {
    this.propertiesStart = this.propertiesEnd = this.end = this.#locateTopic(head, 0, end, headerLength);
    if (this.end > end) throw malformedPacket(endsTooEarly);
    this.#checkIdentifier();
    return this;
  }

  #checkIdentifier(): void {
    if (this.qos > 0 && this.packetId === 0) throw protocolError("a PUBLISH with packet identifier 0"); // [MQTT-2.2.1-4]
    if (this.qos === 0 && this.dup) throw protocolError("a PUBLISH with QoS 0 and DUP"); // [MQTT-3.3.1-2]
  }

  /**
   * Checks the topic and the properties, so that all that is forwarded may be sent. Calls {@link scanProperties}.
   * @returns what is wrong with the message, though it can be acknowledged; `undefined` when nothing is
   */
  check(): ProtocolError | undefined {
    try {
      // It may be empty only beside a topic alias, and this client takes none: §3.3.2.1
      if (this.topicEnd === this.topicStart) throw protocolError("a PUBLISH without a topic");
      checkTopicName(this.bytes, this.topicStart, this.topicEnd, "a PUBLISH whose topic");
      this.scanProperties();
      return undefined;
    } catch (cause) {
      if (cause instanceof ProtocolError) return cause;
      throw cause;
    }
  }

  #locate(bytes: Buffer, start: number, end: number, headerLength: number): void {
    const position = this.#locateTopic(bytes, start, end, headerLength);
    const length = readVariableInteger(bytes, position, end);
    this.propertiesStart = position + variableIntegerLength(length);
    this.propertiesEnd = this.propertiesStart + length;
    if (this.topicEnd > end || this.propertiesEnd > end) throw malformedPacket(endsTooEarly);
  }

  /** Finds what stands before the properties; returns where they begin. */
  #locateTopic(bytes: Buffer, start: number, end: number, headerLength: number): number {
    const flags = bytes[start] ?? 0;
    this.expiryAt = 0;
    this.hopBytes = 0;
    this.identifierCount = 0;
    this.#isScanned = false;
    this.isOwn = this.isFromPool = this.isKept = false;
    this.bytes = bytes;
    this.end = end;
    this.dup = (flags & dupBit) !== 0;
    this.qos = (flags & qosMask) >> qosShift;
    this.retain = (flags & retainBit) !== 0;
    if (this.qos === noQos) throw malformedPacket("a PUBLISH with QoS 3"); // [MQTT-3.3.1-4]
    if (this.qos > 1) throw protocolError("a PUBLISH with QoS 2, which was not asked for");
    this.topicStart = start + headerLength + 2;
    this.topicEnd = this.topicStart + readUint16(bytes, this.topicStart - 2, end);
    this.packetId = this.qos === 0 ? 0 : readUint16(bytes, this.topicEnd, end);
    return this.qos === 0 ? this.topicEnd : this.topicEnd + 2;
  }

  /** Reads one whole packet, as {@link encodePublish} makes it: its packet identifier may be still to come. */
  readPacket(packet: Buffer): this {
    let headerLength = 2;
    while (((packet[headerLength - 1] ?? 0) & 0x80) !== 0) headerLength++;
    this.#locate(packet, 0, packet.length, headerLength);
    return this;
  }

  /**
   * Walks over the properties, checks each, and notes what a forwarded message must not keep as it came. A second call for the
   * same packet does nothing.
   * @throws {ProtocolError} on a property that a PUBLISH can't carry, that doesn't fit, comes twice or has a value that is not allowed
   */
  scanProperties(): this {
    if (this.#isScanned) return this;
    this.expiryAt = 0;
    this.hopBytes = 0;
    this.identifierCount = 0;
    let seen = 0;
    for (let position = this.propertiesStart; position < this.propertiesEnd;) {
      const identifier = this.bytes[position] ?? 0;
      if (identifier === PropertyId.userProperty) {
        position = checkUserProperty(this.bytes, position + 1, this.propertiesEnd);
        continue;
      }
      const end = propertyEnd(this.bytes, position + 1, this.propertiesEnd, identifier);
      if (end > this.propertiesEnd) throw malformedPacket(propertiesEndEarly);
      if (isHopProperty(identifier)) this.#noteHopProperty(position, end);
      else {
        if ((seen & (1 << identifier)) !== 0)
          throw protocolError(`a PUBLISH with two properties 0x${identifier.toString(16)}`);
        seen |= 1 << identifier;
        checkProperty(this.bytes, position + 1, end, identifier);
        if (identifier === PropertyId.messageExpiryInterval) {
          this.expiryAt = position + 1;
          this.hopBytesBeforeExpiry = this.hopBytes;
        }
      }
      position = end;
    }
    this.#isScanned = true;
    return this;
  }

  #noteHopProperty(start: number, end: number): void {
    if (this.hopBytes === 0) this.hopStart = start;
    this.hopBytes += end - start;
    this.hopEnd = end;
    const value = readVariableInteger(this.bytes, start + 1, end);
    if (value === 0) throw protocolError("a PUBLISH with Subscription Identifier 0");
    this.identifiers[this.identifierCount++] = value;
  }

  /** Whether the {@link isHopProperty hop properties} stand side by side; true when there are none. */
  get isHopSpanWhole(): boolean {
    return this.hopBytes === 0 || this.hopEnd - this.hopStart === this.hopBytes;
  }

  get topic(): string {
    return this.bytes.toString("utf8", this.topicStart, this.topicEnd);
  }

  get payloadBytes(): number {
    return this.end - this.propertiesEnd;
  }
}

const endsTooEarly = "a PUBLISH that ends too early";
const propertiesEndEarly = "a PUBLISH whose properties end too early";

/** Checks the user property whose name and value begin at `at`; returns where it ends. There may be many in each message. */
function checkUserProperty(bytes: Buffer, at: number, limit: number): number {
  const middle = at + 2 + readUint16(bytes, at, limit);
  const end = middle + 2 + readUint16(bytes, middle, limit);
  if (end > limit) throw malformedPacket(propertiesEndEarly);
  checkText(bytes, at + 2, middle, userPropertyText);
  checkText(bytes, middle + 2, end, userPropertyText);
  return end;
}

/** Checks the value, other than that of a user property, that lies whole between `at` and `end`. */
function checkProperty(bytes: Buffer, at: number, end: number, identifier: number): void {
  switch (identifier) {
    case PropertyId.payloadFormatIndicator:
      if ((bytes[at] ?? 0) > 1) throw protocolError("a PUBLISH whose payload format indicator is neither 0 nor 1");
      break;
    case PropertyId.contentType:
      checkText(bytes, at + 2, end, "a PUBLISH whose content type");
      break;
    case PropertyId.responseTopic:
      if (end === at + 2) throw protocolError("a PUBLISH whose response topic is empty"); // [MQTT-4.7.3-1]
      checkTopicName(bytes, at + 2, end, "a PUBLISH whose response topic");
      break;
  }
}

const userPropertyText = "a PUBLISH of which a user property";

/** Encoded properties, and where they stand. */
export type PropertiesView = Pick<PublishView, "bytes" | "propertiesStart" | "propertiesEnd">;

/** Encoded properties that are all that is in their bytes. */
export function wholeProperties(bytes: Buffer): PropertiesView {
  return { bytes, propertiesStart: 0, propertiesEnd: bytes.length };
}

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
    if (end > propertiesEnd) throw malformedPacket(propertiesEndEarly);
    visit(identifier, position, end);
    position = end;
  }
}

/** Where the value that begins at `value` ends. */
export function propertyEnd(bytes: Buffer, value: number, limit: number, identifier: number): number {
  switch (identifier) {
    case PropertyId.payloadFormatIndicator:
      return value + 1;
    case PropertyId.messageExpiryInterval:
      return value + 4;
    case PropertyId.topicAlias:
      // Greater than the Topic Alias Maximum, which is 0 where CONNECT has none: [MQTT-3.3.2-9]
      throw new ProtocolError("a PUBLISH with a topic alias, which was not asked for", FaultCode.topicAliasInvalid);
    case PropertyId.subscriptionIdentifier:
      return value + variableIntegerLength(readVariableInteger(bytes, value, limit));
    case PropertyId.contentType:
    case PropertyId.responseTopic:
    case PropertyId.correlationData:
      return value + 2 + readUint16(bytes, value, limit);
    case PropertyId.userProperty: {
      const middle = value + 2 + readUint16(bytes, value, limit);
      return middle + 2 + readUint16(bytes, middle, limit);
    }
    default:
      throw malformedPacket(
        `a PUBLISH with the property 0x${identifier.toString(16).padStart(2, "0")}, which it can't have`,
      );
  }
}
