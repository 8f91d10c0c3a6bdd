/** What is wrong with a text that is no JSON. */
export interface JsonSlip {
  /** What the parser says, without the text around the slip that it quotes: that may be a pasted secret. */
  readonly problem: string;
  /** Line and column of the slip, both counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** Parses a text, or says where it stops being JSON. Never throws. A byte order mark, as PowerShell writes it, is ignored. */
export function parseJson(document: string): { readonly value: unknown } | JsonSlip {
  const text = document.replace(/^\uFEFF/, "");
  const failure = failureOf(text);
  if (failure === undefined) return { value: JSON.parse(text) as unknown };
  const before = text.slice(0, findSlip(text)).split("\n");
  const problem = failure
    .replace(/( in JSON)? at position.*$/s, "")
    .replace(/, (\.\.\.)?".*$/s, "")
    .replace(/^".*$/s, "Unexpected text");
  return { problem, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** Offset of the first character that no JSON can have there: V8 tells it for some slips only. */
function findSlip(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isStartOfJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Tells whether a text is JSON, or could become it with more text after it. */
function isStartOfJson(text: string): boolean {
  const failure = failureOf(text);
  if (failure === undefined || failure === "Unexpected end of JSON input") return true;
  const position = / at position (?<position>\d+)/.exec(failure)?.groups?.["position"];
  return position !== undefined && Number(position) >= text.length;
}

function failureOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (cause) {
    return (cause as SyntaxError).message;
  }
}
