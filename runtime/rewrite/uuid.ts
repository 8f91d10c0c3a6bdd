import { randomFillSync } from "node:crypto";

/** Bytes of a UUID as text. */
export const uuidTextBytes = 36;

/** Random bytes of one UUID. */
const randomBytes = 16;
/** Enough for 256 UUIDs: asking the system costs more than what it gives. No byte is used twice. */
const pool = Buffer.allocUnsafeSlow(256 * randomBytes);
let used = pool.length;

const digits = Buffer.from("0123456789abcdef");
const hyphen = 0x2d;

/** Writes a random UUID (version 4) as text, which takes {@link uuidTextBytes}. @see RFC 9562, §5.4 */
export function writeUuid(bytes: Buffer, at: number): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const first = used;
  used += randomBytes;
  pool[first + 6] = ((pool[first + 6] ?? 0) & 0x0f) | 0x40; // version
  pool[first + 8] = ((pool[first + 8] ?? 0) & 0x3f) | 0x80; // variant
  let position = at;
  for (let index = 0; index < randomBytes; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) bytes[position++] = hyphen;
    const byte = pool[first + index] ?? 0;
    bytes[position++] = digits[byte >> 4] ?? 0;
    bytes[position++] = digits[byte & 0x0f] ?? 0;
  }
}
