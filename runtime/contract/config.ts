import * as v from "valibot";

import { checkClientIds } from "./config/client-id-rules.ts";
import { checkDataflow } from "./config/dataflow-rules.ts";
import { resolveDataflows } from "./config/dataflow-defaults.ts";
import { dataflowSchema, type ParsedDataflow } from "./config/dataflow.ts";
import { documentSchema, profileSchema, relaySchema, type RelayConfig } from "./config/document.ts";
import { checkEndpoint, resolveEndpoint } from "./config/endpoint-rules.ts";
import { endpointSchema, type Endpoint } from "./config/endpoint.ts";
import { checkDeadLetterLoops } from "./config/dead-letter-loops.ts";
import { listFlows } from "./config/flows.ts";
import { parseJson } from "./config/json.ts";
import { nameAllUnknownKeys, refuseLists } from "./config/field.ts";
import { fromKubernetes, isKubernetesDocument, type RawDocument } from "./config/kubernetes.ts";
import { countProblems, depthProblem, sizeProblem } from "./config/limits.ts";
import { checkRelay } from "./config/relay-rules.ts";
import { findWarnings } from "./config/warnings.ts";
import { ConfigError, type Problem } from "./errors.ts";

export type { RelayConfig, RelayConfigInput } from "./config/document.ts";

/** What a document says, and what its reader should know about it. */
export interface ParsedConfig {
  readonly config: RelayConfig;
  /** What works and may still lose messages or show a credential. */
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
  const tooLarge = sizeProblem(text);
  if (tooLarge !== undefined) throw new ConfigError(where, [tooLarge]);
  const json = parseJson(text);
  if ("problem" in json) {
    const path = `line ${json.line}, column ${json.column}`;
    throw new ConfigError(where, [{ path, problem: `is not JSON (${json.problem})`, remedy: "correct it there" }]);
  }
  const tooDeep = depthProblem(json.value);
  if (tooDeep !== undefined) throw new ConfigError(where, [tooDeep]);
  const raw = isKubernetesDocument(json.value) ? fromKubernetes(json.value, profile) : ownDocument(json.value);
  const tooMany = countProblems(countParts(raw.document), raw.pathOf);
  if (tooMany.length > 0) throw new ConfigError(where, tooMany);
  const { config, problems } = checkDocument(raw);
  if (problems.length > 0) throw new ConfigError(where, problems);
  const written = {
    pathOf: raw.pathOf,
    saysRetain: (name: string) => writtenSettings(raw.document, name)["retain"] !== undefined,
    authenticationSettings: (name: string) => authenticationSettings(writtenSettings(raw.document, name)),
  };
  const warnings = withoutRepeats(findWarnings(config, written));
  return { config, warnings, skipped: raw.skipped };
}

/** An endpoint's settings as the document has them, without defaults. */
function writtenSettings(document: unknown, endpointName: string): { readonly [field: string]: unknown } {
  const endpoints = isRecord(document) && isRecord(document["endpoints"]) ? document["endpoints"] : {};
  const endpoint = endpoints[endpointName];
  const settings = isRecord(endpoint) ? endpoint["mqttSettings"] : undefined;
  return isRecord(settings) ? settings : {};
}

/** Names of the settings that stand below the authentication method. */
function authenticationSettings({ authentication }: { readonly [field: string]: unknown }): string[] {
  const blocks = isRecord(authentication) ? Object.values(authentication).filter(isRecord) : [];
  return blocks.flatMap((block) => Object.keys(block).filter((field) => block[field] !== undefined));
}

function ownDocument(document: unknown): RawDocument {
  const pathOf = (part: string, name?: string) => (name === undefined ? part : `${part}.${name}`);
  return { document, pathOf, skipped: [], problems: [] };
}

