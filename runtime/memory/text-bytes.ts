/** V8 takes so many bytes for each character of a text that has one beyond Latin-1. */
const mostBytesOfCharacter = 2;

/** Bytes that a text takes on V8's heap at most. */
export function textBytes(text: string | undefined): number {
  return text === undefined ? 0 : text.length * mostBytesOfCharacter;
}
