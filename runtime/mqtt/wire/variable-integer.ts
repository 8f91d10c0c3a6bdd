import { malformedPacket } from "./protocol-error.ts";

export const maxVariableIntegerBytes = 4;
export const continuationBit = 0x80;

/**
 * Reads the variable byte integer at `at`.
 * @throws {ProtocolError} when it does not end before `end`, or is longer than it need be: [MQTT-1.5.5-1]
 */
export function readVariableInteger(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < maxVariableIntegerBytes && at + index < end; index++) {
    const byte = bytes[at + index] ?? 0;
    value |= (byte & 0x7f) << (7 * index);
    if ((byte & continuationBit) !== 0) continue;
    if (byte === 0 && index > 0) throw malformedPacket("a length or identifier that takes more bytes than it needs");
    return value;
  }
  throw malformedPacket("a length or identifier that does not end");
}

/** Bytes that a variable byte integer takes. @see MQTT 5.0 §1.5.5 */
export function variableIntegerLength(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

/** Reads the two-byte integer at `at`. @throws {ProtocolError} when it does not lie before `end` */
export function readUint16(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw malformedPacket("a packet that ends too early");
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
