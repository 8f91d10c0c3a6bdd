import { isDeepStrictEqual } from "node:util";

import { findAioDataflows } from "./aio-dataflows.ts";
import type { DeclaredDataflows, RelayChange } from "./declared-dataflows.ts";
import { pathDifferences } from "./differences.ts";
import type { Preview } from "./preview.ts";
import type { Dataflow, DataflowChange } from "./review.ts";
import { byText } from "./values.ts";

/** Dataflows that come, go or change, those that go first: with them messages stop. */
export function findDataflowChanges(preview: Preview, relays: readonly RelayChange[]): DataflowChange[] {
  const order = { removed: 0, changed: 1, added: 2 };
  return [...relays.flatMap(compareRelay), ...compareAio(preview)].sort(
    (a, b) => order[a.change] - order[b.change] || byText(a.owner, b.owner) || byText(a.name, b.name),
  );
}

function compareRelay({ owner, before, after, isKnown }: RelayChange): DataflowChange[] {
  // A relay that goes with its stack is told by its resources too; what it carried ends all the same.
  if (after === undefined && !isKnown) return [];
  const names = new Set([...(before?.dataflows.keys() ?? []), ...(after?.dataflows.keys() ?? [])]);
  return [...names].flatMap((name) => {
    const [old, next] = [before?.dataflows.get(name), after?.dataflows.get(name)];
    const details = differencesOfDetails(name, before, after);
    return compare({ owner, name, ...(old && { before: old }), ...(next && { after: next }) }, details);
  });
}

function differencesOfDetails(
  name: string,
  before: DeclaredDataflows | undefined,
  after: DeclaredDataflows | undefined,
): string[] {
  const [old, next] = [before?.details.get(name), after?.details.get(name)];
  return old === undefined || next === undefined ? [] : pathDifferences(old, next).map(({ path }) => path);
}

function compareAio(preview: Preview): DataflowChange[] {
  return findAioDataflows(preview).flatMap((change) => compare(change, []));
}

type Sides = Omit<DataflowChange, "change" | "changed">;

function compare(sides: Sides, details: readonly string[]): DataflowChange[] {
  const { before, after } = sides;
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ change: "added", ...sides, changed: [] }];
  if (after === undefined) return [{ change: "removed", ...sides, changed: [] }];
  const changed = [...fieldsThatDiffer(before, after), ...details.filter((path) => path !== "relay.spool.mode")];
  return changed.length === 0 ? [] : [{ change: "changed", ...sides, changed }];
}

/** Fields of {@link Dataflow} by their path, `source.qos`; one that is known on one side only is none. */
function fieldsThatDiffer(before: Dataflow, after: Dataflow): string[] {
  const own = (["engine", "isEnabled", "topicsFrom", "topicTo", "usesDisk"] as const).filter((field) =>
    differ(before[field], after[field]),
  );
  const ofSides = (["source", "destination"] as const).flatMap((side) =>
    (["endpoint", "host", "qos", "retain"] as const)
      .filter((field) => differ(before[side][field], after[side][field]))
      .map((field) => `${side}.${field}`),
  );
  return [...own, ...ofSides];
}

function differ(before: unknown, after: unknown): boolean {
  return before !== undefined && after !== undefined && !isDeepStrictEqual(before, after);
}
