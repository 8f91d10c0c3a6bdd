import { maxTopicBytes } from "../topic/filter.ts";
import type { Problem } from "../errors.ts";

/** Bounds of a document. They are checked before anything whose cost depends on what is in it. */
export const documentLimits = {
  /** UTF-8 bytes of the text. A ConfigMap holds as many. @see Kubernetes, ConfigMaps */
  bytes: 1_048_576,
  /** Objects and lists within each other; what the schema knows is 8 deep, and what `kubectl` prints less than 30. */
  depth: 64,
  /** UTF-8 bytes of one text, the most that MQTT can carry. @see MQTT 5.0 §1.5.4 */
  textBytes: maxTopicBytes,
  endpoints: 1000,
  dataflows: 1000,
  /** Topic filters of all dataflows together: each may be compared with every other. */
  dataSources: 2000,
} as const;

/** Says that a text is too large to be read; `undefined` when it is not. */
export function sizeProblem(text: string): Problem | undefined {
  // Each UTF-16 unit is a byte at least, so a far larger text is not encoded to be counted.
  const bytes = text.length > documentLimits.bytes ? text.length : Buffer.byteLength(text);
  if (bytes <= documentLimits.bytes) return undefined;
  const problem = `is larger than ${documentLimits.bytes} bytes, which is all that a ConfigMap can hold`;
  return { path: "document", problem, remedy: "spread the dataflows over several relays" };
}

/** Steps of the path that leads to what is too deep; the rest of it is what is wrong. */
const shownSteps = 4;
/** Longest name in such a path, in characters: that of an endpoint or a dataflow. */
const shownName = 63;

/**
 * Says that objects and lists stand too deep within each other, or one within itself; `undefined` when they don't. Needs no stack, and
 * looks at each object and list once a level. What is neither, such as an output of Pulumi, is not looked into.
 * @param where what is looked at, for a path that has no name of a field before it
 */
export function depthProblem(document: unknown, where = "document"): Problem | undefined {
  let level = new Map<unknown, string>(isNest(document) ? [[document, ""]] : []);
  for (let depth = 1; level.size > 0; depth += 1) {
    if (depth > documentLimits.depth) {
      const [prefix = ""] = level.values();
      const path = prefix === "" || prefix.startsWith("[") ? `${where}${prefix}` : prefix;
      const problem = `has more than ${documentLimits.depth} objects and lists within each other`;
      return { path, problem, remedy: "correct it; no field is that deep" };
    }
    const next = new Map<unknown, string>();
    for (const [nest, path] of level) {
      for (const [key, value] of Object.entries(nest as Readonly<Record<string, unknown>>)) {
        if (isNest(value)) next.set(value, depth > shownSteps ? path : step(path, key, Array.isArray(nest)));
      }
    }
    level = next;
  }
  return undefined;
}

/** An object or a list as JSON has it. An object has no prototype but the one that all have, of whichever realm. */
function isNest(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function step(path: string, key: string, isInList: boolean): string {
  if (isInList) return `${path}[${key}]`;
  return path === "" ? key.slice(0, shownName) : `${path}.${key.slice(0, shownName)}`;
}

/** Lists which of a document's parts are more than it may have; empty when none is. */
export function countProblems(
  count: { readonly endpoints: number; readonly dataflows: number; readonly dataSources: number },
  pathOf: (part: "endpoints" | "dataflows") => string,
): Problem[] {
  const remedy = "spread the dataflows over several relays";
  const problems: Problem[] = [];
  for (const part of ["endpoints", "dataflows"] as const) {
    if (count[part] <= documentLimits[part]) continue;
    const problem = `lists ${count[part]} ${part}, more than ${documentLimits[part]}`;
    problems.push({ path: pathOf(part), problem, remedy });
  }
  if (count.dataSources > documentLimits.dataSources) {
    const problem = `list ${count.dataSources} topic filters in all, more than ${documentLimits.dataSources}`;
    problems.push({ path: pathOf("dataflows"), problem, remedy: `${remedy}, or use wildcards` });
  }
  return problems;
}
