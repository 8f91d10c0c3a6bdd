import { isUtf8 } from "node:buffer";

import { malformedPacket, protocolError } from "./protocol-error.ts";

/**
 * Checks a text, from `start` up to and without `end`.
 * @param what the text, as messages name it: `a PUBLISH whose topic`
 * @throws {ProtocolError} when it is no well-formed UTF-8 [MQTT-1.5.4-1], or has U+0000 [MQTT-1.5.4-2]
 */
export function checkText(bytes: Buffer, start: number, end: number, what: string): void {
  if (isPlain(bytes, start, end, false)) return;
  const text = bytes.subarray(start, end);
  if (text.includes(0)) throw malformedPacket(`${what} has the character U+0000`);
  if (!isUtf8(text)) throw malformedPacket(`${what} is not well-formed UTF-8`);
}

/**
 * Checks a topic name; an empty one passes.
 * @throws {ProtocolError} as {@link checkText}, and when it has a wildcard: [MQTT-3.3.2-2], [MQTT-3.3.2-14]
 */
export function checkTopicName(bytes: Buffer, start: number, end: number, what: string): void {
  if (isPlain(bytes, start, end, true)) return;
  checkText(bytes, start, end, what);
  for (let at = start; at < end; at++) {
    if (isWildcard(bytes[at] ?? 0)) throw protocolError(`${what} has a wildcard`);
  }
}

function isWildcard(byte: number): boolean {
  return byte === 0x2b || byte === 0x23; // "+" and "#"
}

/** The bytes that were looked at last, as words: most texts are in the buffer that all sockets are read into. */
let words: DataView = new DataView(new ArrayBuffer(0));
let wordsOf: Buffer | undefined;
/** A larger buffer is one message's own, and must not be kept in memory for its words. */
const mostKeptBytes = 65_536;

function wordsIn(bytes: Buffer): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length > mostKeptBytes) return view;
  wordsOf = bytes;
  words = view;
  return view;
}

/** 1 and 0x80 in each byte of a word; a wildcard with its bit 3 cleared, in which "+" and "#" differ; and a mask that does so. */
const [ones, highBits, wildcards, withoutBit3] = [0x01010101, 0x80808080 | 0, 0x23232323, 0xf7f7f7f7 | 0];

/**
 * Tells whether a text is ASCII without U+0000, and without wildcards where `isTopic`; that says all of it. Every message's topic
 * and texts go through it: four bytes at a time, a quarter of a nanosecond for each.
 */
function isPlain(bytes: Buffer, start: number, end: number, isTopic: boolean): boolean {
  const view = bytes === wordsOf ? words : wordsIn(bytes);
  let at = start;
  // Subtracting 1 from each byte sets the high bit of one that is 0. A borrow reaches only bytes behind such a one.
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    let odd = word | (word - ones);
    if (isTopic) odd |= ((word & withoutBit3) ^ wildcards) - ones;
    if ((odd & highBits) !== 0) return false;
  }
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte >= 0x80 || (isTopic && isWildcard(byte))) return false;
  }
  return true;
}
