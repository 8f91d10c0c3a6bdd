import { evaluateArm, isArmExpression, isUnknown, unknownPart, weightOf, type ArmScope } from "./arm-expression.ts";
import { isObject, type Unresolved } from "./resource.ts";
import { step } from "./text-document.ts";

/** Parameters and variables within each other: one that names itself would never end. */
const maxDepth = 32;

/** Values that all expressions of a template make together. */
const maxValues = 100_000;

/** The scope of a template, which bounds what its expressions make. */
export interface TemplateScope extends ArmScope {
  /** Takes so many values off what its expressions may make. @returns whether there was as much left */
  readonly spend: (values: number) => boolean;
}

/**
 * Makes the scope of a template: its variables, and its parameters with their defaults.
 * @param given parameters that a nested deployment is called with
 */
export function scopeOf(
  template: Readonly<Record<string, unknown>>,
  given: ReadonlyMap<string, unknown> = new Map(),
): TemplateScope {
  const parameters = byLowerCase(template["parameters"]);
  const variables = byLowerCase(template["variables"]);
  const known = new Map<string, unknown>([...given].map(([name, value]) => [`p ${name.toLowerCase()}`, value]));
  let depth = 0;
  const look = (key: string, value: unknown): unknown => {
    if (known.has(key)) return known.get(key);
    if (value === undefined || depth >= maxDepth) return unknownPart;
    depth += 1;
    // While it is looked up it stands for itself: one that leads back to itself can't be known.
    known.set(key, unknownPart);
    const resolved = resolveWhole(value, scope);
    depth -= 1;
    known.set(key, resolved);
    return resolved;
  };
  let left = maxValues;
  const scope: TemplateScope = {
    spend: (values) => (left -= values) >= 0,
    parameter: (name) => {
      const declared = parameters.get(name.toLowerCase());
      return look(`p ${name.toLowerCase()}`, isObject(declared) ? declared["defaultValue"] : undefined);
    },
    variable: (name) => look(`v ${name.toLowerCase()}`, variables.get(name.toLowerCase())),
  };
  return scope;
}

function byLowerCase(fields: unknown): ReadonlyMap<string, unknown> {
  return new Map(isObject(fields) ? Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]) : []);
}

/** A value with its expressions resolved; those that can't be are {@link unknownPart}. */
function resolveWhole(value: unknown, scope: TemplateScope): unknown {
  return resolveArm(value, scope, "", []);
}

/**
 * Resolves the expressions in a value of a template.
 * @param path of the value in its document
 * @param unresolved takes those that only a deployment can resolve
 */
export function resolveArm(value: unknown, scope: TemplateScope, path: string, unresolved: Unresolved[]): unknown {
  if (typeof value === "string") {
    if (value.startsWith("[[")) return value.slice(1);
    if (!isArmExpression(value)) return value;
    const evaluated = evaluateArm(value, scope);
    // What one expression names is small, and there may be thousands that name it.
    const resolved = scope.spend(weightOf(evaluated)) ? evaluated : unknownPart;
    if (holdsUnknown(resolved)) unresolved.push({ path, expression: value });
    return resolved;
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => resolveArm(item, scope, step(path, index), unresolved));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, resolveArm(inner, scope, step(path, key), unresolved)]),
  );
}

/** Whether anything in a value can't be known. A value of an expression is small, see `limited`. */
function holdsUnknown(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isUnknown(value);
  return Object.values(value).some(holdsUnknown);
}
