import { judgeClient } from "./client-oracle.ts";
import type { Verdict } from "./verdict.ts";

/** Codes, some of the fields of a packet that is accepted (texts in hex), or codes that show before the packet is whole. */
export type Expected = number[] | Record<string, unknown> | "incomplete" | { early: number[] };
/** A statement, bytes in hex, and what the oracle says of them. */
export type Case = [statement: string, hex: string, expected: Expected];

export const malformed = [0x81];
export const protocol = [0x82];
export const either = [0x81, 0x82];

/** CONNECT with these flags, and what comes behind its Keep Alive of 60 s. */
export function connect(flags: string, rest: string): string {
  return packet("10", `00044d51545405${flags}003c${rest}`);
}

/** A remaining length of one byte is put between both. */
export function packet(first: string, body: string): string {
  const bytes = body.replaceAll(" ", "");
  return `${first}${(bytes.length / 2).toString(16).padStart(2, "0")}${bytes}`;
}

export function judgeHex(hex: string, isFirst: boolean): Verdict {
  return judgeClient(Buffer.from(hex.replaceAll(" ", ""), "hex"), isFirst);
}

export function check(hex: string, expected: Expected, isFirst: boolean): void {
  const verdict = judgeHex(hex, isFirst);
  if (expected === "incomplete") expect(verdict).toEqual({ kind: "incomplete" });
  else if (Array.isArray(expected)) expect(verdict).toEqual({ kind: "fault", codes: new Set(expected) });
  else if ("early" in expected && Array.isArray(expected.early))
    expect(verdict).toEqual({ kind: "incomplete", early: new Set(expected.early) });
  else expect(verdict).toEqual({ kind: "accepted", fields: expect.objectContaining(expected) });
}

/** User properties b=1, a=2, b=3. */
export function pairs(): string {
  return "26 000162 000131 26 000161 000132 26 000162 000133".replaceAll(" ", "");
}
