import { isUtf8 } from "node:buffer";

import { ProtocolViolation } from "./protocol-violation.ts";
import { ReasonCode } from "./reason-code.ts";

/** Identifiers of the properties that a PUBLISH may have. @see MQTT 5.0 §2.2.2.2 */
export const PropertyId = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  topicAlias: 0x23,
  userProperty: 0x26,
} as const;

type ValueType = "byte" | "twoBytes" | "fourBytes" | "variable" | "text" | "binary" | "textPair";

const valueTypes: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  [PropertyId.payloadFormatIndicator, "byte"],
  [PropertyId.messageExpiryInterval, "fourBytes"],
  [PropertyId.contentType, "text"],
  [PropertyId.responseTopic, "text"],
  [PropertyId.correlationData, "binary"],
  [PropertyId.subscriptionIdentifier, "variable"],
  [PropertyId.topicAlias, "twoBytes"],
  [PropertyId.userProperty, "textPair"],
]);

/** One property where it stands: the bytes from `start` up to, and without, `end`. */
export interface PropertySlice {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Takes the properties of a PUBLISH apart in the order they stand, from `start` up to, and without, `end`.
 * @throws {ProtocolViolation} when one is unknown, malformed, or there twice although it may be there once
 */
export function parsePropertySlices(bytes: Buffer, start: number, end: number): PropertySlice[] {
  const slices: PropertySlice[] = [];
  for (let at = start; at < end;) {
    const id = bytes[at] ?? 0;
    const type = valueTypes.get(id);
    if (!type) throw malformed(`property 0x${id.toString(16)} does not belong in a PUBLISH`);
    if (id !== PropertyId.userProperty && slices.some((slice) => slice.id === id)) {
      throw new ProtocolViolation(ReasonCode.protocolError, `property 0x${id.toString(16)} is there twice`);
    }
    const next = endOfValue(bytes, at + 1, end, type);
    slices.push({ id, start: at, end: next });
    at = next;
  }
  return slices;
}

function endOfValue(bytes: Buffer, at: number, end: number, type: ValueType): number {
  const next = unchecked();
  if (next > end) throw malformed("a property reaches beyond the Property Length");
  return next;

  function unchecked(): number {
    switch (type) {
      case "byte":
        return at + 1;
      case "twoBytes":
        return at + 2;
      case "fourBytes":
        return at + 4;
      case "variable":
        return parseVariableInteger(bytes, at).end;
      case "binary":
        return endOfLengthPrefixed(bytes, at, end);
      case "text":
        return endOfText(bytes, at, end);
      case "textPair":
        return endOfText(bytes, endOfText(bytes, at, end), end);
    }
  }
}

function endOfLengthPrefixed(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw malformed("a property reaches beyond the Property Length");
  return at + 2 + bytes.readUInt16BE(at);
}

function endOfText(bytes: Buffer, at: number, end: number): number {
  const next = endOfLengthPrefixed(bytes, at, end);
  if (next > end) throw malformed("a property reaches beyond the Property Length");
  if (!isUtf8(bytes.subarray(at + 2, next))) throw malformed("a property is not UTF-8"); // [MQTT-1.5.4-1]
  return next;
}

/** Reads a text that follows its two bytes of length. */
export function readText(bytes: Buffer, at: number): string {
  return bytes.toString("utf8", at + 2, at + 2 + bytes.readUInt16BE(at));
}

/**
 * Reads a variable byte integer.
 * @throws {ProtocolViolation} when it has more than 4 bytes or is cut off
 */
export function parseVariableInteger(bytes: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  throw malformed("a variable byte integer is malformed");
}

/** Writes a variable byte integer and returns where it ends. */
export function writeVariableInteger(bytes: Buffer, value: number, at: number): number {
  let rest = value;
  let end = at;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes[end] = rest > 0 ? byte + 128 : byte;
    end += 1;
  } while (rest > 0);
  return end;
}

/** Bytes that a variable byte integer takes: 1 to 4. */
export function variableIntegerBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  return value < 2 ** 21 ? 3 : 4;
}

function malformed(what: string): ProtocolViolation {
  return new ProtocolViolation(ReasonCode.malformedPacket, what);
}
