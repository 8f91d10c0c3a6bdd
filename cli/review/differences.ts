import { isDeepStrictEqual } from "node:util";

import { isFields, isSecret, isUnknown } from "./values.ts";

/** A place where two values differ. */
export interface Difference {
  /** `spec.template.spec.containers[0].image`; a name that is no word is quoted: `data["config.json"]`. */
  readonly path: string;
  /** `undefined` where there is none. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Most differences of one resource: a longer list is read by nobody. */
const maxDifferences = 500;

/** Lists where two values differ, the innermost places. Secrets and what is not known are taken as a whole. */
export function pathDifferences(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = [];
  compare("", before, after, found);
  return found;
}

function compare(path: string, before: unknown, after: unknown, found: Difference[]): void {
  if (found.length >= maxDifferences || isDeepStrictEqual(before, after)) return;
  const isLeaf = [before, after].some((value) => isSecret(value) || isUnknown(value));
  if (!isLeaf && isFields(before) && isFields(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) compare(`${path}${segment(name, path)}`, before[name], after[name], found);
  } else if (!isLeaf && Array.isArray(before) && Array.isArray(after)) {
    const [old, next] = [before as readonly unknown[], after as readonly unknown[]];
    const length = Math.max(old.length, next.length);
    for (let index = 0; index < length; index += 1) compare(`${path}[${index}]`, old[index], next[index], found);
  } else {
    found.push({ path, before, after });
  }
}

function segment(name: string, path: string): string {
  if (!/^[\w$/-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
  return path === "" ? name : `.${name}`;
}

/** `data["config.json"]` → `["data", "config.json"]`; paths of the engine have names with dots and without quotes too. */
export function segmentsOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted ?? index ?? name ?? "",
  );
}
