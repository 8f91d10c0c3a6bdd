import type { Value, Values } from "../values.ts";
import { unknown } from "../values.ts";

/** What Azure refuses about one input; nothing when all is well. */
export type Rule = (value: Value) => string | undefined;

export function pattern(expected: RegExp): Rule {
  return (value) =>
    typeof value === "string" && expected.test(value) ? undefined : `does not match ${expected.source}`;
}

export function oneOf(...values: readonly Value[]): Rule {
  return (value) => (values.includes(value) ? undefined : `is not one of ${values.map(String).join(", ")}`);
}

export function integer(min: number, max: number): Rule {
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `is not an integer from ${min} to ${max}`;
}

/** A list with at most so many items, each by a rule of its own. */
export function listOf(max: number, item?: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return "is not a list";
    const items = value as readonly Value[];
    if (items.length > max) return `has ${items.length} items, more than ${max}`;
    return items.filter((entry) => entry !== unknown).flatMap((entry) => item?.(entry) ?? [])[0];
  };
}

/** The value at a path such as `sku.capacity`; `undefined` where there is none or a preview does not know it. */
export function valueAt(values: Values, path: string): Value | undefined {
  const found = path
    .split(".")
    .reduce<Value | undefined>((value, name) => (value as Values | null | undefined)?.[name], values);
  return found === unknown ? undefined : found;
}

export function textAt(values: Values, path: string): string {
  const value = valueAt(values, path);
  return typeof value === "string" ? value : "";
}
