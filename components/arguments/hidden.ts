import * as pulumi from "@pulumi/pulumi";

import { argumentSchema } from "./schema.ts";
import type { PropertySchema, PropertySchemas } from "./schema.ts";
import { isFields } from "./shape.ts";

/** Types whose values nobody else may know. A vault's has only names, unless somebody mistakes it for the other one. */
const secretContent = /:(Vault)?SecretContent$/;

/**
 * A component's arguments as Pulumi may write them down, before anything is compared with the schema: the contents of Secrets are
 * hidden, and so is all that stands under a name or in a place that the schema does not have, since it may have been meant for one.
 */
export function hiddenArgs(typeToken: string, args: object): pulumi.Inputs {
  return hideFields(argumentSchema().resources[typeToken]?.inputProperties ?? {}, args);
}

function hideFields(properties: PropertySchemas, fields: pulumi.Inputs): pulumi.Inputs {
  return mapFields(fields, (value, name) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return property === undefined ? hide(value) : hideWithin(property, value);
  });
}

function hideWithin({ $ref, plain, items, additionalProperties }: PropertySchema, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  // An output where a plain value belongs is refused later, with whatever is in it.
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return plain === true ? hide(value) : value;
  if (items !== undefined) return Array.isArray(value) ? value.map((one) => hideWithin(items, one)) : hide(value);
  if (additionalProperties !== undefined) {
    if (secretContent.test(additionalProperties.$ref ?? "") || !isFields(value)) return hide(value);
    return mapFields(value, (one) => hideWithin(additionalProperties, one));
  }
  const properties = $ref === undefined ? undefined : argumentSchema().types[$ref.replace("#/types/", "")]?.properties;
  if (properties === undefined) return typeof value !== "object" || $ref !== undefined ? value : hide(value);
  if (isFields(value)) return hideFields(properties, value);
  // An endpoint of this package is given as it is.
  return typeof value === "object" && !Array.isArray(value) ? value : hide(value);
}

function hide(value: unknown): unknown {
  return value === undefined || value === null ? value : pulumi.secret(value);
}

function mapFields(fields: Readonly<Record<string, unknown>>, map: (value: unknown, name: string) => unknown) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(value, name)]));
}
