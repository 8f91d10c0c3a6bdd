import { parseSharedFilter } from "./filter.ts";
import { FilterTree } from "./filter-tree.ts";
import { isHiddenFrom } from "./levels.ts";

/** Tells whether some topic falls under both filters. @see MQTT 5.0 §4.7 */
export function filtersOverlap(a: string, b: string): boolean {
  return intersectFilters(a, b) !== undefined;
}

/** The filter of the topics that fall under both filters; `undefined` when there is none. `a/+` and `+/b` → `a/b` */
export function intersectFilters(a: string, b: string): string | undefined {
  const both = intersectLevels(a.split("/"), b.split("/"))?.join("/");
  // "+" and "/#" have nothing in common but the empty text, which is no topic: [MQTT-4.7.3-1].
  return both === "" ? undefined : both;
}

function intersectLevels(left: readonly string[], right: readonly string[]): string[] | undefined {
  if (isHiddenFrom(left, right) || isHiddenFrom(right, left)) return undefined;
  const levels: string[] = [];
  for (let index = 0; ; index += 1) {
    const [one, other] = [left[index], right[index]];
    // "a/#" takes in "a" too, so a "#" meets a filter that ends right before it.
    if (one === "#") return [...levels, ...right.slice(index)];
    if (other === "#") return [...levels, ...left.slice(index)];
    if (one === undefined || other === undefined) return one === other ? levels : undefined;
    if (one !== "+" && other !== "+" && one !== other) return undefined;
    levels.push(one === "+" ? other : one);
  }
}

/** The filter that a subscription sees topics through: without AIO's or MQTT's way of sharing it. */
export function unsharedFilter(filter: string): string {
  const shared = parseSharedFilter(filter.replace(/^\$shared\//, "$share/"));
  return typeof shared === "object" ? shared.filter : filter;
}

/** Two filters of one list that share topics. */
export interface Overlap {
  readonly filter: string;
  /** Place of `filter` in the list. */
  readonly index: number;
  /** A filter before it that shares topics with it. */
  readonly other: string;
}

/** Finds filters that share topics with one before them, shared subscription or not: `a/+` and `$share/g/a/#`. */
export function findOverlaps(filters: readonly string[], tree = new FilterTree<string>()): Overlap[] {
  return filters.flatMap((filter, index) => {
    const unshared = unsharedFilter(filter);
    const { value: other } = tree.overlapping(unshared).next();
    tree.add(unshared, filter);
    return other === undefined ? [] : [{ filter, index, other }];
  });
}
