import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";

import { build as bundle } from "esbuild";
import type { BuildOptions, Metafile, Plugin } from "esbuild";

const components = path.join(import.meta.dirname, "../components");

/** What a bundle is made of. */
export interface Bundled {
  /** What it imports from elsewhere, as it is written there. */
  readonly imports: readonly string[];
  /** Every file that is in it, by path from the folder of the project. */
  readonly files: readonly string[];
}

/**
 * Bundles the components for programs that have Pulumi's packages themselves. CommonJS, which ES modules and CommonJS programs
 * load alike, and of which there is one copy in a program that has both.
 */
export function bundleComponents(file: string, schemaFile: string): Promise<Bundled> {
  const options = { outfile: file, external: ["@pulumi/*"], plugins: [withSchema(schemaFile)] };
  return write({ entryPoints: [path.join(components, "index.ts")], ...options });
}

/**
 * Bundles the plugin with all that it needs, Pulumi's SDK too: nothing has to be installed with it.
 * Parts of the SDK that only dynamic providers, functions in the cloud and automation programs use are left out.
 */
export function bundlePlugin(file: string, schemaFile: string): Promise<Bundled> {
  const options = { outfile: file, plugins: [withSchema(schemaFile), withoutUnused], minify: true, keepNames: true };
  return write({ entryPoints: [path.join(components, "plugin.ts")], ...options });
}

/** Bundles what Pulumi's host starts the plugin with. */
export function bundleRunner(file: string): Promise<Bundled> {
  return write({ entryPoints: [path.join(import.meta.dirname, "plugin-runner.ts")], outfile: file });
}

async function write(options: BuildOptions): Promise<Bundled> {
  const { metafile } = await bundle({
    absWorkingDir: path.join(components, ".."),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    legalComments: "none",
    logLevel: "warning",
    ...options,
    metafile: true,
  });
  return {
    imports: importsOf(metafile),
    files: Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs)),
  };
}

function importsOf({ outputs }: Metafile): string[] {
  const imports = Object.values(outputs).flatMap((output) => output.imports.map((entry) => entry.path));
  return [...new Set(imports)].filter((name) => !isBuiltin(name)).sort();
}

/** The schema of this build, where the sources have the stored one. */
function withSchema(file: string): Plugin {
  return {
    name: "schema",
    setup: (build) => {
      // A namespace, so that the bundle does not name the folder that it was built in.
      build.onResolve({ filter: /\/schema\.json$/ }, () => ({ path: "schema.json", namespace: "schema" }));
      build.onLoad({ filter: /.*/, namespace: "schema" }, () => ({ contents: readFileSync(file), loader: "json" }));
    },
  };
}

/**
 * The compiler, the package manager and the reader of package manifests in Pulumi's SDK, which read the source of functions, and what
 * automation programs follow a log with.
 */
const withoutUnused: Plugin = {
  name: "without what the plugin never calls",
  setup: (build) => {
    const filter =
      /^(typescript|ts-node|@npmcli\/arborist|normalize-package-data|@logdna\/tail-file|execa|.*vendor\/(typescript|ts-node)@.*)$/;
    build.onResolve({ filter }, ({ path: name }) => ({ path: name, namespace: "unused" }));
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};
