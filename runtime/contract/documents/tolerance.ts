import { authenticationMethods } from "../config/authentication.ts";
import { profileSchema } from "../config/document.ts";
import { nearestName, show } from "../config/field.ts";
import { isObject, type Remark, type Resource, type Spot } from "./resource.ts";
import { step } from "./text-document.ts";

/** A resource as the relay's own form has it, and what was changed in it. */
export interface Tolerated {
  readonly value: Readonly<Record<string, unknown>>;
  readonly notes: readonly Remark[];
}

type Entries = Readonly<Record<string, unknown>>;

/** What Azure adds to the properties of a resource that it shows. */
const readOnlyFields = ["provisioningState", "healthState", "status"];

/**
 * Turns a resource into what the relay's own form has for it. This is all that is tolerated of files that others wrote, and
 * nothing else is: fields that Azure adds, `null` for what is left out, words in any case, and in a profile everything that
 * decides nothing for messages. An unknown field of an endpoint or a dataflow stays, and is refused like in this project's own
 * form: it may decide where messages go.
 */
export function tolerate(resource: Resource): Tolerated {
  const value = canonicalWords(withoutNulls(resource.spec)) as Record<string, unknown>;
  const fields = Object.fromEntries(Object.entries(value).filter(([key]) => !readOnlyFields.includes(key)));
  if (resource.kind === "DataflowProfile") return tolerateProfile(resource, fields);
  return resource.kind === "Dataflow" ? tolerateDataflow(resource, fields) : { value: fields, notes: [] };
}

/** Longest name of an operation that the relay's own form has, in characters. @see Azure REST API, Dataflow */
const maxOperationName = 64;

function tolerateDataflow({ name, spot }: Resource, fields: Entries): Tolerated {
  const operations = fields["operations"];
  if (!Array.isArray(operations)) return { value: fields, notes: [] };
  const notes: Remark[] = [];
  const kept = operations.map((operation: unknown, index) => {
    if (!isObject(operation)) return operation;
    const { name: given, ...rest } = withoutEmptyHeaders(operation);
    if (typeof given !== "string" || given.length <= maxOperationName) return { ...rest, ...named(given) };
    const at = below(spot, `operations[${index}].name`);
    notes.push({ spot: at, text: `the dataflow "${name}" has an operation with a long name, which is left out` });
    return rest;
  });
  return { value: { ...fields, operations: kept }, notes: [...notes, ...noteReferences(name, operations, spot)] };
}

function named(name: unknown): { readonly name?: unknown } {
  return name === undefined ? {} : { name };
}

/** A list of no headers asks for none. */
function withoutEmptyHeaders(operation: Entries): Entries {
  const settings = operation["destinationSettings"];
  if (!isObject(settings) || !Array.isArray(settings["headers"]) || settings["headers"].length > 0) return operation;
  const { headers, ...rest } = settings;
  return { ...operation, destinationSettings: rest };
}

/** Notes what a source says of its messages and what changes nothing for them. */
export function noteReferences(dataflow: string, operations: unknown, spot: Spot): Remark[] {
  if (!Array.isArray(operations)) return [];
  return operations.flatMap((operation: unknown, index) => {
    const settings = isObject(operation) ? operation["sourceSettings"] : undefined;
    const fields = ["assetRef", "schemaRef"].filter(
      (field) => isObject(settings) && typeof settings[field] === "string",
    );
    return fields.map((field) => ({
      spot: below(spot, `operations[${index}].sourceSettings.${field}`),
      text: `the dataflow "${dataflow}" has ${field} at its source, which changes nothing for messages`,
    }));
  });
}

/** A profile decides how many instances there are, and what they log and serve; whatever else it says is for AIO's own pods. */
function tolerateProfile({ name, spot }: Resource, fields: Entries): Tolerated {
  const notes: Remark[] = [];
  const note = (path: string, text: string) =>
    notes.push({ spot: below(spot, path), text: `the profile "${name}" ${text}` });
  const keep = (given: unknown, schema: unknown, path: string): unknown => {
    const entries = entriesOf(schema);
    if (!isObject(given) || entries === undefined) return given;
    const known = Object.keys(entries);
    const kept = Object.entries(given).filter(([key]) => {
      // What was probably meant to be one of the fields that count is left to be refused.
      if (known.includes(key) || nearestName(key, known) !== undefined) return true;
      note(step(path, key), `has ${step(path, key)}, which is for AIO's own pods and is ignored`);
      return false;
    });
    return Object.fromEntries(kept.map(([key, inner]) => [key, keep(inner, entries[key], step(path, key))]));
  };
  const kept = keep(fields, profileSchema, "") as Entries;
  return { value: withLogLevel(kept, note), notes };
}

/** The fields of a schema of objects, through what makes it optional. */
function entriesOf(schema: unknown): Entries | undefined {
  if (!isObject(schema)) return undefined;
  return isObject(schema["entries"]) ? schema["entries"] : entriesOf(schema["wrapped"]);
}

/** Levels of other loggers; unquoted, YAML of old takes `off` for false. */
const levels = new Map([
  ["off", "error"],
  ["false", "error"],
  ["critical", "error"],
  ["fatal", "error"],
  ["warning", "warn"],
  ["verbose", "debug"],
]);
const ownLevels = ["trace", "debug", "info", "warn", "error"];

function withLogLevel(profile: Entries, note: (path: string, text: string) => void): Entries {
  const { diagnostics } = profile;
  if (!isObject(diagnostics) || !isObject(diagnostics["logs"])) return profile;
  const { logs } = diagnostics;
  const given = logs["level"] ?? "info";
  const lower = (typeof given === "string" ? given : JSON.stringify(given)).toLowerCase();
  const level = ownLevels.includes(lower) ? lower : (levels.get(lower) ?? "info");
  if (level !== lower) {
    note("diagnostics.logs.level", `has the log level ${show(given)}, which the relay has not; it logs at "${level}"`);
  }
  return { ...profile, diagnostics: { ...diagnostics, logs: { ...logs, level } } };
}

function below({ document, path }: Spot, inner: string): Spot {
  return { document, path: step(path, inner) };
}

/** `az` prints null for what was left out, and Kubernetes takes it for that. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(given.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** Fields whose words AIO's operator takes in any case; its published manifests use both `Source` and `source`. */
const words = new Map<string, readonly string[]>(
  Object.entries({
    endpointType: ["Mqtt"],
    hostType: ["LocalBroker", "EventGrid", "CustomMqtt"],
    method: authenticationMethods,
    operationType: ["Source", "BuiltInTransformation", "Destination"],
    mode: ["Enabled", "Disabled"],
    protocol: ["Mqtt", "WebSockets"],
    retain: ["Keep", "Never"],
    cloudEventAttributes: ["Propagate", "CreateOrRemap"],
    serializationFormat: ["Json"],
    requestDiskPersistence: ["Enabled", "Disabled"],
    type: ["PassThrough"],
  }),
);

function canonicalWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonicalWords);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      words.get(key)?.find((word) => isWord(inner, word)) ?? canonicalWords(inner),
    ]),
  );
}

/** Tells whether a value is a word of AIO's, in any case. */
export function isWord(value: unknown, word: string): boolean {
  return typeof value === "string" && value.toLowerCase() === word.toLowerCase();
}
