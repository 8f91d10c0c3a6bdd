import { judgeDocument } from "./config/judge-document.ts";
import type { RelayConfig } from "./config/document.ts";
import { parseJson } from "./config/json.ts";
import { depthProblem, sizeProblem } from "./config/limits.ts";
import { ConfigError, type Place, type Problem } from "./errors.ts";

export type { RelayConfig, RelayConfigInput } from "./config/document.ts";

/** What a document says, and what its reader should know about it. */
export interface ParsedConfig {
  readonly config: RelayConfig;
  /** What works and may still lose messages or show a credential. */
  readonly warnings: readonly Problem[];
  /** Dataflows, endpoints and other resources that no relay runs, each with the reason and its place. */
  readonly skipped: readonly string[];
  /** What was taken otherwise than it is written, or is ignored since it changes nothing for messages. */
  readonly notes: readonly string[];
  /** What `skipped` and `notes` say, one by one with its place. */
  readonly remarks: readonly PlacedRemark[];
}

/** Something to say of a place in a file. */
export interface PlacedRemark {
  readonly kind: "skipped" | "note";
  readonly text: string;
  readonly at: Place;
}

/** How a document is read. */
export interface ParseOptions {
  /** What was read, for messages: a file's path, or the name of a ConfigMap. */
  readonly where: string;
}

/**
 * Reads this project's own configuration in JSON, as the components render it and the ConfigMap holds it. Judged strictly:
 * whatever is not known in it is an error, and nothing is skipped. Files that others wrote, and YAML, are read by
 * `parseConfiguration` of `documents/`, which judges this project's own form just as strictly.
 * @throws {ConfigError} with every problem of the document, each with its path and what to do
 */
export function parseRelayConfig(text: string, { where }: ParseOptions): ParsedConfig {
  const tooLarge = sizeProblem(text);
  if (tooLarge !== undefined) throw new ConfigError(where, [tooLarge]);
  const json = parseJson(text);
  if ("problem" in json) {
    const path = `line ${json.line}, column ${json.column}`;
    throw new ConfigError(where, [{ path, problem: `is not JSON (${json.problem})`, remedy: "correct it there" }]);
  }
  const tooDeep = depthProblem(json.value);
  if (tooDeep !== undefined) throw new ConfigError(where, [tooDeep]);
  const { config, problems, warnings } = judgeDocument({ document: json.value, pathOf: ownPath });
  if (problems.length > 0) throw new ConfigError(where, problems);
  return { config, warnings, skipped: [], notes: [], remarks: [] };
}

/** Path of a part in this project's own form: `endpoints.cloud`. */
export function ownPath(part: string, name?: string): string {
  return name === undefined ? part : `${part}.${name}`;
}

/** Writes a document with its keys in order, so that the same declaration gives the same bytes. */
export function formatRelayConfig(config: unknown): string {
  return `${JSON.stringify(sortKeys(config), undefined, 2)}\n`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
