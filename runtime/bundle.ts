import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

import { build, type Plugin } from "esbuild";

import { pagePlugin } from "./page/build.ts";

/**
 * Has a bundle ask for Node's own modules with `require`, which its banner has to provide. An `import` of one reads every name
 * that the module exports, and some of those load another module when they are read: `node:http` loads all of `fetch` so.
 */
const requiredBuiltins: Plugin = {
  name: "required-builtins",
  setup: (build) => {
    const namespace = "required-builtin";
    build.onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const isBuiltin = path.startsWith("node:") || builtinModules.includes(path);
      return isBuiltin && kind !== "require-call" ? { path, namespace } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * Puts the relay and its libraries into `dist/relay.mjs`, the thread that writes its spool into `dist/spool-worker.mjs` beside
 * it, and the command into `dist/mqtt-dataflow.mjs`; what they share, or load later, into files beside them. That is all that
 * the image holds beside Node.js. Another folder than `dist` may be given. `relay.meta.json` lists what is in them, for the
 * licences and the bill of materials (build/image-layout.ts).
 */
const folder = process.argv[2] ?? "dist";
const list = path.join(folder, "relay.meta.json");
const pageFiles: string[] = [];
mkdirSync(folder, { recursive: true });
removeLast();
const { metafile } = await build({
  entryPoints: {
    relay: "runtime/main.ts",
    "spool-worker": "runtime/disk/thread/worker.ts",
    "mqtt-dataflow": "cli/image.ts",
  },
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // What only some relays need, such as the libraries of a managed identity, is not even parsed by the others.
  splitting: true,
  plugins: [requiredBuiltins, pagePlugin(pageFiles)],
  minify: false, // a stack trace in a report has to be readable, and nobody downloads this but a node
  legalComments: "none", // the image carries the whole licence of each library instead
  // Libraries in CommonJS ask for Node's modules with `require`, which an ES module does not have.
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
  },
  logLevel: "warning",
  metafile: true,
});
const page = { inputs: Object.fromEntries(pageFiles.map((file) => [file, {}])) };
const listed = { ...metafile, outputs: { ...metafile.outputs, page } };
writeFileSync(list, JSON.stringify(listed));

/** Removes the bundles of the time before: the names of some are made of their content. */
function removeLast(): void {
  if (!existsSync(list)) return;
  const { outputs } = JSON.parse(readFileSync(list, "utf8")) as { readonly outputs: Readonly<Record<string, unknown>> };
  for (const file of Object.keys(outputs)) rmSync(path.join(folder, path.basename(file)), { force: true });
}
