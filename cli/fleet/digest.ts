import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import { digestOf } from "./record.ts";
import { sitesOf } from "./sites.ts";
import type { Fleet } from "./sites.ts";

/** Bounds of what is read of a program; beyond, a run is never resumed, and deploys all sites again. */
const bounds = { files: 5000, bytes: 64 * 1024 * 1024 };

/** What is no part of a program: installed packages, and what begins with a dot, the record of a run among it. */
const isOwnFile = (name: string) => name !== "node_modules" && !name.startsWith(".");

/**
 * A digest of what a rollout deploys: the file of sites, and all files in the program's folder but installed packages, manifests
 * that deployments write, and names that begin with a dot. `undefined` when that is too much to read.
 */
export function digestFleet(fleet: Fleet): string | undefined {
  const written = new Set(sitesOf(fleet).flatMap(({ manifests }) => manifests ?? []));
  const files = [path.resolve(fleet.file)];
  const folders = [fleet.programFolder];
  let bytes = 0;
  for (const folder of folders) {
    for (const { name, isDirectory, isFile } of entriesOf(folder)) {
      const file = path.join(folder, name);
      if (isDirectory && !written.has(file)) folders.push(file);
      if (!isFile) continue;
      files.push(file);
      bytes += statSync(file).size;
      if (files.length > bounds.files || bytes > bounds.bytes) return undefined;
    }
  }
  return digestOf(files.flatMap((file) => [path.relative(fleet.folder, file), readFileSync(file)]));
}

function entriesOf(folder: string): { name: string; isDirectory: boolean; isFile: boolean }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => isOwnFile(name))
    .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory(), isFile: entry.isFile() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
