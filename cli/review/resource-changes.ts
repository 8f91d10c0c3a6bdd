import { pathDifferences, segmentsOf } from "./differences.ts";
import type { Difference } from "./differences.ts";
import { onlyUnknown } from "./pods.ts";
import type { Preview, Step } from "./preview.ts";
import type { PropertyChange, ResourceChange } from "./review.ts";
import { byText, isSecret, isUnknown, parseFields, shownSecret, shownUnknown, valueAt } from "./values.ts";

/** Longest value of the engine's diff, in UTF-16 units. */
const maxValue = 200;

/**
 * The engine's diff without what stays: components last, since they repeat what their resources say, and of each kind what goes
 * first.
 */
export function findResourceChanges(preview: Preview): ResourceChange[] {
  const order: readonly string[] = ["delete", "replace", "update", "create", "import"];
  const unknown = new Set(onlyUnknown(preview).map(({ urn }) => urn));
  return preview.steps
    .flatMap((step) => {
      const { operation, type, name, isProtected } = step;
      if (operation === "same" || operation === "read" || operation === "refresh") return [];
      const properties = operation === "update" || operation === "replace" ? propertiesOf(step) : [];
      return [{ operation, type, name, isProtected, isUnknownOnly: unknown.has(step.urn), properties }];
    })
    .sort(
      (a, b) =>
        Number(isComponent(a)) - Number(isComponent(b)) ||
        order.indexOf(a.operation) - order.indexOf(b.operation) ||
        byText(a.type, b.type) ||
        byText(a.name, b.name),
    );
}

/** Tells whether a resource is one of this project's components, or what the engine keeps for itself. */
export function isComponent({ type }: Pick<ResourceChange, "type">): boolean {
  return type.startsWith("mqtt-dataflow:") || type.startsWith("pulumi:");
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
