import { depthProblem, documentLimits } from "../runtime/contract/config/limits.ts";
import type { Inputs } from "./rule.ts";

/** A field's object; one without fields when there is none. */
export function objectAt(inputs: Inputs, ...names: readonly string[]): Inputs {
  let found: unknown = inputs;
  for (const name of names) found = isObject(found) ? found[name] : undefined;
  return isObject(found) ? found : {};
}

/** A field's list of objects, whatever else is in it left out. */
export function objectsAt(inputs: Inputs, name: string): Inputs[] {
  const found = inputs[name];
  return Array.isArray(found) ? (found as readonly unknown[]).filter(isObject) : [];
}

/** A field's texts: of a list each one, of anything else none. */
export function textsAt(inputs: Inputs, name: string): string[] {
  const found = inputs[name];
  return Array.isArray(found) ? (found as readonly unknown[]).filter((item) => typeof item === "string") : [];
}

/** A field's text. */
export function textAt(inputs: Inputs, name: string): string | undefined {
  const found = inputs[name];
  return typeof found === "string" ? found : undefined;
}

function isObject(value: unknown): value is Inputs {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Says a value as it was written; one that is missing too. One that stands too deep within itself to be written is not repeated. */
export function say(value: unknown): string {
  if (depthProblem(value) !== undefined)
    return `has more than ${documentLimits.depth} objects and lists within each other`;
  return value === undefined || value === null ? "is missing" : `is ${JSON.stringify(value)}`;
}

/** Tells whether a text fits a pattern in which `*` stands for any characters; upper and lower case are the same. */
export function fitsPattern(text: string, pattern: string): boolean {
  const whole = text.toLowerCase();
  const [first = "", ...parts] = pattern.toLowerCase().split("*");
  const last = parts.pop();
  if (last === undefined) return whole === first;
  if (!whole.startsWith(first)) return false;
  let end = first.length;
  // The first place that a part fits leaves most for the others; a regular expression would try all of them.
  for (const part of parts) {
    const start = whole.indexOf(part, end);
    if (start < 0) return false;
    end = start + part.length;
  }
  return whole.length - last.length >= end && whole.endsWith(last);
}

/**
 * Tells whether a resource is of one of azure-native's types, in whichever API version and from whichever SDK.
 * `eventgrid:Namespace` ← `azure-native:eventgrid/v20250215:Namespace`
 */
export function isAzureType(type: string, wanted: string): boolean {
  const [module, name] = wanted.split(":");
  return new RegExp(`^azure-native(_\\w+)?:${module}(/v\\w+)?:${name}$`).test(type);
}
