import { parseSharedFilter } from "../runtime/contract/topic/filter.ts";

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

/** A filter that begins with a wildcard has no topic that begins with "$". [MQTT-4.7.2-1] */
function isHiddenFrom([first]: readonly string[], [other = ""]: readonly string[]): boolean {
  return (first === "#" || first === "+") && other.startsWith("$");
}

/** Tells whether every topic under `inner` falls under `outer` too. */
export function filterCovers(outer: string, inner: string): boolean {
  const [wide, narrow] = [outer.split("/"), inner.split("/")];
  if (isHiddenFrom(wide, narrow)) return false;
  // Every topic has a first level, so "+/#" is no less than "#".
  if (inner === "#" && outer === "+/#") return true;
  for (const [index, level] of wide.entries()) {
    if (level === "#") return true;
    const other = narrow[index];
    if (other === undefined || other === "#" || (level !== "+" && level !== other)) return false;
  }
  return wide.length === narrow.length;
}

/** The filter that a subscription sees topics through: without AIO's or MQTT's way of sharing it. */
export function unsharedFilter(filter: string): string {
  const shared = parseSharedFilter(filter.replace(/^\$shared\//, "$share/"));
  return typeof shared === "object" ? shared.filter : filter;
}

/**
 * The topics that a dataflow publishes to, as a topic filter that takes them all in.
 * `sites/oslo/${inputTopic}` and `plant/+/telemetry/#` → `sites/oslo/plant/+/telemetry/#`
 */
export function destinationFilter(dataDestination: string, dataSource: string): string {
  const source = unsharedFilter(dataSource);
  const levels = source.replace(/^\/+|\/+$/g, "").split("/");
  const levelAt = (number: number) => {
    const level = levels[number - 1];
    return level === undefined || level === "#" ? "+" : level;
  };
  const filled = dataDestination
    .replace(/\$\{inputTopic\.(\d+)\}/g, (_, number: string) => levelAt(Number(number)))
    .replaceAll("${inputTopic}", () => source);
  return asFilter(filled);
}

/** Widens what stands beside a wildcard: a level in which one is becomes `+`, and nothing follows `#`. */
function asFilter(text: string): string {
  const levels: string[] = [];
  for (const level of text.split("/")) {
    if (level.includes("#")) return [...levels, "#"].join("/");
    levels.push(level.includes("+") ? "+" : level);
  }
  return levels.join("/");
}
