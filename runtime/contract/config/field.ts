import leven from "leven";
import * as v from "valibot";

import { firstLines } from "../errors.ts";
import { documentLimits } from "./limits.ts";

/** What the reference page says of a field beyond its type, bounds and default. */
export interface FieldNotes {
  /** One or two sentences: what the field decides. */
  readonly description: string;
  /** Where the field and its bounds come from, such as `Specification, Keep alive`. */
  readonly source: string;
  /** Unit of a number. */
  readonly unit?: string;
  /** Inclusive bounds of a number or of a list's length, or the form of a text. */
  readonly bounds?: string;
  /** The field is this project's own: AIO's resources don't have it. */
  readonly own?: true;
}

/** Bounds of {@link integer}, both inclusive. */
export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
}

/** Makes a schema of whole numbers within inclusive bounds. */
export function integer({ min, max }: IntegerBounds, notes: FieldNotes) {
  const unit = notes.unit === undefined ? "" : ` ${notes.unit}`;
  const remedy = `give a whole number from ${min} to ${max}${unit}`;
  return v.pipe(
    v.number((issue) => `is ${show(issue.input)}; ${remedy}`),
    v.integer((issue) => `is ${issue.input}${unit}; ${remedy}`),
    v.minValue(min, (issue) => `is ${issue.input}${unit}; ${remedy}`),
    v.maxValue(max, (issue) => `is ${issue.input}${unit}; ${remedy}`),
    v.metadata({ ...notes, bounds: `${min} to ${max}` }),
  );
}

/** Which texts a field takes. */
export interface TextRule {
  readonly pattern: { test(text: string): boolean };
  /** What to give. */
  readonly hint: string;
  /** Writes a refused text without what may be secret in it; omitted: as it is. */
  readonly shown?: (text: string) => string;
}

/** Makes a schema of texts; a `rule` says which. */
export function text(notes: FieldNotes, rule?: TextRule) {
  const wanted = rule?.hint ?? "give a text in quotes";
  const shown = rule?.shown ?? ((input: string) => input);
  return v.pipe(
    v.string((issue) => `is ${show(issue.input)}; ${wanted}`),
    v.maxBytes(
      documentLimits.textBytes,
      (issue) => `is ${issue.received} bytes long; give ${documentLimits.textBytes} bytes at most`,
    ),
    v.check((input) => input.isWellFormed(), "holds half a character (a surrogate without its other half); correct it"),
    v.check(
      (input) => rule === undefined || rule.pattern.test(input),
      (issue) => `is ${show(shown(issue.input))}; ${wanted}`,
    ),
    v.metadata({ ...notes }),
  );
}

/**
 * Makes a schema of names of a Kubernetes object or of a key in it.
 * Its messages never repeat the value: where a name belongs, people have pasted the secret itself.
 */
export function secretName(notes: FieldNotes) {
  const message = "is not the name of a Kubernetes Secret; give the Secret's name, never its content";
  return v.pipe(
    v.string(message),
    v.regex(kubernetesName, message),
    v.metadata({ bounds: "name of a Secret", ...notes }),
  );
}

/** Names of Kubernetes objects. @see RFC 1123 subdomain, as Kubernetes uses it */
export const kubernetesName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Makes a schema of a closed set of words. */
export function choice<const T extends readonly (string | number)[]>(values: T, notes: FieldNotes) {
  const list = values.map((value) => JSON.stringify(value)).join(" or ");
  return v.pipe(
    v.picklist(values, (issue) => `is ${show(issue.input)}; give ${list}`),
    v.metadata({ ...notes }),
  );
}

/** Makes a schema of true and false. */
export function flag(notes: FieldNotes) {
  return v.pipe(
    v.boolean((issue) => `is ${show(issue.input)}; give true or false`),
    v.metadata({ ...notes }),
  );
}

/**
 * Makes a schema of an object that has just these keys; a key too many is a problem that names the nearest known one.
 * Its messages name the kind of a wrong value, never the value: people have pasted a secret in place of its settings.
 */
export function block<const E extends v.ObjectEntries>(entries: E, explainUnknown = unknownKey) {
  return refuseLists(
    nameAllUnknownKeys(
      v.strictObject(entries, (issue) => {
        if (issue.expected === "never") return explainUnknown(String(issue.input), Object.keys(entries));
        if (issue.expected === "Object") return `is ${kindOf(issue.input)}; give an object`;
        return explainMissing(entries, issue.expected);
      }),
    ),
  );
}

