import type { ParsedConfig } from "../../../../runtime/contract/config.ts";
import {
  parseConfiguration,
  type ConfigurationOptions,
} from "../../../../runtime/contract/documents/parse-configuration.ts";
import { ConfigError, formatProblem } from "../../../../runtime/contract/errors.ts";

type Choice = Pick<ConfigurationOptions, "profile" | "dataflows">;

/** Reads a value as a file of JSON holds it. */
export function parseResources(value: unknown, choice: Choice = {}): ParsedConfig {
  return parseText(JSON.stringify(value, undefined, 2), choice);
}

/** Reads a text of the file `doc.json`, or of another one. */
export function parseText(text: string, choice: Choice = {}, file = "doc.json"): ParsedConfig {
  return parseConfiguration([{ file, text }], { where: file, ...choice });
}

/** Every problem of a value in one line each, without its place; empty when it parses. */
export function problemsOfResources(value: unknown, choice: Choice = {}): string[] {
  return problemsOfText(JSON.stringify(value, undefined, 2), choice).map((line) =>
    line.replace(/^doc\.json:\d+:\d+: /, ""),
  );
}

/** Every problem of a text in one line each, with its place; empty when it parses. */
export function problemsOfText(text: string, choice: Choice = {}, file = "doc.json"): string[] {
  try {
    parseText(text, choice, file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

/** Lines of what was skipped or noted, without their places. */
export function withoutPlaces(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ \(doc\.json:\d+:\d+\)$/, ""));
}
