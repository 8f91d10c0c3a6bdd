import * as v from "valibot";

import { checkDataflow } from "./config/dataflow-rules.ts";
import { dataflowParts, dataflowSchema, type Dataflow } from "./config/dataflow.ts";
import { documentSchema, profileSchema, relaySchema, type RelayConfig } from "./config/document.ts";
import { checkEndpoint, resolveEndpoint } from "./config/endpoint-rules.ts";
import { endpointSchema, HostType, type Endpoint } from "./config/endpoint.ts";
import { fromKubernetes, isKubernetesDocument, type RawDocument } from "./config/kubernetes.ts";
import { ConfigError, describeError, type Problem } from "./errors.ts";

export type { RelayConfig, RelayConfigInput } from "./config/document.ts";

/** What a document says, and what its reader should know about it. */
export interface ParsedConfig {
  readonly config: RelayConfig;
  /** What works and may still lose messages. */
  readonly warnings: readonly Problem[];
  /** AIO's resources that no relay runs, each with the reason. */
  readonly skipped: readonly string[];
}

/** How a document is read. */
export interface ParseOptions {
  /** What was read, for messages: a file's path, or the name of a ConfigMap. */
  readonly where: string;
  /** With AIO's own resources: the profile whose dataflows are wanted. */
  readonly profile?: string;
}

/**
 * Reads the relay's configuration: this project's own document, or AIO's resources as `kubectl get … -o json` prints them.
 * @throws {ConfigError} with every problem of the document, each with its path and what to do
 */
export function parseRelayConfig(text: string, { where, profile }: ParseOptions): ParsedConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problem = { path: "document", problem: `is not JSON (${describeError(cause)})`, remedy: "correct it there" };
    throw new ConfigError(where, [problem], { cause });
  }
  const raw = isKubernetesDocument(value) ? fromKubernetes(value, profile) : ownDocument(value);
  const { config, problems } = checkDocument(raw);
  if (problems.length > 0) throw new ConfigError(where, problems);
  return { config, warnings: findWarnings(config), skipped: raw.skipped };
}

function ownDocument(document: unknown): RawDocument {
  const pathOf = (part: string, name: string) => (part === "profile" ? part : `${part}.${name}`);
  return { document, pathOf, skipped: [], problems: [] };
}

/** Checks part by part, so that a slip in one endpoint hides no problem of another. */
function checkDocument({ document, pathOf, problems: found }: RawDocument): {
  config: RelayConfig;
  problems: Problem[];
} {
  const outline = v.safeParse(outlineSchema, document);
  const fields = isRecord(document) ? document : {};
  const problems = [...found, ...toProblems("", outline.issues)];
  const read = <S extends v.GenericSchema>(schema: S, path: string, value: unknown): v.InferOutput<S> | undefined => {
    const result = v.safeParse(schema, value);
    problems.push(...toProblems(path, result.issues));
    if (result.typed) return result.output;
    // An unknown key must not hide what the rules between fields have to say.
    const again = v.safeParse(schema, withoutUnknownKeys(value, result.issues));
    return again.typed ? again.output : undefined;
  };

  const profile = read(v.optional(profileSchema, {}), pathOf("profile", ""), fields["profile"]);
  const relay = read(v.optional(relaySchema, {}), "relay", fields["relay"]);
  if (relay !== undefined) problems.push(...checkReconnect(relay.reconnect));
  const endpoints: Record<string, Endpoint> = {};
  for (const [name, value] of entriesOf(fields["endpoints"])) {
    const endpoint = read(endpointSchema, pathOf("endpoints", name), value);
    if (endpoint === undefined) continue;
    endpoints[name] = resolveEndpoint(endpoint);
    problems.push(...checkEndpoint(pathOf("endpoints", name), endpoints[name]));
  }
  const dataflows: Record<string, Dataflow> = {};
  const endpointNames = entriesOf(fields["endpoints"]).map(([name]) => name);
  const context = { endpoints, endpointNames, instanceCount: profile?.instanceCount ?? 1 };
  for (const [name, value] of entriesOf(fields["dataflows"])) {
    const dataflow = read(dataflowSchema, pathOf("dataflows", name), value);
    if (dataflow === undefined) continue;
    dataflows[name] = dataflow;
    problems.push(...checkDataflow(pathOf("dataflows", name), dataflow, context));
  }
  if (isRecord(fields["dataflows"]) && entriesOf(fields["dataflows"]).length === 0) {
    problems.push({ path: "dataflows", problem: "lists none", remedy: "add at least one dataflow" });
  }
  const config = { schemaVersion: 1, endpoints, profile, dataflows, relay } as RelayConfig;
  return { config, problems: withoutRepeats(problems) };
}

