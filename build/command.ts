import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { build as bundle, type Plugin } from "esbuild";

import { pagePlugin } from "../runtime/page/build.ts";
import { importsOf, type Bundled } from "./bundle.ts";

const root = path.join(import.meta.dirname, "..");

/** File of the command in its folder. */
export const commandFile = "main.mjs";

/** What the library for WebSockets uses where it happens to be installed. */
const addOns: readonly string[] = ["bufferutil", "utf-8-validate"];

/**
 * Bundles the command `mqtt-dataflow` for the npm package: the file that `bin` names, the thread that writes a spool, and what
 * each command loads when it is called. Without the demo, which brings the emulator and the stack program along.
 * @param folder what is in it stays
 */
export async function bundleCommand(folder: string): Promise<Bundled> {
  const pageFiles: string[] = [];
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: { main: "cli/main.ts", "spool-worker": "runtime/disk/thread/worker.ts" },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node22",
    format: "esm",
    // Everyone who installs the package downloads it.
    minify: true,
    keepNames: true,
    legalComments: "none",
    external: ["@pulumi/*"],
    plugins: [withoutDemo, pagePlugin(pageFiles)],
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
    },
    logLevel: "warning",
    metafile: true,
  });
  const file = path.join(folder, commandFile);
  writeFileSync(file, `#!/usr/bin/env node\n${readFileSync(file, "utf8")}`, { mode: 0o755 });
  return {
    imports: importsOf(metafile).filter((name) => !addOns.includes(name)),
    files: [...filesOf(metafile), ...pageFiles],
  };
}

function filesOf({ outputs }: { readonly outputs: Readonly<Record<string, { readonly inputs: object }>> }): string[] {
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
}

const withoutDemo: Plugin = {
  name: "the command demo of the package",
  setup: (build) => {
    build.onResolve({ filter: /\/demo\.ts$/ }, ({ path: name, resolveDir }) => {
      const isCommand = path.join(resolveDir, name) === path.join(root, "cli/commands/demo.ts");
      return isCommand ? { path: path.join(root, "cli/commands/demo-elsewhere.ts") } : undefined;
    });
  },
};
