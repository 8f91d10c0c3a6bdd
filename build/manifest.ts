import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import ts from "typescript";

/** What the project's own manifest says. */
export interface ProjectManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: { readonly [packageName: string]: string };
  readonly devDependencies: { readonly [packageName: string]: string };
}

/** Reads the project's `package.json`. */
export function projectManifest(): ProjectManifest {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as ProjectManifest;
}

/** The packages that files below a folder import, in the order of their names; Node's own modules are none. */
export function importedPackages(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.(js|d\.ts)$/.test(file));
  const specifiers = files.flatMap((file) =>
    ts.preProcessFile(readFileSync(path.join(folder, file), "utf8")).importedFiles.map(({ fileName }) => fileName),
  );
  const outside = specifiers.filter((specifier) => !/^(\.|node:)/.test(specifier));
  return [...new Set(outside.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier))].sort();
}

/**
 * The versions of packages as the project has them.
 * @throws {Error} when a package is none of the project's
 */
export function versionsOf(project: ProjectManifest, packages: readonly string[]): { [packageName: string]: string } {
  const versions = { ...project.devDependencies, ...project.dependencies };
  return Object.fromEntries(
    packages.map((name) => {
      const version = versions[name];
      if (version === undefined) throw new Error(`package.json: lacks "${name}", which is imported; add it`);
      return [name, version];
    }),
  );
}

/**
 * The manifest of the npm package, which is the plugin's too. Programs import it by `exports`; Pulumi starts the folder
 * as a plugin by `main`. `pulumi.resource` is false, so that a program which imports it needs no plugin.
 */
export function packageManifest(project: ProjectManifest, packages: readonly string[]) {
  const { name, version, description, license } = project;
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=20.19" },
    main: "./components/plugin.js",
    types: "./components/index.d.ts",
    exports: {
      ".": { types: "./components/index.d.ts", default: "./components/index.js" },
      "./schema.json": "./schema.json",
      "./site-outputs.schema.json": "./site-outputs.schema.json",
      "./package.json": "./package.json",
    },
    files: ["components", "runtime", "schema.json", "site-outputs.schema.json", "PulumiPlugin.yaml"],
    dependencies: versionsOf(project, packages),
    pulumi: { resource: false, name, version },
  };
}
