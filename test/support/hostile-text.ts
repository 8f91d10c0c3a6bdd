/** What a terminal or a page would obey, of each kind: escape sequences, line breaks, C1 controls, bidirectional overrides. */
export const hostileText =
  "\u001b[2J\r\nforged: line\u0000\u007f\u0085\u009b31m\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b";

/** Lines of a text that hold anything of {@link hostileText}, or that it has forged; empty when all is well. */
export function hostileLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line) || line.trimStart().startsWith("forged"));
}
