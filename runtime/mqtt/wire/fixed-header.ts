import { malformedPacket } from "./protocol-error.ts";
import { continuationBit, maxVariableIntegerBytes } from "./variable-integer.ts";

/** The longest fixed header. */
export const maxHeaderBytes = 1 + maxVariableIntegerBytes;

/**
 * Length of the fixed header that begins at `start`; 0 when it is not whole yet. @see MQTT 5.0 §2.1.4
 * @throws {ProtocolError} when the length in it is longer than four bytes, or than it need be: [MQTT-1.5.5-1]
 */
export function findHeaderLength(bytes: Buffer, start: number, end: number): number {
  for (let index = 1; index <= maxVariableIntegerBytes; index++) {
    const at = start + index;
    if (at >= end) return 0;
    const byte = bytes[at] ?? 0;
    if ((byte & continuationBit) !== 0) continue;
    if (byte === 0 && index > 1) throw malformedPacket("a packet length that takes more bytes than it needs");
    return index + 1;
  }
  throw malformedPacket("a packet length of more than four bytes");
}

/** Bytes behind the fixed header that begins at `start`, which is whole. */
export function readRemainingLength(bytes: Buffer, start: number): number {
  let value = 0;
  for (let at = start + 1, shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if ((byte & continuationBit) === 0) return value;
  }
}
