import { parseJson } from "../config/json.ts";
import { scanJson } from "./scan-json.ts";
import {
  duplicateKey,
  nearestPositions,
  positionFinder,
  withAncestors,
  type TextDocument,
  type TextSlip,
} from "./text-document.ts";

/**
 * Reads a text that is JSON, with the comments that templates of Azure Resource Manager may have. A key that comes twice is
 * refused. Never throws.
 * @see Azure Resource Manager, Template structure and syntax, Comments and metadata
 */
export function readJson(given: string, file: string): TextDocument | TextSlip {
  const plain = given.replace(/^\uFEFF/, "");
  const first = parseJson(plain);
  const isPlain = !("problem" in first);
  const text = isPlain ? plain : withoutComments(plain);
  const parsed = isPlain ? first : parseJson(text);
  if ("problem" in parsed) {
    const { problem, line, column } = parsed;
    return { problem: `is not JSON (${problem})`, remedy: "correct it there", line, column };
  }
  const { duplicate } = scanJson(text);
  if (duplicate !== undefined) return duplicateKey(positionFinder(text)(duplicate));
  const positionsOf = (paths: readonly string[]) => {
    const find = positionFinder(text);
    const { found } = scanJson(text, withAncestors(paths));
    return nearestPositions(paths, new Map([...found].map(([path, offset]) => [path, find(offset)])));
  };
  return { value: parsed.value, file, positionsOf };
}

/** Puts blanks in the place of comments, so that everything else stays where it is. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') at = skipText(text, at);
    if (text[at] !== "/") continue;
    const end = endOfComment(text, at);
    if (end === undefined) continue;
    parts.push(text.slice(kept, at), text.slice(at, end).replace(/[^\n]/g, " "));
    kept = end;
    at = end - 1;
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(kept);
}

/** Offset of the quote that ends a text, or of the end of its line: a text that has no end hides nothing after it. */
function skipText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"' && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  return at;
}

function endOfComment(text: string, start: number): number | undefined {
  const kind = text[start + 1];
  if (kind !== "/" && kind !== "*") return undefined;
  const end = kind === "/" ? text.indexOf("\n", start) : text.indexOf("*/", start + 2);
  if (end < 0) return text.length;
  return kind === "/" ? end : end + 2;
}
