import { isUtf8 } from "node:buffer";

/** What decoding puts in the place of bytes that are no text. */
const replacement = "\u{fffd}";

/**
 * Decodes UTF-8; `undefined` when the bytes are none: decoded all the same they would become another text, which may be
 * another topic. @see MQTT 5.0 §1.5.4, [MQTT-1.5.4-1]
 */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString("utf8", start, end);
  // A text may well have that character of its own, in three bytes.
  return text.includes(replacement) && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}

/** Decodes UTF-8 for people: in bytes that are none each that is not printable ASCII becomes `\xff`. */
export function showUtf8(bytes: Buffer, start: number, end: number): string {
  return decodeUtf8(bytes, start, end) ?? escapeCharacters(bytes.toString("latin1", start, end), /[^\x20-\x7e]/g);
}

/**
 * Writes a text so that an MQTT property may carry it: each control character becomes `\x1b`. U+0000 may not be in one, and
 * brokers close the connection for the others too. @see MQTT 5.0 §1.5.4, [MQTT-1.5.4-2]
 */
export function withoutControls(text: string): string {
  return escapeCharacters(text, /[\x00-\x1f\x7f-\x9f]/g);
}

function escapeCharacters(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
