import { pathDifferences, segmentsOf } from "./differences.ts";
import type { Difference } from "./differences.ts";
import { isRelayConfig } from "./declared-dataflows.ts";
import type { Preview, Step } from "./preview.ts";
import type { PropertyChange, ResourceChange } from "./review.ts";
import { byText, hasUnknown, isSecret, isUnknown, parseFields, shownSecret, shownUnknown, valueAt } from "./values.ts";

/** Longest value of the engine's diff, in UTF-16 units. */
const maxValue = 200;

/** The engine's diff: resources that change, those that go first, without those that stay. */
export function findResourceChanges({ steps }: Preview): ResourceChange[] {
  const order: readonly string[] = ["delete", "replace", "update", "create", "import", "refresh", "read"];
  return steps
    .flatMap((step) =>
      step.operation === "same" || step.operation === "read" ? [] : [{ step, operation: step.operation }],
    )
    .map(({ step, operation }) => ({
      operation,
      type: step.type,
      name: step.name,
      isProtected: step.isProtected,
      properties: operation === "update" || operation === "replace" ? propertiesOf(step) : [],
    }))
    .filter(({ operation }) => operation !== "refresh")
    .sort(
      (a, b) =>
        order.indexOf(a.operation) - order.indexOf(b.operation) || byText(a.type, b.type) || byText(a.name, b.name),
    );
}

function propertiesOf(step: Step): PropertyChange[] {
  const { before, after, paths } = step;
  if (paths.size === 0) return pathDifferences(before, after).map((difference) => changeOf(step, difference, false));
  return [...paths].flatMap(([path, replaces]) => {
    const names = segmentsOf(path);
    const difference = { path, before: valueIn(before, names), after: valueIn(after, names) };
    return expand(difference).map((one) => changeOf(step, one, replaces));
  });
}

/** A value, or what stands in its place: the engine marks an object as secret, or as not known, as a whole. */
function valueIn(inputs: unknown, names: readonly string[]): unknown {
  for (let length = 1; length < names.length; length += 1) {
    const whole = valueAt(inputs, names.slice(0, length));
    if (isSecret(whole) || isUnknown(whole)) return whole;
  }
  return valueAt(inputs, names);
}

/** Of two documents in JSON each place that differs: the configuration of a relay is one text of 200 lines. */
function expand(difference: Difference): Difference[] {
  const [before, after] = [difference.before, difference.after].map((value) =>
    typeof value === "string" ? parseFields(value) : undefined,
  );
  if (before === undefined || after === undefined) return [difference];
  return pathDifferences(before, after).map((one) => ({ ...one, path: `${difference.path} ${one.path}` }));
}

function changeOf(step: Step, { path, before, after }: Difference, replaces: boolean): PropertyChange {
  // Content of a Secret, whether or not the program has told the engine that it is one.
  const isContent = step.type.startsWith("kubernetes:core/v1:Secret") && /^(data|stringData)\b/.test(path);
  const show = (value: unknown) => (isContent && value !== undefined ? shownSecret : shownValue(value));
  const [old, next] = [show(before), show(after)];
  return {
    path,
    replaces,
    ...(old === undefined ? {} : { before: old }),
    ...(next === undefined ? {} : { after: next }),
  };
}

function shownValue(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (isSecret(inner)) return shownSecret;
    return isUnknown(inner) ? shownUnknown : inner;
  });
  return text.length > maxValue ? `${text.slice(0, maxValue)}…` : text;
}

/** Tells whether the engine shows nothing of a changed configuration but that it is not known. */
export function isUnknownConfig(step: Step): boolean {
  return isRelayConfig(step) && hasUnknown(step.after);
}
