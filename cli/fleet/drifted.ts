import type { EngineEvent } from "./engine.ts";

/** A resource that isn't as it was deployed. */
export interface DriftedResource {
  /** `gone`: it was deleted by somebody else. */
  readonly operation: "changed" | "gone";
  readonly type: string;
  readonly name: string;
  /** Properties that differ; never their values, which may be secret. */
  readonly paths: readonly string[];
}

/** Properties of one resource that are named. */
const maxPaths = 10;

/** Reads from a refresh which resources differ from what was deployed. */
export function driftedResources(events: readonly EngineEvent[]): DriftedResource[] {
  return events.flatMap(({ resOutputsEvent }): DriftedResource[] => {
    if (resOutputsEvent === undefined) return [];
    const { op, urn, type, new: found, detailedDiff, diffs } = resOutputsEvent.metadata;
    const paths = Object.keys(detailedDiff ?? {});
    const named = (paths.length > 0 ? paths : (diffs ?? [])).slice(0, maxPaths);
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    if (op === "delete" || (op === "refresh" && found === undefined)) {
      return [{ operation: "gone", type, name, paths: [] }];
    }
    return op === "update" ? [{ operation: "changed", type, name, paths: named }] : [];
  });
}
