import { execFileSync } from "node:child_process";
import path from "node:path";

import type { PackageSchema, SchemaProperty } from "../../build/schema.ts";
import { Unknown } from "./schema-check.ts";
import type { Value } from "./schema-check.ts";

/** A value as read-calls.py prints it. */
type Described =
  | string
  | number
  | boolean
  | null
  | readonly Described[]
  | { readonly dict: { readonly [key: string]: Described } }
  | Call
  | { readonly enum: string; readonly word: string }
  | { readonly unknown: string };

interface Call {
  readonly call: string;
  readonly arguments: { readonly [keyword: string]: Described };
}

/** A component that a program creates, with the schema's names in place of Python's. */
export interface CreatedComponent {
  readonly typeToken: string;
  readonly given: { readonly [name: string]: Value };
  /** Names that the SDK doesn't have. */
  readonly problems: string[];
}

/** Reads the components that a Python program creates, and says their arguments as the schema does. */
export function readPythonProgram(python: string, file: string, schema: PackageSchema): CreatedComponent[] {
  const reader = path.join(import.meta.dirname, "read-calls.py");
  const output = execFileSync(python, [reader, file, "pulumi_mqtt_dataflow"], { encoding: "utf8" });
  return (JSON.parse(output) as Call[]).map(({ call, arguments: given }) => {
    const typeToken = `${schema.name}:index:${call}`;
    const problems: string[] = [];
    const properties = schema.resources[typeToken]?.inputProperties ?? {};
    return { typeToken, given: renameAll(schema, properties, given, problems), problems };
  });
}

function renameAll(
  schema: PackageSchema,
  properties: { readonly [name: string]: SchemaProperty },
  given: { readonly [keyword: string]: Described },
  problems: string[],
): { readonly [name: string]: Value } {
  const names = new Map(Object.keys(properties).map((name) => [snakeCase(name), name]));
  return Object.fromEntries(
    Object.entries(given).map(([keyword, value]) => {
      const name = names.get(keyword) ?? keyword;
      if (!names.has(keyword)) problems.push(`${keyword} is no argument`);
      return [name, toValue(schema, properties[name], value, problems)];
    }),
  );
}

function toValue(
  schema: PackageSchema,
  property: SchemaProperty | undefined,
  value: Described,
  problems: string[],
): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return (value as readonly Described[]).map((item) => toValue(schema, property?.items, item, problems));
  }
  if ("dict" in value) {
    const entries = Object.entries(value.dict);
    const convert = (item: Described) => toValue(schema, property?.additionalProperties, item, problems);
    return Object.fromEntries(entries.map(([key, item]) => [key, convert(item)]));
  }
  if ("call" in value) return toObject(schema, property, value, problems);
  if ("enum" in value) return toWord(schema, property, value, problems);
  // Settings are known when the program runs; what else is computed is another resource's output.
  return new Unknown("unknown" in value && /^(config\.require\(|site$|resource_group_name$)/.test(value.unknown));
}

function toObject(schema: PackageSchema, property: SchemaProperty | undefined, call: Call, problems: string[]): Value {
  const token = (property?.$ref ?? "").replace("#/types/", "");
  const expected = `${token.split(":").at(-1) ?? ""}Args`;
  if (call.call !== expected) problems.push(`${call.call} is given where ${expected} belongs`);
  return renameAll(schema, schema.types[token]?.properties ?? {}, call.arguments, problems);
}

function toWord(
  schema: PackageSchema,
  property: SchemaProperty | undefined,
  { enum: name, word }: { readonly enum: string; readonly word: string },
  problems: string[],
): Value {
  const token = (property?.$ref ?? "").replace("#/types/", "");
  const found = schema.types[token]?.enum?.find((one) => snakeCase(one.name).toUpperCase() === word);
  if (!token.endsWith(`:${name}`) || found === undefined) {
    problems.push(`${name}.${word} is no word of ${token}`);
    return word;
  }
  return found.value;
}

/** A name as Pulumi's SDKs for Python have it. */
function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
