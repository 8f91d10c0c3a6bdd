import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** Packages of a registry by their folders, each with what its manifest says. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** The texts under which the packages in a bundle may be passed on: most of them ask for it. */
export function thirdPartyLicenses(files: readonly string[]): string {
  const folders = files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  const sections = [...new Set(folders)].sort().map(describe);
  return `${["Other packages in this folder's bundle, and their licences.", ...sections].join("\n\n")}\n`;
}

function describe(folder: string): string {
  const {
    name,
    version,
    license = "see its text",
  } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
  const file = existsSync(folder) ? readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry)) : undefined;
  const heading = `${name} ${version} (${license})`;
  // Apache's text is beside this file, as this package's own.
  if (file === undefined || license === "Apache-2.0") return heading;
  return `${heading}\n\n${readFileSync(path.join(folder, file), "utf8").trim()}`;
}