/** The document's own keys, and the names in it; what stands under the names is read part by part. */
const outlineSchema = v.strictObject(
  {
    ...documentSchema.entries,
    endpoints: v.record(documentSchema.entries.endpoints.key, v.unknown(), documentSchema.entries.endpoints.message),
    dataflows: v.record(documentSchema.entries.dataflows.key, v.unknown(), documentSchema.entries.dataflows.message),
    profile: v.optional(v.unknown()),
    relay: v.optional(v.unknown()),
  },
  documentSchema.message,
);

function checkReconnect({ minDelayMs, maxDelayMs }: RelayConfig["relay"]["reconnect"]): Problem[] {
  if (minDelayMs <= maxDelayMs) return [];
  const problem = `is ${minDelayMs} ms, more than maxDelayMs (${maxDelayMs} ms)`;
  return [{ path: "relay.reconnect.minDelayMs", problem, remedy: "make it the smaller one" }];
}

function withoutUnknownKeys(value: unknown, issues: readonly v.BaseIssue<unknown>[]): unknown {
  const copy = structuredClone(value);
  for (const { path } of issues.filter(({ expected }) => expected === "never")) {
    const keys = path?.map(({ key }) => key) ?? [];
    const parent = keys
      .slice(0, -1)
      .reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key as string], copy);
    if (isRecord(parent)) Reflect.deleteProperty(parent, String(keys.at(-1)));
  }
  return copy;
}

/** Each message of the schema is `<problem>; <remedy>`. */
function toProblems(path: string, issues: readonly v.BaseIssue<unknown>[] | undefined): Problem[] {
  return (issues ?? []).map((issue) => {
    const inner =
      issue.path?.map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("") ?? "";
    const [problem = issue.message, remedy = "correct it"] = splitOnce(issue.message, "; ");
    return { path: `${path}${inner}`.replace(/^\./, "") || "document", problem, remedy };
  });
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function findWarnings({ endpoints, dataflows }: RelayConfig): Problem[] {
  return Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    if (parts === undefined) return [];
    const source = endpoints[parts.source.endpointRef];
    const destination = endpoints[parts.destination.endpointRef];
    if (source === undefined || destination === undefined) return [];
    return [
      ...checkLosses(name, parts.source.endpointRef, source),
      ...checkRetain(parts.destination.endpointRef, destination),
    ];
  });
}

function checkLosses(
  dataflow: string,
  name: string,
  { mqttSettings: { qos, sessionExpirySeconds } }: Endpoint,
): Problem[] {
  const path = `endpoints.${name}.mqttSettings`;
  if (qos === 0) {
    const problem = `is 0, so dataflow "${dataflow}" loses what arrives while it can't deliver`;
    return [{ path: `${path}.qos`, problem, remedy: "set it to 1 where that matters" }];
  }
  if (sessionExpirySeconds > 0) return [];
  const problem = `is 0 s, so the broker drops what waits for dataflow "${dataflow}" at every disconnect`;
  return [{ path: `${path}.sessionExpirySeconds`, problem, remedy: "give more than the longest outage" }];
}

function checkRetain(name: string, { hostType, mqttSettings: { retain } }: Endpoint): Problem[] {
  if (hostType !== HostType.EventGrid || retain === "Never") return [];
  const problem = "is Keep, and not every Event Grid namespace takes retained messages (64 KB each at most)";
  const remedy =
    'set it to "Never" unless yours does; the relay clears the flag where the broker says that it has none';
  return [{ path: `endpoints.${name}.mqttSettings.retain`, problem, remedy }];
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes a document with its keys in order, so that the same declaration gives the same bytes. */
export function formatRelayConfig(config: unknown): string {
  return `${JSON.stringify(sortKeys(config), undefined, 2)}\n`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