/** Checks part by part, so that a slip in one endpoint hides no problem of another. */
function checkDocument({ document, pathOf, problems: found }: RawDocument): {
  config: RelayConfig;
  problems: Problem[];
} {
  const outline = v.safeParse(outlineSchema, document);
  const fields = isRecord(document) ? document : {};
  const problems = [...found, ...(outline.issues ?? []).flatMap((issue) => outlineProblems(issue, pathOf))];
  const read = <S extends v.GenericSchema>(schema: S, path: string, value: unknown): v.InferOutput<S> | undefined => {
    const result = v.safeParse(schema, value);
    for (const problem of toProblems(path, result.issues)) problems.push(problem);
    return result.typed ? result.output : undefined;
  };

  const profile = read(v.optional(profileSchema, {}), pathOf("profile"), fields["profile"]);
  const relay = read(v.optional(relaySchema, {}), "relay", fields["relay"]);
  const endpoints: Record<string, Endpoint> = {};
  for (const [name, value] of entriesOf(fields["endpoints"])) {
    const endpoint = read(endpointSchema, pathOf("endpoints", name), value);
    if (endpoint === undefined) continue;
    endpoints[name] = resolveEndpoint(endpoint);
    problems.push(...checkEndpoint(pathOf("endpoints", name), endpoints[name]));
  }
  const parsed: Record<string, ParsedDataflow> = {};
  const endpointNames = new Set(entriesOf(fields["endpoints"]).map(([name]) => name));
  if (relay !== undefined) problems.push(...checkRelay(relay, endpointNames));
  const profilePath = pathOf("profile");
  const context = { endpoints, endpointNames, instanceCount: profile?.instanceCount ?? 1, profilePath };
  for (const [name, value] of entriesOf(fields["dataflows"])) {
    const dataflow = read(dataflowSchema, pathOf("dataflows", name), value);
    if (dataflow === undefined) continue;
    parsed[name] = dataflow;
    problems.push(...checkDataflow(pathOf("dataflows", name), dataflow, context));
    problems.push(...checkClientIds(pathOf("dataflows", name), name, dataflow, endpoints));
  }
  problems.push(...checkNotEmpty(pathOf("dataflows"), fields["dataflows"]));
  problems.push(...checkDeadLetterLoops(listFlows(parsed, endpoints), (name) => pathOf("dataflows", name)));
  const dataflows = resolveDataflows(parsed, endpoints);
  const config = { schemaVersion: 1, endpoints, profile, dataflows, relay } as RelayConfig;
  return { config, problems: withoutRepeats(problems) };
}

function checkNotEmpty(path: string, dataflows: unknown): Problem[] {
  if (!isRecord(dataflows) || Object.keys(dataflows).length > 0) return [];
  return [{ path, problem: "lists no dataflow that a relay can run", remedy: "add at least one" }];
}

/** Counts what rules compare with each other, whatever else is wrong with it. */
function countParts(document: unknown) {
  const fields = isRecord(document) ? document : {};
  const operations = entriesOf(fields["dataflows"]).map(([, dataflow]) =>
    isRecord(dataflow) ? dataflow["operations"] : [],
  );
  const sources = operations.flatMap((list: unknown) => (Array.isArray(list) ? (list as unknown[]) : []));
  const filters = sources.map((source) => {
    const settings = isRecord(source) ? source["sourceSettings"] : undefined;
    const given = isRecord(settings) ? settings["dataSources"] : undefined;
    return Array.isArray(given) ? given.length : 0;
  });
  return {
    endpoints: entriesOf(fields["endpoints"]).length,
    dataflows: operations.length,
    dataSources: filters.reduce((total, count) => total + count, 0),
  };
}

/** The document's own keys, and the names in it; what stands under the names is read part by part. */
const outlineSchema = refuseLists(
  nameAllUnknownKeys(
    v.strictObject(
      {
        ...documentSchema.entries,
        endpoints: namesOnly(documentSchema.entries.endpoints),
        dataflows: namesOnly(documentSchema.entries.dataflows),
        profile: v.optional(v.unknown()),
        relay: v.optional(v.unknown()),
      },
      documentSchema.message,
    ),
  ),
);

function namesOnly({
  key,
  message,
}: typeof documentSchema.entries.endpoints | typeof documentSchema.entries.dataflows) {
  return refuseLists(v.record(key, v.unknown(), message));
}

/** A name stands elsewhere in AIO's resources than in this project's document. */
function outlineProblems(issue: v.BaseIssue<unknown>, pathOf: RawDocument["pathOf"]): Problem[] {
  const [part, name] = issue.path?.map(({ key }) => String(key)) ?? [];
  if (name === undefined || (part !== "endpoints" && part !== "dataflows")) return toProblems("", [issue]);
  return toProblems("", [issue]).map((problem) => ({ ...problem, path: pathOf(part, name, "metadata.name") }));
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
