import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type Document,
  type ErrorCode,
  type Node,
  type ParsedNode,
  type YAMLError,
} from "yaml";

import {
  duplicateKey,
  nearestPositions,
  step,
  withAncestors,
  type Position,
  type TextDocument,
  type TextSlip,
} from "./text-document.ts";

/** Bounds of a YAML text beyond its size: what a reader of YAML holds of a text is far larger than the text. */
export const yamlLimits = {
  /** Words, marks and blanks of the text; one of 1 MiB that `kubectl` prints has about 250,000. */
  tokens: 300_000,
  /** Documents, as `---` parts them. */
  documents: 1000,
  /** Values of a document once every alias (`*name`) stands for what it names. */
  values: 100_000,
} as const;

/**
 * Reads a text that is YAML 1.2: one document, or many that `---` parts. Empty ones are left out. A key that comes twice, and
 * aliases that grow a small text into a large one, are refused. Never throws.
 * @see YAML 1.2.2
 */
export function readYaml(given: string, file: string): readonly TextDocument[] | TextSlip {
  const text = given.replace(/^\uFEFF/, "");
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const documents: TextDocument[] = [];
  try {
    for (const document of composeDocuments(text, lines)) {
      const slip = slipOf(document, positionAt);
      if (slip !== undefined) return slip;
      if (isEmpty(document.contents)) continue;
      if (documents.length === yamlLimits.documents) return tooMany(document, positionAt);
      documents.push({
        value: document.toJS({ maxAliasCount: -1 }) as unknown,
        file,
        positionsOf: (paths) => findPositions(document.contents, paths, positionAt),
      });
    }
  } catch (cause) {
    return refusal(cause);
  }
  return documents;
}

/** `---` with nothing after it, or with comments only. */
function isEmpty(contents: ParsedNode | null): boolean {
  return contents === null || (isScalar(contents) && contents.source === "");
}

/** One document after the other, so that a text is read no further than to its first slip. */
function* composeDocuments(text: string, lines: LineCounter): Generator<Document.Parsed> {
  // Keys that come twice are looked for here: the library compares each key of an object with every other.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens = function* () {
    let count = 0;
    for (const lexeme of new Lexer().lex(text)) {
      count += 1;
      if (count > yamlLimits.tokens) throw new TooLarge(`has more than ${yamlLimits.tokens} words and marks`);
      yield* parser.next(lexeme);
    }
    yield* parser.end();
  };
  yield* composer.compose(tokens(), false, text.length);
}

class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** The first thing that keeps a document from being read. */
function slipOf(document: Document.Parsed, positionAt: (offset: number) => Position): TextSlip | undefined {
  const [error] = document.errors;
  if (error !== undefined) return describe(error, positionAt(error.pos[0]));
  const duplicate = findDuplicate(document.contents);
  if (duplicate !== undefined) return duplicateKey(positionAt(duplicate));
  return checkAliases(document.contents, positionAt);
}

function findDuplicate(contents: ParsedNode | null): number | undefined {
  let duplicate: number | undefined;
  visit(contents, {
    Map: (_key, { items }) => {
      const keys = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (keys.has(name)) duplicate ??= key.range?.[0] ?? 0;
        keys.add(name);
      }
      return duplicate === undefined ? undefined : visit.BREAK;
    },
  });
  return duplicate;
}

/** Refuses aliases that stand for too much, or for what they are in. Counts without making what they stand for. */
function checkAliases(contents: ParsedNode | null, positionAt: (offset: number) => Position): TextSlip | undefined {
  const sizes = new Map<string, number>();
  let slip: TextSlip | undefined;
  const measure = (node: unknown): number => {
    if (isAlias(node)) {
      const size = sizes.get(node.source);
      const at = positionAt(node.range?.[0] ?? 0);
      if (size === undefined)
        slip ??= { problem: "has an alias that names nothing before it", remedy: "write out what is meant", ...at };
      return size ?? 1;
    }
    let size = 1;
    if (isSeq(node)) for (const item of node.items) size += measure(item);
    if (isMap(node)) for (const { key, value } of node.items) size += measure(key) + measure(value);
    const { anchor, range } = (node ?? {}) as Partial<Node & { anchor: string }>;
    if (anchor !== undefined) sizes.set(anchor, size);
    if (size > yamlLimits.values) {
      const problem = `has more than ${yamlLimits.values} values, with its aliases written out`;
      slip ??= { problem, remedy: "write out what is meant", ...positionAt(range?.[0] ?? 0) };
    }
    return size;
  };
  measure(contents);
  return slip;
}

function tooMany(document: Document.Parsed, positionAt: (offset: number) => Position): TextSlip {
  const problem = `has more than ${yamlLimits.documents} documents`;
  return { problem, remedy: "spread them over several files", ...positionAt(document.range[0]) };
}

function refusal(cause: unknown): TextSlip {
  const isKnown = cause instanceof TooLarge;
  const problem = isKnown ? cause.message : "can't be read as YAML";
  const remedy = isKnown ? "give it as JSON, or spread it over several files" : "give it as JSON";
  return { problem, remedy, line: 1, column: 1 };
}

function findPositions(
  contents: ParsedNode | null,
  paths: readonly string[],
  positionAt: (offset: number) => Position,
): ReadonlyMap<string, Position> {
  const wanted = withAncestors(paths);
  const found = new Map<string, Position>();
  const look = (node: unknown, path: string, offset: number | undefined): void => {
    if (!wanted.has(path)) return;
    if (offset !== undefined) found.set(path, positionAt(offset));
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) look(item, step(path, index), startOf(item));
    } else if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key)) look(value, step(path, String(key.value)), startOf(key));
      }
    }
  };
  look(contents, "", startOf(contents));
  return nearestPositions(paths, found);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** What the library's codes mean, in words that repeat nothing of the text. */
const slips: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias has an anchor or a tag",
  BAD_ALIAS: "an alias names no anchor before it",
  BAD_COLLECTION_TYPE: "a tag does not fit what follows",
  BAD_DIRECTIVE: "a directive (%) is not known",
  BAD_DQ_ESCAPE: "an escape in double quotes is not known",
  BAD_INDENT: "the indentation does not fit the lines before, or a bracket is missing",
  BAD_SCALAR_START: "a value starts with a character that has to be in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a key and its value stand where one value belongs",
  BLOCK_IN_FLOW: "a block stands within brackets",
  IMPOSSIBLE: "it is no YAML",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a character such as a quote, a colon or a bracket is missing",
  MULTILINE_IMPLICIT_KEY: "a key goes over several lines",
  MULTIPLE_ANCHORS: "a value has several anchors",
  MULTIPLE_TAGS: "a value has several tags",
  RESOURCE_EXHAUSTION: "it has too much within each other",
  TAB_AS_INDENT: "a tab stands where blanks indent",
  TAG_RESOLVE_FAILED: "a tag is not known",
  UNEXPECTED_TOKEN: "something stands where it does not belong",
};

function describe({ code }: YAMLError, position: Position): TextSlip {
  return { problem: `is not YAML (${slips[code] ?? code})`, remedy: "correct it there", ...position };
}
