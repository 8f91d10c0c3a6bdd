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

/** Says that objects and lists stand too deep within each other; `undefined` when they don't. Needs no stack. */
export function depthProblem(document: unknown): Problem | undefined {
  let level = [document];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > documentLimits.depth) {
      const problem = `has more than ${documentLimits.depth} objects and lists within each other`;
      return { path: "document", problem, remedy: "correct it; no field is that deep" };
    }
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value as Record<string, unknown>) : [],
    );
  }
  return undefined;
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
