import { isDeepStrictEqual } from "node:util";

import { Random } from "./bytes.ts";
import { malformed, Unreadable } from "./cursor.ts";

/** What the bytes begin with. */
export type Verdict =
  /** `early`: codes of the faults that show already. A reader may name one of them, or wait for the rest of the packet. */
  | { readonly kind: "incomplete"; readonly early?: ReadonlySet<number> }
  /** `codes`: those that a reader may answer with. It may stop at any fault. */
  | { readonly kind: "fault"; readonly codes: ReadonlySet<number> }
  | { readonly kind: "accepted"; readonly fields: Fields };

export type Fields = Readonly<Record<string, unknown>>;

/** The verdict about a packet that is whole; `codes` are the faults that were found before, and `read` adds to them. */
export function judgeWhole(codes: Set<number>, read: (fields: Record<string, unknown>) => void): Verdict {
  const fields: Record<string, unknown> = {};
  try {
    read(fields);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    codes.add(malformed);
  }
  return codes.size > 0 ? { kind: "fault", codes } : { kind: "accepted", fields };
}

/** Whether the reader's verdict is one that the oracle allows. */
export function agrees(expected: Verdict, actual: Verdict): boolean {
  if (actual.kind === "fault") {
    const allowed = allowedCodes(expected);
    return actual.codes.size > 0 && [...actual.codes].every((code) => allowed.has(code));
  }
  if (expected.kind !== "accepted" || actual.kind !== "accepted") return expected.kind === actual.kind;
  const names = Object.keys({ ...expected.fields, ...actual.fields });
  return names.every((name) => isDeepStrictEqual(expected.fields[name], actual.fields[name]));
}

function allowedCodes(expected: Verdict): ReadonlySet<number> {
  if (expected.kind === "fault") return expected.codes;
  return new Set(expected.kind === "incomplete" ? expected.early : []);
}

export interface FuzzResult {
  /** Packets by what the oracle said. */
  readonly counts: Record<Verdict["kind"], number>;
  /** First packets that were judged wrong, in hex, with both verdicts. */
  readonly wrong: string[];
}

const maxShown = 20;

export interface Trial {
  /** What repeats it, such as the packet in hex. */
  readonly shown: string;
  readonly expected: Verdict;
  /** Reads the packet. What it throws is a wrong verdict. */
  readonly read: () => Verdict;
}

/** Makes so many packets, and compares what is read of each with what the oracle says. */
export function compareVerdicts(packets: number, seed: number, next: (random: Random) => Trial): FuzzResult {
  const random = new Random(seed);
  const counts = { incomplete: 0, fault: 0, accepted: 0 };
  const wrong: string[] = [];
  for (let count = 0; count < packets && wrong.length < maxShown; count++) {
    const trial = next(random);
    counts[trial.expected.kind]++;
    const actual = attempt(trial);
    if (actual === undefined) continue;
    wrong.push(`${trial.shown}: ${show(trial.expected)} and not ${actual}`);
  }
  return { counts, wrong };
}

/** What the reader says, if that is wrong. */
function attempt({ expected, read }: Trial): string | undefined {
  try {
    const actual = read();
    return agrees(expected, actual) ? undefined : show(actual);
  } catch (error) {
    return `an exception: ${String(error)}`;
  }
}

function show(verdict: Verdict): string {
  if (verdict.kind === "fault") return `fault ${[...verdict.codes].map((code) => code.toString(16)).join(" or ")}`;
  return verdict.kind === "accepted" ? `accepted ${JSON.stringify(verdict.fields)}` : verdict.kind;
}
