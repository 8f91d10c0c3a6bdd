import { randomBytes } from "node:crypto";

/** Bytes that are taken from the system at a time. */
const poolBytes = 4096;
let pool = Buffer.alloc(0);

/** So many random bytes in hexadecimal digits; not all of them are zero. */
export function randomDigits(bytes: number): string {
  if (pool.length < bytes) pool = randomBytes(poolBytes);
  const digits = pool.toString("hex", 0, bytes);
  pool = pool.subarray(bytes);
  return /[^0]/.test(digits) ? digits : randomDigits(bytes);
}
