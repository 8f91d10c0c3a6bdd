import type { PackageSchema, SchemaProperty, SchemaType } from "./schema.ts";

/**
 * Arguments that stay `number`, by name. The first two are averages; the others may be above 2,147,483,647, and an `integer`
 * has 32 bits in C# and Java.
 */
export const wideNumbers: readonly string[] = [
  "expectedMessagesPerSecond",
  "expectedMessageBytes",
  "sessionExpirySeconds",
  "maxBytes",
];

interface Properties {
  readonly [name: string]: SchemaProperty;
}

/**
 * Says what TypeScript has no word for and SDKs need.
 *
 * - Which numbers are whole: Python would have `float` for a count.
 * - `generateExtraInputTypes` for Go: its generator uses the types of objects that are only in maps that take no outputs,
 *   and leaves them out without it.
 */
export function forOtherLanguages(schema: PackageSchema): PackageSchema {
  const resources = mapValues(schema.resources, (resource) => ({
    ...resource,
    inputProperties: wholeNumbers(resource.inputProperties),
    properties: wholeNumbers(resource.properties),
  }));
  const types = mapValues(schema.types, (type): SchemaType => {
    if (type.properties !== undefined) return { ...type, properties: wholeNumbers(type.properties) };
    return type.type === "number" ? { ...type, type: "integer" } : type;
  });
  const go = { ...schema.language["go"], generateExtraInputTypes: true };
  return { ...schema, resources, types, language: { ...schema.language, go } };
}

function wholeNumbers(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      wideNumbers.includes(name) ? property : wholeNumber(property),
    ]),
  );
}

function wholeNumber(property: SchemaProperty): SchemaProperty {
  const { type, items, additionalProperties } = property;
  return {
    ...property,
    ...(type === "number" ? { type: "integer" } : {}),
    ...(items === undefined ? {} : { items: wholeNumber(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: wholeNumber(additionalProperties) }),
  };
}

function mapValues<V>(object: { readonly [key: string]: V }, map: (value: V) => V): { readonly [key: string]: V } {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
