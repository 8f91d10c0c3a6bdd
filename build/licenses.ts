import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** Bundles name their files from here. */
const root = path.join(import.meta.dirname, "..");

/** What the manifest of a package says. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** A package that is in a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as its manifest has it. */
  readonly license: string;
  /** Where it is, from the folder of the project. */
  readonly folder: string;
}

/**
 * Licences under which a package may be part of what is published: each allows passing on under Apache-2.0 beside its own
 * text. Another one needs somebody's decision, and a line here.
 */
export const allowedLicenses: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
];

/** Whether all parts of an expression such as `(BSD-3-Clause AND Apache-2.0)` are allowed, or one of those joined by `OR`. */
export function isAllowedLicense(expression: string): boolean {
  const alternatives = expression.replaceAll(/[()]/g, "").split(" OR ");
  return alternatives.some((one) => one.split(" AND ").every((license) => allowedLicenses.includes(license.trim())));
}

/** The packages of the registry among the files of a bundle, sorted by folder. */
export function bundledPackages(files: readonly string[]): BundledPackage[] {
  const folders = files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(folders)].sort().map((folder) => {
    const text = readFileSync(path.join(root, folder, "package.json"), "utf8");
    const { name, version, license = "" } = JSON.parse(text) as Manifest;
    return { name, version, license, folder };
  });
}

/**
 * The texts under which the packages in a bundle may be passed on: most of them ask for it.
 * @throws {Error} when one of them has a licence that is not allowed
 */
export function thirdPartyLicenses(files: readonly string[]): string {
  const packages = bundledPackages(files);
  const refused = packages.filter(({ license }) => !isAllowedLicense(license));
  if (refused.length > 0) {
    const names = refused.map(({ name, version, license }) => `${name} ${version} ("${license}")`);
    throw new Error(
      `licences that nobody has allowed: ${names.join(", ")}; leave these out, or add to allowedLicenses`,
    );
  }
  const sections = packages.map(describe);
  return `${["Other packages in this folder's bundle, and their licences.", ...sections].join("\n\n")}\n`;
}

function describe({ name, version, license, folder }: BundledPackage): string {
  const file = readdirSync(path.join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const heading = `${name} ${version} (${license})`;
  // Apache's text is beside this file, as this package's own.
  if (file === undefined || license === "Apache-2.0") return heading;
  return `${heading}\n\n${readFileSync(path.join(root, folder, file), "utf8").trim()}`;
}
