import * as pulumi from "@pulumi/pulumi";

import { nearestName, unknownKey } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { ArgumentSchema, PropertySchema, TypeSchema } from "./schema.ts";

/** What becomes of a value that only the deployment tells. */
export type LateValue = (value: unknown, property: LateProperty, path: string) => unknown;

export interface LateProperty extends PropertySchema {
  /** Whether nothing may come of it. */
  readonly mayBeUnset?: boolean;
}

/** Arguments as they were given, and what is wrong with their shape. */
export interface Shape {
  readonly problems: readonly Problem[];
  /** The same arguments, with what {@link LateValue} made of the values that are not known yet. */
  readonly value: unknown;
}

const isOutput = "is an output, and has to be known when the program runs, because it decides which resources exist";
const plainRemedy = "give a plain value; fields within it may be outputs where they are not plain";
/**
 * The type whose fields are outputs of an endpoint of this package: which of them have a value its arguments tell. Any other
 * output that is given decides by being given which resources there are.
 */
const outputsOfEndpoint = ":RelayEndpoint";
/** Longest part of a value or of a key that is shown, in characters. */
const shownLength = 63;

/**
 * Compares values with the package's schema: which fields there are, which have to be given, of which type they are, and which
 * words they take. TypeScript does that for programs with types; whoever writes `as any`, or another language, is told here.
 */
export class ShapeCheck {
  readonly #schema: ArgumentSchema;
  readonly #late: LateValue;
  readonly #problems: Problem[] = [];

  constructor(schema: ArgumentSchema, late: LateValue) {
    this.#schema = schema;
    this.#late = late;
  }

  /** The arguments of a component. */
  component(typeToken: string, args: unknown): Shape {
    const { inputProperties: properties = {}, requiredInputs: required = [] } = this.#schema.resources[typeToken] ?? {};
    const isPlain = !pulumi.Output.isInstance(args) && !(args instanceof Promise);
    const value = isPlain
      ? this.#object({ properties, required }, args ?? {}, "")
      : this.#refuse(args, "", isOutput, plainRemedy);
    return { value, problems: this.#problems };
  }

  /** One value, once it is known. */
  property(property: LateProperty, value: unknown, path: string): Shape {
    if (property.mayBeUnset === true && (value === undefined || value === null)) return { value, problems: [] };
    return { value: this.#value(property, value, path), problems: this.#problems };
  }

  #value(property: LateProperty, value: unknown, path: string): unknown {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
      if (property.plain !== true) return this.#late(value, property, path);
      return this.#refuse(value, path, isOutput, plainRemedy);
    }
    const { $ref, type, items, additionalProperties } = property;
    if (value === undefined || value === null) return this.#refuse(value, path, `is ${String(value)}`, unsetRemedy);
    if ($ref === "pulumi.json#/Any") return value;
    if ($ref !== undefined) {
      const definition = this.#schema.types[$ref.replace("#/types/", "")] ?? {};
      if (definition.enum !== undefined) return this.#word(definition.enum, value, path);
      return this.#object(definition, value, path, $ref.endsWith(outputsOfEndpoint));
    }
    if (items !== undefined) return this.#list(items, value, path);
    if (additionalProperties !== undefined) return this.#map(additionalProperties, value, path);
    return isOfType(value, type) ? value : this.#mistyped(value, path, wordsOf[type ?? ""] ?? "another value");
  }