/** What to give for a field that is missing, where its schema lists what it takes. */
function explainMissing(entries: v.ObjectEntries, expected: string | null): string {
  const key = Object.keys(entries).find((name) => JSON.stringify(name) === expected);
  const schema = key === undefined ? undefined : entries[key];
  const said = schema && v.safeParse(schema, undefined).issues?.[0].message;
  const [, remedy = "add it"] = /^is (?:missing|undefined); ((?:set|give) ".*)$/.exec(said ?? "") ?? [];
  return `is missing; ${remedy}`;
}

/**
 * Makes a schema name every unknown key, and read the rest as if they were not there: valibot names the first one only, and
 * to leave that one out and try again costs the square of their number.
 */
export function nameAllUnknownKeys<S extends v.GenericSchema & { readonly entries: object }>(schema: S): S {
  const run: S["~run"] = (dataset, config) => {
    const { value } = dataset;
    if (typeof value !== "object" || value === null) return schema["~run"](dataset, config);
    const [known, unknown] = [new Map<string, unknown>(), new Map<string, unknown>()];
    for (const [key, inner] of Object.entries(value)) {
      (Object.hasOwn(schema.entries, key) ? known : unknown).set(key, inner);
    }
    const result = schema["~run"]({ typed: false, value: Object.fromEntries(known) }, config);
    const { typed } = result;
    for (const [key, inner] of unknown) {
      const path: [v.ObjectPathItem] = [
        { type: "object", origin: "key", input: value as Record<string, unknown>, key, value: inner },
      ];
      v._addIssue(schema, "key", result, config, { input: key, expected: "never", path });
    }
    // The value without those keys is judged further, by the rules between its fields.
    return Object.assign(result, { typed });
  };
  return { ...schema, "~run": run };
}

/** Makes a schema of an object whose keys are names that the operator chose. */
export function named<const S extends v.GenericSchema>(schema: S, noun: string) {
  const hint = `name ${noun} with ${resourceNameRule}`;
  return refuseLists(
    v.record(
      v.pipe(
        v.string(),
        v.regex(resourceName, (issue) => `is no name for ${noun} (${show(issue.input)}); ${hint}`),
      ),
      schema,
      (issue) => `is ${kindOf(issue.input)}; give an object whose keys are names`,
    ),
  );
}

/** Stands for a list where an object belongs. No JSON holds a symbol, so no document can hold this one. */
const aList = Symbol("a list");

/** Makes a schema of objects refuse lists: valibot takes one for an object, and an empty one for all the defaults. */
export function refuseLists<S extends v.GenericSchema>(schema: S): S {
  const run: S["~run"] = (dataset, config) =>
    schema["~run"](Array.isArray(dataset.value) ? { typed: false, value: aList } : dataset, config);
  return { ...schema, "~run": run };
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return value === aList ? "a list" : `a ${typeof value === "string" ? "text" : typeof value}`;
}

/** Names of AIO's dataflow resources. @see Azure REST API, Microsoft.IoTOperations 2026-10-01 */
export const resourceNameRule = '3 to 63 lower-case letters, digits and "-", first and last no "-"';
export const resourceName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Says that a key is unknown, and which one was probably meant. */
export function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  if (known.length === 0) return "is not a known field; remove it";
  const remedy = nearest === undefined ? `use one of ${list(known)}` : `did you mean "${nearest}"?`;
  return `is not a known field; ${remedy}`;
}

/** The known name that differs least from a mistyped or shortened one, or `undefined` when none is near. */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  // What is far longer than any name is near to none, and comparing costs the product of both lengths.
  if (typed.length > 2 * maxNameLength) return undefined;
  const wanted = typed.toLowerCase();
  let nearest: { readonly name: string; readonly distance: number } | undefined;
  let compared = 0;
  for (const name of known) {
    const most = Math.max(2, Math.floor(name.length / 3));
    const isNear = Math.abs(name.length - wanted.length) <= most;
    if (!isNear && !isStart(wanted, name)) continue;
    if (++compared > maxCompared) break;
    const distance = leven(wanted, name.toLowerCase());
    if ((distance <= most || isStart(wanted, name)) && distance < (nearest?.distance ?? Infinity))
      nearest = { name, distance };
  }
  return nearest?.name;
}

/** Names of endpoints and dataflows have up to 63 characters, as have the schema's own fields. */
const maxNameLength = 63;
/** Names that a mistyped one is compared with: a document may have a thousand endpoints, and as many mistyped names. */
const maxCompared = 100;

/** `keepAlive` of `keepAliveSeconds`: what the specification's prose calls the field. */
function isStart(typed: string, name: string): boolean {
  return typed.length >= 4 && name.toLowerCase().startsWith(typed);
}

/** Lists names in quotes, or says that there is none. */
export function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : firstLines(names, (name) => `"${name}"`).join(", ");
}

/** Leaves out what stands between the first "//" and the last "@": a password that was not encoded may hold anything. */
function withoutUser(text: string): string {
  const [start, end] = [text.indexOf("//"), text.lastIndexOf("@")];
  return start < 0 || end < start ? text : `${text.slice(0, start)}//…${text.slice(end)}`;
}

/** Shows a value in a message, shortened: a document may hold anything. The user and password of a URL are left out. */
export function show(value: unknown): string {
  if (value === undefined) return "missing";
  const shown = withoutUser(JSON.stringify(value));
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
