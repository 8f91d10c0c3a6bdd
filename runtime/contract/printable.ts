/**
 * Characters that a terminal or a page obeys instead of showing them: controls (escape sequences, line breaks), format
 * characters (bidirectional overrides, zero-width ones), the line and paragraph separators, and halves of surrogate pairs.
 * @see Unicode Standard Annex #44, general categories Cc, Cf, Cs, Zl and Zp
 */
const obeyed = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const obeyedWithinLines = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Writes a text from outside (a broker's reason, a topic, a value of the configuration) so that a reader sees what is
 * there: each character that would be obeyed becomes `\u001b`. The result is one line. JSON in one line keeps its meaning,
 * since JSON has such characters within its texts only. Never throws.
 */
export function printable(text: string): string {
  return text.replace(obeyed, escapeUnits);
}

/** As {@link printable}, for a text of our own in several lines: its line feeds stay. */
export function printableLines(text: string): string {
  return text.replace(obeyedWithinLines, escapeUnits);
}

/** Each UTF-16 code unit, so that JSON reads the same character again. */
function escapeUnits(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
