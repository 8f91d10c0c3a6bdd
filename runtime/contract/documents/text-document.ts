/** Line and column in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One document of a text: what it says, and where its parts stand. */
export interface TextDocument {
  /** As JSON has it: objects, lists, texts, numbers, true, false and null. */
  readonly value: unknown;
  /** File that it came from, for messages. */
  readonly file: string;
  /**
   * Finds where paths such as `items[0].spec.mode` stand; `""` is the document. What is not there has the position of the
   * nearest part around it. The cost is linear in the text and the paths, however many there are.
   */
  readonly positionsOf: (paths: readonly string[]) => ReadonlyMap<string, Position>;
}

/** What keeps a text from being read. */
export interface TextSlip extends Position {
  /** Never repeats the text around the slip: that may be a pasted secret. */
  readonly problem: string;
  readonly remedy: string;
}

/** The wanted paths, and all that lead to them: `""`, `a`, `a[0]`, `a[0].b`. */
export function withAncestors(paths: readonly string[]): ReadonlySet<string> {
  return new Set(["", ...paths.flatMap(ancestorsOf)]);
}

/** The nearest part around each path that was found; the document itself stands for what is nowhere. */
export function nearestPositions(
  paths: readonly string[],
  found: ReadonlyMap<string, Position>,
): ReadonlyMap<string, Position> {
  const start = found.get("") ?? { line: 1, column: 1 };
  return new Map(
    paths.map((path) => {
      const nearest = ancestorsOf(path).findLast((ancestor) => found.has(ancestor));
      return [path, (nearest === undefined ? undefined : found.get(nearest)) ?? start];
    }),
  );
}

/** Parts of a path that are followed: what a schema knows is less than 30 deep, and a name of a field may hold anything. */
const maxSteps = 100;

/** A path and the paths before it, shortest first. A name with a dot in it gives some that are nowhere, which does no harm. */
function ancestorsOf(path: string): string[] {
  const ends = [...path.matchAll(/[.[]/g)].slice(0, maxSteps).map(({ index }) => index);
  return [...ends, path.length].map((end) => path.slice(0, end)).filter((part) => part !== "");
}

/** The path of a field or an item. */
export function step(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Says that an object has a key twice: readers differ in which of the two they take. */
export function duplicateKey(position: Position): TextSlip {
  const problem = "has a key twice in one object";
  return { problem, remedy: "keep one of them: programs differ in which they take", ...position };
}

/** Finds the line and column of an offset in a text. */
export function positionFinder(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
