import { judgeClient } from "./client-oracle.ts";
import { isTakenAsFirst, randomClientPacket } from "./client-packets.ts";
import { hex } from "./cursor.ts";
import { compareVerdicts, type FuzzResult, type Verdict } from "./verdict.ts";

/** Has so many random packets of a client read, and compares each verdict with the oracle's. */
export function fuzzClient(
  read: (bytes: Buffer, isFirst: boolean) => Verdict,
  packets: number,
  seed: number,
): FuzzResult {
  return compareVerdicts(packets, seed, (random) => {
    const bytes = randomClientPacket(random);
    const isFirst = isTakenAsFirst(random, bytes);
    const shown = `${isFirst ? "first " : ""}${hex(bytes)}`;
    return { shown, expected: judgeClient(bytes, isFirst), read: () => read(bytes, isFirst) };
  });
}
