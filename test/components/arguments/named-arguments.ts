import { readFileSync } from "node:fs";
import path from "node:path";

import type { ArgumentSchema, PropertySchema, PropertySchemas } from "../../../components/arguments/schema.ts";
import type { Problem } from "../../../runtime/contract/errors.ts";

/*
 * Compares what problems name with the arguments that a component has, by the package's schema.
 */

const schemaFile = path.join(import.meta.dirname, "../../../schema.json");
const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as ArgumentSchema;

/** Paths that are no arguments: the component's own name, all of its arguments, and the document that is rendered. */
const wholes = ["name", "args", "document", "topicSpacesConfiguration"];
/** Words that remedies have for something else than arguments. */
const otherWords = new Set(["requireSecret", "readFileSync", "inputTopic"]);

function inputsOf(component: string): PropertySchemas {
  const resource = schema.resources[`mqtt-dataflow:index:${component}`];
  if (resource === undefined) throw new TypeError(`the schema has no ${component}`);
  return resource.inputProperties;
}

/** The fields of an object, `undefined` for what is none. */
function fieldsOf({ $ref }: PropertySchema): PropertySchemas | undefined {
  return $ref === undefined ? undefined : schema.types[$ref.replace("#/types/", "")]?.properties;
}

/** Tells whether a path leads to an argument. Names in maps may have dots. */
function leads(property: PropertySchema, steps: readonly string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined || property.$ref === "pulumi.json#/Any") return true;
  if (property.items !== undefined) return /^\[\d+\]$/.test(step) && leads(property.items, rest);
  const { additionalProperties } = property;
  if (additionalProperties !== undefined) {
    // Names of objects have no dots; keys of texts, such as labels, may have.
    const isOfObjects = fieldsOf(additionalProperties) !== undefined;
    return isOfObjects
      ? leads(additionalProperties, rest)
      : steps.some((_, index) => leads(additionalProperties, steps.slice(index + 1)));
  }
  const field = fieldsOf(property)?.[step];
  return field !== undefined && leads(field, rest);
}

function stepsOf(text: string): string[] {
  return text.split(/\.|(?=\[)/).filter((step) => step !== "");
}

function leadsFrom(fields: PropertySchemas, steps: readonly string[]): boolean {
  const [step = "", ...rest] = steps;
  const field = Object.hasOwn(fields, step) ? fields[step] : undefined;
  return field !== undefined && leads(field, rest);
}

/** The objects on the way to a path, the nearest first, and the component's own arguments last. */
function objectsAbove(component: string, at: string): PropertySchemas[] {
  const objects = [inputsOf(component)];
  let property: PropertySchema | undefined;
  for (const step of stepsOf(at)) {
    const fields: PropertySchemas | undefined = property === undefined ? inputsOf(component) : fieldsOf(property);
    property = fields?.[step] ?? property?.additionalProperties ?? property?.items;
    if (property === undefined) break;
    const own = fieldsOf(property);
    if (own !== undefined) objects.unshift(own);
  }
  return objects;
}

/** What a remedy may say of a dataflow or an endpoint by itself: `spool.maxBytes`. */
const allTypes = Object.values(schema.types).flatMap(({ properties }) =>
  properties === undefined ? [] : [properties],
);

/** All names of arguments below a component's own. */
function namesBelow(properties: PropertySchemas, names = new Set<string>()): Set<string> {
  for (const [name, property] of Object.entries(properties)) {
    const isNew = !names.has(name);
    names.add(name);
    const inner = fieldsOf(
      property.items ?? property.additionalProperties?.items ?? property.additionalProperties ?? property,
    );
    if (isNew && inner !== undefined) namesBelow(inner, names);
  }
  return names;
}

/** Arguments that endpoints have, which a relay is given as they are. */
const endpointNames = new Set(
  ["LocalEndpoint", "EventGridEndpoint", "CustomEndpoint"].flatMap((component) => [...namesBelow(inputsOf(component))]),
);

/** What a problem of a component names that is none of its arguments: its path, or words of its remedy. */
export function unknownNames(component: string, { path: at, problem, remedy }: Problem): string[] {
  const isKeyUnknown = problem.startsWith("is not a known field");
  const steps = stepsOf(at);
  const known = isKeyUnknown ? steps.slice(0, -1) : steps;
  const isArgument = wholes.includes(at) || known.length === 0 || leadsFrom(inputsOf(component), known);
  return [...(isArgument || isKeyUnknown ? [] : [at]), ...unknownWords(component, at, remedy)];
}

function unknownWords(component: string, at: string, remedy: string): string[] {
  const ofEndpoints = /\b(\w+) of the endpoint "[^"]*"/g;
  const fields = [...remedy.matchAll(ofEndpoints)].map(([, field = ""]) => field);
  // What is quoted is a value, and what has a bracket behind it is a function of the user's language.
  const text = remedy
    .replace(ofEndpoints, "")
    .replace(/\$\{[^}]*\}/g, "") // a variable of a topic
    .replace(/"[^"]*"/g, "")
    .replace(/[\w.]+\(.*?\)/g, "");
  const objects = objectsAbove(component, at);
  const root = inputsOf(component);
  const below = namesBelow(root);
  const words = [...text.matchAll(/(?<![\w./:-])[a-z]\w*(?:\.[A-Za-z][\w-]*|\[\d+\])*/g)].map(([word]) => word);
  const paths = words
    .filter((word) => word.includes("."))
    .filter((word) => {
      const steps = stepsOf(word);
      return Object.hasOwn(root, steps[0] ?? "")
        ? !leadsFrom(root, steps)
        : ![...objects, ...allTypes].some((object) => leadsFrom(object, steps));
    });
  const names = words.filter((word) => !word.includes(".") && /[a-z][A-Z]/.test(word));
  return [
    ...fields.filter((field) => !endpointNames.has(field)),
    ...paths,
    ...names.filter((name) => !below.has(name) && !otherWords.has(name)),
  ];
}
