import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";

/** The part of a property's schema that tells which values it takes. */
export interface PropertySchema {
  readonly $ref?: string;
  readonly plain?: boolean;
  readonly items?: PropertySchema;
  readonly additionalProperties?: PropertySchema;
}

/** The types of a schema, by their tokens. */
export interface TypeSchemas {
  readonly [typeToken: string]: { readonly properties?: PropertySchemas };
}

export interface PropertySchemas {
  readonly [name: string]: PropertySchema;
}

/**
 * Refuses outputs where the components take plain values only. TypeScript does that for programs that import them;
 * in a language without types the output's own fields would be taken for the value's.
 */
export function checkPlainInputs(
  types: TypeSchemas,
  properties: PropertySchemas,
  inputs: { readonly [name: string]: unknown },
  path = "",
): Problem[] {
  return Object.entries(properties).flatMap(([name, property]) =>
    checkValue(types, property, inputs[name], `${path}${name}`),
  );
}

function checkValue(types: TypeSchemas, property: PropertySchema, value: unknown, path: string): Problem[] {
  if (value === undefined || value === null) return [];
  if (pulumi.Output.isInstance(value)) {
    if (property.plain !== true) return [];
    const problem = "is an output, and has to be known when the program runs, because it decides which resources exist";
    return [{ path, problem, remedy: "give a plain value; fields within it may be outputs where they are not plain" }];
  }
  if (typeof value !== "object") return [];
  const { $ref, items, additionalProperties } = property;
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    return items === undefined ? [] : list.flatMap((item, at) => checkValue(types, items, item, `${path}[${at}]`));
  }
  const fields = value as { readonly [name: string]: unknown };
  if (additionalProperties !== undefined) {
    return Object.entries(fields).flatMap(([key, item]) =>
      checkValue(types, additionalProperties, item, `${path}.${key}`),
    );
  }
  const { properties = {} } = types[$ref?.replace("#/types/", "") ?? ""] ?? {};
  return checkPlainInputs(types, properties, fields, `${path}.`);
}
