import { createHash } from "node:crypto";

/** Digits that are the same for the same texts: names that a preview makes up are those that the update creates. */
export function digitsFrom(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}
