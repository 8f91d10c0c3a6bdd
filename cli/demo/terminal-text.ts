import { stripVTControlCharacters } from "node:util";

/** Select Graphic Rendition: what `styleText` writes. */
const style = /(\u001b\[[0-9;]*m)/;
const resetStyle = "\u001b[0m";
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Columns that a line takes in a terminal, styles not counted; each character for one column. */
export function widthOf(line: string): number {
  return charactersOf(stripVTControlCharacters(line)).length;
}

/** Cuts a line to the width of the terminal, with an ellipsis in the last column; its styles end with it. */
export function fitLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let left = Math.max(0, columns - 1);
  const kept = line.split(style).map((part) => {
    if (style.test(part)) return part;
    const characters = charactersOf(part).slice(0, left);
    left -= characters.length;
    return characters.join("");
  });
  return `${kept.join("")}${style.test(line) ? resetStyle : ""}…`;
}

/** Rows that lines take where the terminal wraps them. */
export function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
}

/** Characters as a reader counts them. */
function charactersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
