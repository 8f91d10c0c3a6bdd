import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { needlesOf } from "./needles.ts";
import { outputFolder, secretsFolder, type RecordedSecret } from "./run-record.ts";

/** A secret that stands where it must not. */
export interface Finding {
  readonly secret: string;
  /** The output, as its source was named. */
  readonly source: string;
  readonly line: number;
}

export interface SearchResult {
  readonly findings: readonly Finding[];
  readonly secrets: number;
  readonly sources: number;
  readonly bytes: number;
}

/** Name of the secrets that are put out on purpose, so that a search that finds nothing is known to search. */
export const canaryName = "canary";

/** What is a secret whoever made it: the start of a token, also of one that was cut, and that of a private key. */
const patterns = ["eyJ[A-Za-z0-9_-]{20,}", "-----BEGIN [A-Z ]*PRIVATE KEY"];

/** More than all output of a run together. */
const maxFoundBytes = 1_000_000_000;

/**
 * Searches what a run has put out for its secrets.
 * @param folder of the run's record
 * @throws {Error} when the search does not find what was put out on purpose, or can't search
 */
export function searchRun(folder: string): SearchResult {
  const secrets = readSecrets(path.join(folder, secretsFolder));
  const output = path.join(folder, outputFolder);
  const names = new Map(secrets.flatMap(({ name, text }) => needlesOf(text).map((needle) => [needle, name] as const)));
  const list = path.join(folder, "needles");
  writeFileSync(list, [...names.keys()].join("\n"));
  const known = grep(["--fixed-strings", `--file=${list}`], output).map(({ text, ...at }) => ({
    ...at,
    secret: names.get(text) ?? "a secret",
  }));
  const canaries = secrets.filter(({ name }) => name === canaryName).length;
  const found = new Set(known.filter(({ secret }) => secret === canaryName).map(({ source }) => path.dirname(source)));
  if (canaries === 0 || found.size !== canaries)
    throw new Error(`the search for secrets found ${found.size} of ${canaries} canaries; correct test/support/secrets`);
  const shaped = grep(["--extended-regexp", ...patterns.map((pattern) => `--regexp=${pattern}`)], output).map(
    ({ text, ...at }) => ({ ...at, secret: text.startsWith("eyJ") ? "a token" : "a private key" }),
  );
  const files = filesBelow(output);
  return {
    findings: distinct([...known.filter(({ secret }) => secret !== canaryName), ...shaped]),
    secrets: secrets.length - canaries,
    sources: files.length - canaries,
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
  };
}

function readSecrets(folder: string): RecordedSecret[] {
  return filesBelow(folder).flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as RecordedSecret),
  );
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

interface Match {
  readonly source: string;
  readonly line: number;
  readonly text: string;
}

/** Each match on a line of its own; byte by byte, since output need not be text. */
function grep(what: readonly string[], folder: string): Match[] {
  const args = ["--recursive", "--text", "--only-matching", "--line-number", "--null", ...what, "."];
  const { status, stdout, stderr, error } = spawnSync("grep", args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: maxFoundBytes,
  });
  // 1: nothing was found.
  if (status !== 0 && status !== 1) throw new Error(`grep could not search ${folder}: ${error?.message ?? stderr}`);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [source = "", rest = ""] = line.split("\0");
      const colon = rest.indexOf(":");
      return { source, line: Number(rest.slice(0, colon)), text: rest.slice(colon + 1) };
    });
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
