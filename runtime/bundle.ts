import { writeFileSync } from "node:fs";
import path from "node:path";

import { build } from "esbuild";

import { pagePlugin } from "./page/build.ts";

/**
 * Puts the relay and its libraries into `dist/relay.mjs`, and the thread that writes its spool into
 * `dist/spool-worker.mjs` beside it, and the command into `dist/mqtt-dataflow.mjs`: all that the image holds beside Node.js. Another folder than `dist` may be given.
 * `relay.meta.json` lists what is in them, for the licences and the bill of materials (build/image-layout.ts).
 */
const folder = process.argv[2] ?? "dist";
const pageFiles: string[] = [];
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
  plugins: [pagePlugin(pageFiles)],
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
writeFileSync(path.join(folder, "relay.meta.json"), JSON.stringify(listed));
