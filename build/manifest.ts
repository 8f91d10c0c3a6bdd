import { readFileSync } from "node:fs";
import path from "node:path";

/** What the project's own manifest says. */
export interface ProjectManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: { readonly [packageName: string]: string };
}

/** Reads the project's `package.json`. */
export function projectManifest(): ProjectManifest {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as ProjectManifest;
}

/**
 * Pulumi's packages that a program brings, each from the oldest version that the package is tested with. Ranges, so that
 * a program has one copy of each; @pulumi/azure-native alone has 136 MB.
 */
export const peerRanges: { readonly [packageName: string]: string } = {
  "@pulumi/azure-native": "^3.24.0",
  "@pulumi/kubernetes": "^4.30.0",
  "@pulumi/pulumi": "^3.250.0",
};

/** What @pulumi/pulumi asks for from 3.250 on. */
const engines = { node: ">=22" };

/**
 * The manifest of the npm package. `pulumi.resource` is false, so that a program which imports it needs no plugin.
 * @param imported the packages that its files import
 * @param repository `owner/name` at GitHub. A registry takes a provenance statement only where the manifest names the repository that built it
 * @throws {Error} when one of them would not be there in a program that has the package installed
 */
export function packageManifest(project: ProjectManifest, imported: readonly string[], repository?: string) {
  const unknown = imported.filter((name) => !(name in peerRanges));
  if (unknown.length > 0) {
    throw new Error(`the npm package imports ${unknown.join(", ")}; put it into the bundle, or into peerRanges`);
  }
  const { name, version, description, license } = project;
  const types = "./types/components/index.d.ts";
  return {
    name,
    version,
    description,
    license,
    ...(repository === undefined ? {} : { repository: repositoryOf(repository) }),
    type: "commonjs",
    engines,
    main: "./index.js",
    types,
    exports: {
      ".": { types, default: "./index.js" },
      "./schema.json": "./schema.json",
      "./site-outputs.schema.json": "./site-outputs.schema.json",
      "./package.json": "./package.json",
    },
    files: ["index.js", "types", "schema.json", "site-outputs.schema.json", "THIRD-PARTY-LICENSES.txt"],
    peerDependencies: peerRanges,
    pulumi: { resource: false, name, version },
  };
}

function repositoryOf(repository: string) {
  return { type: "git", url: `git+https://github.com/${repository}.git` };
}

/** Where the plugin has the files that Pulumi's host looks for in the package `@pulumi/pulumi`. */
export const runnerFolder = "runner";

/**
 * The manifest of the plugin. Pulumi's host runs `npm install` in its folder, and then starts it with a program that it
 * looks for in the package `@pulumi/pulumi`. That package has 106 MB; the plugin has the SDK in its bundle, and gives npm a
 * folder of its own under that name, so that nothing is fetched.
 */
export function pluginManifest({ name, version, description, license }: ProjectManifest) {
  return {
    name,
    version,
    description,
    license,
    private: true,
    type: "commonjs",
    engines,
    main: "./plugin.js",
    dependencies: { "@pulumi/pulumi": `file:./${runnerFolder}` },
  };
}

/** The manifest of the plugin's stand-in for `@pulumi/pulumi`, in the version of the SDK that is in the bundle. */
export function runnerManifest(project: ProjectManifest) {
  return {
    name: "@pulumi/pulumi",
    version: project.dependencies["@pulumi/pulumi"],
    description: "Starts the plugin in the folder above, which has Pulumi's SDK in its bundle",
    license: project.license,
    type: "commonjs",
  };
}
