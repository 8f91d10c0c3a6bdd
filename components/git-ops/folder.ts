import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

/** Where in its folder Pulumi's Kubernetes provider puts all manifests but those of custom resource definitions. */
export const manifestsFolder = "1-manifest";

const projectFiles = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

/** The folder of the project's Pulumi.yaml. */
export function projectFolder(): string {
  const told = pulumi.getRootDirectory();
  if (path.isAbsolute(told)) return told;
  // Plugins and older hosts of Node.js are not told. The program is in that folder or below it, so the engine found it the same way.
  return findAbove(process.cwd(), projectFiles) ?? process.cwd();
}

/**
 * A folder that the user named from the project's folder, as Pulumi's Kubernetes provider takes it: from the program's folder, which
 * is another one where Pulumi.yaml has `main`. Never absolute, since another path replaces all manifests, and each machine has its own.
 * @see Pulumi's engine, GetPwdMain, and Kubernetes provider, DiffConfig
 */
export function renderFolder(directory: string): string {
  if (path.isAbsolute(directory)) return directory;
  const fromProgram = path.relative(process.cwd(), path.join(projectFolder(), directory));
  return fromProgram === "" ? "." : withSlashes(fromProgram);
}

/** A Git repository on this machine. */
export interface Repository {
  /** Its top folder. */
  readonly folder: string;
  /** Addresses of its remotes, as {@link addressOf} writes them. */
  readonly addresses: readonly string[];
}

/** The Git repository that a folder is in; `undefined` when it is in none. */
export function findRepository(folder: string): Repository | undefined {
  const top = findAbove(folder, [".git"]);
  if (top === undefined) return undefined;
  const settings = readGitSettings(path.join(top, ".git"));
  const urls = [...settings.matchAll(/^\s*url\s*=\s*(\S+)\s*$/gm)].map(([, url = ""]) => url);
  return { folder: top, addresses: urls.map(addressOf) };
}

/** A repository's URL without what differs between two who mean the same one: how it is reached, as whom, and `.git`. */
export function addressOf(url: string): string {
  const [, host = "", name = ""] =
    /^(?:\w+:\/\/)?(?:[^@/]*@)?([^:/]+)(?::\d+(?=\/))?[:/]+(.*?)(?:\.git)?\/*$/.exec(url) ?? [];
  return `${host}/${name}`.toLowerCase();
}

/** A path with "/", whichever machine it was made on. */
export function withSlashes(file: string): string {
  return file.split(path.sep).join("/");
}

function findAbove(folder: string, names: readonly string[]): string | undefined {
  if (names.some((name) => existsSync(path.join(folder, name)))) return folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findAbove(parent, names);
}

/** The settings of a repository, also where `.git` is a file, as in a worktree or a submodule; empty when they can't be read. */
function readGitSettings(entry: string): string {
  try {
    const folder = statSync(entry).isFile() ? resolveLink(entry, /^gitdir:\s*(.+?)\s*$/m) : entry;
    const shared = path.join(folder, "commondir");
    return readFileSync(path.join(existsSync(shared) ? resolveLink(shared, /^(.+?)\s*$/m) : folder, "config"), "utf8");
  } catch {
    return ""; // then nothing is known of its remotes, and nothing is said of them
  }
}

function resolveLink(file: string, pattern: RegExp): string {
  return path.resolve(path.dirname(file), pattern.exec(readFileSync(file, "utf8"))?.[1] ?? "");
}
