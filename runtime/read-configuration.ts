import { readdirSync, statSync } from "node:fs";
import path from "node:path";

import type { ParsedConfig } from "./contract/config.ts";
import { parseConfiguration, type SourceText } from "./contract/documents/parse-configuration.ts";
import { ConfigError, describeError, type Problem } from "./contract/errors.ts";
import { readDocument } from "./read-document.ts";

/** What is wanted of the files. */
export interface Wanted {
  /** With AIO's own resources: the profile whose dataflows are wanted. */
  readonly profile?: string | undefined;
  /** Names of the dataflows that are wanted; omitted or empty: all of them. */
  readonly dataflows?: readonly string[] | undefined;
}

/** Bounds of a folder; each file has the bounds of a document. */
export const folderLimits = {
  files: 1000,
  /** UTF-8 bytes of all files together. */
  bytes: 16_777_216,
} as const;

/**
 * Reads a configuration: a file, or a folder whose `.json`, `.yaml` and `.yml` files are read in the order of their names;
 * folders in it, and files whose names begin with a dot, are not. The one reader of the relay and of every command. Reads at
 * once, see {@link readDocument}.
 * @throws {ConfigError} when something can't be read, and as `parseConfiguration` does
 */
export function readConfiguration(where: string, { profile, dataflows }: Wanted = {}): ParsedConfig {
  const isFolder = isAFolder(where);
  const sources = isFolder ? readFolder(where) : [{ file: where, text: readDocument(where) }];
  return parseConfiguration(sources, { where, isFolder, profile, dataflows });
}

/** What can't be looked at is no folder: reading it says why. */
function isAFolder(where: string): boolean {
  try {
    return statSync(where).isDirectory();
  } catch {
    return false;
  }
}

function readFolder(folder: string): SourceText[] {
  const files = listFiles(folder);
  const problems: Problem[] = [];
  let bytes = 0;
  const sources = files.flatMap((file): SourceText[] => {
    if (bytes > folderLimits.bytes) return [];
    try {
      const text = readDocument(file);
      bytes += Buffer.byteLength(text);
      return [{ file, text }];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, at: { file, line: 1, column: 1 } })));
      return [];
    }
  });
  if (bytes > folderLimits.bytes) {
    const problem = `holds more than ${folderLimits.bytes} bytes of files that end with .json, .yaml or .yml`;
    problems.push({ path: "folder", problem, remedy: "give a folder of its own to what is to be read" });
  }
  if (problems.length > 0) throw new ConfigError(folder, problems);
  return sources;
}

function listFiles(folder: string): string[] {
  const names = readNames(folder).filter((name) => /^[^.].*\.(?:json|ya?ml)$/i.test(name));
  const refuse = (problem: string, remedy: string) => new ConfigError(folder, [{ path: "folder", problem, remedy }]);
  if (names.length === 0) throw refuse("holds no file that ends with .json, .yaml or .yml", "give another folder");
  if (names.length > folderLimits.files) {
    const problem = `holds ${names.length} files that end with .json, .yaml or .yml, more than ${folderLimits.files}`;
    throw refuse(problem, "give a folder of its own to what is to be read");
  }
  const files = names.sort().map((name) => path.join(folder, name));
  return files.filter((file) => !isAFolder(file));
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    const problem = `can't be read (${describeError(cause)})`;
    const remedy = "give a folder that this user may read";
    throw new ConfigError(folder, [{ path: "folder", problem, remedy }], { cause });
  }
}
