import { printable } from "../../../runtime/contract/printable.ts";

/** Longest value that is repeated whole, in UTF-16 units: longer than any topic that Event Grid takes. */
const maxValue = 300;

function shortened(text: string): string {
  return text.length > maxValue ? `${text.slice(0, maxValue)}…` : text;
}

/** A value of somebody else's as inline code, in which neither a mention nor a tag nor an end of the code means anything. */
export function code(value: string): string {
  const text = printable(shortened(value));
  if (text === "") return "` `";
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || text.startsWith(" ") ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** A sentence of ours: what it has in quotes becomes code, and the rest is taken literally. */
export function prose(text: string): string {
  return text
    .split(/("[^"\n]*")/)
    .map((part) => (/^"[^"]+"$/.test(part) ? code(part.slice(1, -1)) : literal(part)))
    .join("");
}

/** Text in one line in which no character is Markdown's, HTML's or a mention's. */
export function literal(text: string): string {
  return (
    printable(shortened10(text))
      .replaceAll(/[\\`*_[\]#|~]/g, String.raw`\$&`)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      // A mention would send a mail to somebody.
      .replaceAll("@", "&#64;")
  );
}

function shortened10(text: string): string {
  return text.length > maxValue * 10 ? `${text.slice(0, maxValue * 10)}…` : text;
}

/** One row of a table: a bar within a cell would end it, even within code. */
export function row(cells: readonly string[]): string {
  // Escaped by `literal` already; the others stand within code.
  return `| ${cells.map((cell) => cell.replaceAll(/(?<!\\)\|/g, String.raw`\|`).replaceAll("\n", "<br>")).join(" | ")} |`;
}

/** A block of text as it is, in a fence that is longer than any in it. */
export function fence(lines: readonly string[], language = ""): { open: string; close: string } {
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const ticks = "`".repeat(longest + 1);
  return { open: `${ticks}${language}`, close: ticks };
}
