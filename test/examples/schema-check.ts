import type { PackageSchema, SchemaProperty } from "../../build/schema.ts";

/** A value of a program: a literal, a list, a map, or something that only running the program would tell. */
export type Value = string | number | boolean | null | Unknown | readonly Value[] | { readonly [key: string]: Value };

/** A value that is not in the program's text. */
export class Unknown {
  /** Tells whether it is known when the program runs: a setting is, another resource's output is not. */
  readonly isPlain: boolean;

  constructor(isPlain: boolean) {
    this.isPlain = isPlain;
  }
}

type Property = SchemaProperty & { readonly plain?: boolean };

/** Compares the arguments that a program gives a component with the schema; lists everything that does not fit. */
export function checkArguments(
  schema: PackageSchema,
  typeToken: string,
  given: { readonly [key: string]: Value },
): string[] {
  const resource = schema.resources[typeToken];
  if (resource === undefined) return [`${typeToken} is no component`];
  return checkObject(schema, "", resource.inputProperties, resource.requiredInputs, given);
}

function checkObject(
  schema: PackageSchema,
  path: string,
  properties: { readonly [name: string]: Property },
  required: readonly string[],
  given: { readonly [key: string]: Value },
): string[] {
  const missing = required.filter((name) => !(name in given)).map((name) => `${path}${name} is missing`);
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const property = properties[name];
    return property === undefined
      ? [`${path}${name} does not exist`]
      : checkValue(schema, `${path}${name}`, property, value);
  });
  return [...missing, ...wrong];
}

function checkValue(schema: PackageSchema, path: string, property: Property, value: Value): string[] {
  if (value instanceof Unknown) {
    return property.plain === true && !value.isPlain ? [`${path} is plain, and gets an output`] : [];
  }
  if (property.$ref !== undefined) return checkReference(schema, path, property.$ref, value);
  if (property.type === "array") {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return (value as readonly Value[]).flatMap((item, index) =>
      checkValue(schema, `${path}[${index}]`, property.items!, item),
    );
  }
  if (property.type === "object") {
    if (!isMap(value)) return [`${path} is no map`];
    return Object.entries(value).flatMap(([key, item]) =>
      checkValue(schema, `${path}.${key}`, property.additionalProperties!, item),
    );
  }
  return typeof value === (property.type === "integer" ? "number" : property.type)
    ? []
    : [`${path} is ${JSON.stringify(value)}, and has the type ${property.type}`];
}

function checkReference(schema: PackageSchema, path: string, reference: string, value: Value): string[] {
  const type = schema.types[reference.replace("#/types/", "")];
  if (type === undefined) return [`${path} refers to ${reference}, which is not in the schema`];
  if (type.enum !== undefined) {
    const words = type.enum.map((word) => word.value);
    return words.some((word) => word === value)
      ? []
      : [`${path} is ${JSON.stringify(value)}, none of ${words.join(", ")}`];
  }
  if (!isMap(value)) return [`${path} is no object`];
  return checkObject(schema, `${path}.`, type.properties ?? {}, type.required ?? [], value);
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}
