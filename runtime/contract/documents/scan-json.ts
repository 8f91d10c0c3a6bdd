import { step } from "./text-document.ts";

/** What a scan of JSON finds. */
export interface JsonScan {
  /** Offsets of the wanted paths that are there: of the key of a field, and of an item of a list. */
  readonly found: ReadonlyMap<string, number>;
  /** Offset of the first key that its object has already; `undefined` when there is none. */
  readonly duplicate: number | undefined;
}

/**
 * Goes through a text that is JSON, which `JSON.parse` has said, for what `JSON.parse` does not tell: keys that come twice, and
 * where things stand. Linear in the text; needs no stack of calls.
 */
export function scanJson(text: string, wanted: ReadonlySet<string> = new Set()): JsonScan {
  const scan = new Scan(text, wanted);
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === "{" || char === "[") scan.open(char, at);
    else if (char === "}" || char === "]") scan.close();
    else if (char === ":" || char === ",") scan.expect(char === "," ? "key" : "value");
    else if (char === '"') {
      const end = endOfText(text, at);
      scan.readText(at, end);
      at = end - 1;
    } else if (!isBlank(char)) {
      scan.startValue(at);
      while (isInWord(text[at + 1])) at += 1;
    }
  }
  return scan;
}

interface Nest {
  /** `undefined` where nothing in it is wanted. */
  readonly path: string | undefined;
  /** Keys of an object so far; a list has none. */
  readonly keys: Set<string> | undefined;
  /** Items of a list so far. */
  count: number;
  isKeyNext: boolean;
  /** Path of the value that follows in an object; `undefined` where it is not wanted. */
  next: string | undefined;
}

class Scan implements JsonScan {
  readonly found = new Map<string, number>();
  duplicate: number | undefined;
  readonly #text: string;
  readonly #wanted: ReadonlySet<string>;
  readonly #nests: Nest[] = [];

  constructor(text: string, wanted: ReadonlySet<string>) {
    this.#text = text;
    this.#wanted = wanted;
  }

  open(char: "{" | "[", at: number): void {
    const keys = char === "{" ? new Set<string>() : undefined;
    const path = this.startValue(at);
    this.#nests.push({ path, keys, count: 0, isKeyNext: keys !== undefined, next: undefined });
  }

  close(): void {
    this.#nests.pop();
  }

  expect(what: "key" | "value"): void {
    const nest = this.#nests.at(-1);
    if (nest !== undefined) nest.isKeyNext = what === "key" && nest.keys !== undefined;
  }

  readText(at: number, end: number): void {
    const nest = this.#nests.at(-1);
    if (nest?.keys === undefined || !nest.isKeyNext) {
      this.startValue(at);
      return;
    }
    const key = JSON.parse(this.#text.slice(at, end)) as string;
    if (nest.keys.has(key)) this.duplicate ??= at;
    nest.keys.add(key);
    nest.next = nest.path === undefined ? undefined : this.#note(step(nest.path, key), at);
  }

  /** @returns the path of the value that starts here; `undefined` where nothing in it is wanted */
  startValue(at: number): string | undefined {
    const nest = this.#nests.at(-1);
    if (nest === undefined) return this.#note("", at);
    if (nest.keys !== undefined) return nest.next;
    const index = nest.count;
    nest.count += 1;
    return nest.path === undefined ? undefined : this.#note(step(nest.path, index), at);
  }

  #note(path: string, at: number): string | undefined {
    if (!this.#wanted.has(path)) return undefined;
    this.found.set(path, at);
    return path;
  }
}

/** Offset behind the quote that ends a text. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function isBlank(char: string): boolean {
  return char === " " || char === "\n" || char === "\t" || char === "\r";
}

function isInWord(char: string | undefined): boolean {
  return char !== undefined && !isBlank(char) && char !== "," && char !== "]" && char !== "}";
}