  #object({ properties = {}, required = [] }: TypeSchema, value: unknown, path: string, mayBeUnset = false): unknown {
    if (!isObject(value)) return this.#mistyped(value, path, "an object with the fields that it has");
    const known = Object.keys(properties);
    const missing = required.filter((name) => value[name] === undefined || value[name] === null);
    for (const name of missing) {
      const words = this.#wordsOf(properties[name]);
      const remedy = words.length === 0 ? "add it" : `use one of ${words.join(", ")}`;
      this.#refuse(undefined, step(path, name), value[name] === null ? "is null" : "is missing", remedy);
    }
    // An endpoint of this package is given as it is, and has more than the fields that are asked for.
    const given = isFields(value) ? Object.keys(value) : known.filter((name) => name in value);
    const entries = given
      .map((name) => [name, value[name]] as const)
      // YAML and Python have null for what is left out. In a map or a list it is no value: what is named there is meant.
      .filter(([name, one]) => one !== undefined && !missing.includes(name) && !(one === null && known.includes(name)));
    return Object.fromEntries(
      entries.map(([name, one]) => {
        const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
        const at = step(path, name);
        const isUnsetToo = mayBeUnset && !required.includes(name);
        if (property !== undefined) return [name, this.#value({ ...property, mayBeUnset: isUnsetToo }, one, at)];
        const [problem = "", remedy = ""] = unknownKey(name, known).split("; ");
        return [name, this.#refuse(one, at, problem, remedy)];
      }),
    );
  }

  #map(property: PropertySchema, value: unknown, path: string): unknown {
    if (!isFields(value)) return this.#mistyped(value, path, "an object with names of your own");
    const entries = Object.entries(value).map(([name, one]) => {
      const at = step(path, name);
      if (takenNames.has(name)) return [name, this.#refuse(one, at, "has a name that JavaScript needs", "rename it")];
      return [name, this.#value(property, one, at)];
    });
    return Object.fromEntries(entries);
  }

  #list(property: PropertySchema, value: unknown, path: string): unknown {
    if (!Array.isArray(value)) return this.#mistyped(value, path, "a list");
    // Not `map`, which passes over what is not there.
    return Array.from(value as readonly unknown[], (one, at) => this.#value(property, one, `${path}[${at}]`));
  }

  #word(known: NonNullable<TypeSchema["enum"]>, value: unknown, path: string): unknown {
    const words = known.map((word) => word.value);
    if (words.some((word) => word === value)) return value;
    const nearest = typeof value === "string" ? nearestName(value, words.map(String)) : undefined;
    const remedy = nearest === undefined ? `use one of ${words.join(", ")}` : `did you mean "${nearest}"?`;
    const isShown = typeof value === "string" || typeof value === "number";
    const shown = isShown ? JSON.stringify(value).slice(0, shownLength) : kindOf(value);
    return this.#refuse(value, path, `is ${shown}`, remedy);
  }

  #wordsOf({ $ref }: PropertySchema = {}): readonly (string | number)[] {
    return this.#schema.types[$ref?.replace("#/types/", "") ?? ""]?.enum?.map(({ value }) => value) ?? [];
  }

  #mistyped(value: unknown, path: string, wanted: string): unknown {
    return this.#refuse(value, path, `is ${kindOf(value)}`, `give ${wanted}`);
  }

  #refuse(value: unknown, path: string, problem: string, remedy: string): unknown {
    this.#problems.push({ path: path === "" ? "args" : path, problem, remedy });
    return value;
  }
}

/** Names that an object can't have for its own fields: Pulumi's SDK ends in a TypeError when it writes such an object down. */
const takenNames = new Set(["__proto__", "toString", "valueOf"]);

const unsetRemedy = "give a value, or leave it out where it may be omitted";

/** What a property takes, by its type in the schema. */
const wordsOf: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
};

function isOfType(value: unknown, type: string | undefined): boolean {
  if (type !== "integer") return typeof value === type && (typeof value !== "number" || Number.isFinite(value));
  // A fraction is told with its bounds, by the check of the argument itself.
  return Number.isFinite(value);
}

/** The kind of a value, which itself may be a secret. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : String(value);
  return (
    { string: "a text", boolean: "true or false", object: "an object" }[typeof value as string] ?? `a ${typeof value}`
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is an object of fields, and no list and no instance of a class. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function step(path: string, name: string): string {
  return path === "" ? name.slice(0, shownLength) : `${path}.${name.slice(0, shownLength)}`;
}
