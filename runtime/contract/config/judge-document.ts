import * as v from "valibot";

import type { Problem } from "../errors.ts";
import { checkClientIds } from "./client-id-rules.ts";
import { resolveDataflows } from "./dataflow-defaults.ts";
import { checkDataflow } from "./dataflow-rules.ts";
import { dataflowSchema, type ParsedDataflow } from "./dataflow.ts";
import { checkDeadLetterLoops } from "./dead-letter-loops.ts";
import { documentSchema, profileSchema, relaySchema, type RelayConfig } from "./document.ts";
import { checkEndpoint, resolveEndpoint } from "./endpoint-rules.ts";
import { endpointSchema, type Endpoint } from "./endpoint.ts";
import { nameAllUnknownKeys, refuseLists } from "./field.ts";
import { listFlows } from "./flows.ts";
import { countProblems } from "./limits.ts";
import { checkRelay } from "./relay-rules.ts";
import { findWarnings } from "./warnings.ts";

/** Parts of a document whose keys are names. */
export type NamedPart = "endpoints" | "dataflows";

/** A document in this project's own form, and where each part of it stood in what was read. */
export interface RawDocument {
  readonly document: unknown;
  /** Path of an endpoint or a dataflow, and of the profile, in what the operator gave. Without a name, the path of the list. */
  readonly pathOf: (part: NamedPart | "profile", name?: string) => string;
  /** Whoever made the document has judged its names: those that Kubernetes takes are more than Azure takes. */
  readonly hasJudgedNames?: true;
}

/** What became of a document. */
export interface Judgement {
  /** What it says, as far as it could be read; whole when there is no problem. */
  readonly config: RelayConfig;
  readonly problems: readonly Problem[];
  /** What works and may still lose messages or show a credential; empty when there are problems. */
  readonly warnings: readonly Problem[];
}

/** Judges a document in this project's own form by the schema and by every rule. Never throws. */
export function judgeDocument(raw: RawDocument): Judgement {
  const tooMany = countProblems(countParts(raw.document), raw.pathOf);
  // No rule is run on more than it can take.
  const { config, problems } = tooMany.length > 0 ? { config: undefined, problems: tooMany } : checkDocument(raw);
  if (problems.length > 0 || config === undefined) return { config: config ?? emptyConfig(), problems, warnings: [] };
  const written = {
    pathOf: raw.pathOf,
    saysRetain: (name: string) => writtenSettings(raw.document, name)["retain"] !== undefined,
    authenticationSettings: (name: string) => authenticationSettings(writtenSettings(raw.document, name)),
  };
  return { config, problems, warnings: withoutRepeats(findWarnings(config, written)) };
}

function emptyConfig(): RelayConfig {
  const [profile, relay] = [v.parse(profileSchema, {}), v.parse(relaySchema, {})];
  return { schemaVersion: 1, endpoints: {}, profile, dataflows: {}, relay };
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

/** Checks part by part, so that a slip in one endpoint hides no problem of another. */
function checkDocument({ document, pathOf, hasJudgedNames }: RawDocument): {
  config: RelayConfig;
  problems: Problem[];
} {
  const outline = v.safeParse(hasJudgedNames === true ? outlineOfAnyNames : outlineSchema, document);
  const fields = isRecord(document) ? document : {};
  const problems = toProblems("", outline.issues);
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
function outlineOf(endpointName: v.GenericSchema<string>, dataflowName: v.GenericSchema<string>) {
  const { endpoints, dataflows, schemaVersion } = documentSchema.entries;
  return refuseLists(
    nameAllUnknownKeys(
      v.strictObject(
        {
          schemaVersion,
          endpoints: refuseLists(v.record(endpointName, v.unknown(), endpoints.message)),
          profile: v.optional(v.unknown()),
          dataflows: refuseLists(v.record(dataflowName, v.unknown(), dataflows.message)),
          relay: v.optional(v.unknown()),
        },
        documentSchema.message,
      ),
    ),
  );
}

const outlineSchema = outlineOf(documentSchema.entries.endpoints.key, documentSchema.entries.dataflows.key);
const outlineOfAnyNames = outlineOf(v.string(), v.string());

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
