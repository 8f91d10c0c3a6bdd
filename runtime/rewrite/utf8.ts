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

/** Decodes UTF-8 for people; what can't be decoded is shown as {@link escapeBytes} does it. */
export function showUtf8(bytes: Buffer, start: number, end: number): string {
  return decodeUtf8(bytes, start, end) ?? escapeBytes(bytes.subarray(start, end));
}

/** Longest part of a text that is shown, in bytes. */
const maxShownBytes = 200;

/**
 * Shows a text that can't be read as UTF-8: printable ASCII as it is, every other byte and the backslash as `\xNN`. Cut off
 * behind 200 bytes, with `…` in place of the rest.
 */
export function escapeBytes(bytes: Buffer): string {
  const shown = Array.from(bytes.subarray(0, maxShownBytes), (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    return isPlain ? String.fromCharCode(byte) : escapeByte(byte);
  });
  return `${shown.join("")}${bytes.length > maxShownBytes ? "…" : ""}`;
}

/**
 * Writes a text so that an MQTT property may carry it: each control character becomes `\x1b`. U+0000 may not be in one, and
 * brokers close the connection for the others too. @see MQTT 5.0 §1.5.4, [MQTT-1.5.4-2]
 */
export function withoutControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => escapeByte(character.charCodeAt(0)));
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
