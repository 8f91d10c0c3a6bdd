import { judgeClient } from "./client-oracle.ts";
import { isTakenAsFirst, randomClientPacket } from "./client-packets.ts";
import { hex } from "./cursor.ts";
import { compareVerdicts, type Fields, type FuzzResult, type Verdict } from "./verdict.ts";

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
    const expected = comparable(judgeClient(bytes, isFirst));
    return { shown, expected, read: () => comparable(read(bytes, isFirst)) };
  });
}

type Listed = readonly [identifier: number, value: unknown];

/** Only user properties have an order that means anything, and it is one among each other; no Will Delay Interval is one of 0. */
function comparable(verdict: Verdict): Verdict {
  if (verdict.kind !== "accepted") return verdict;
  const { properties, will, ...fields } = verdict.fields as Fields & { readonly will?: Fields };
  const sorted = (of: Fields) => ({ ...of, properties: sortProperties(of["properties"] as Listed[] | undefined) });
  const rest = { ...fields, ...sorted({ properties }) };
  return { kind: "accepted", fields: will === undefined ? rest : { ...rest, will: sorted(will) } };
}

const willDelay = 0x18;

function sortProperties(properties: readonly Listed[] | undefined): Listed[] | undefined {
  return properties
    ?.filter(([identifier, value]) => identifier !== willDelay || value !== 0)
    .sort(([one], [other]) => one - other);
}
