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
 * each command loads when it is called. Without `demo` and `emulate`, which bring the emulator along.
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
    plugins: [withoutEmulator, pagePlugin(pageFiles)],
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

/** Commands that need the emulator, and what says in their place where to get them. */
const elsewhere: ReadonlyMap<string, string> = new Map(
  ["demo", "emulate"].map((name) => [`cli/commands/${name}.ts`, `cli/commands/${name}-elsewhere.ts`]),
);

const withoutEmulator: Plugin = {
  name: "the commands of the package that need the emulator",
  setup: (build) => {
    build.onResolve({ filter: /\/(demo|emulate)\.ts$/ }, ({ path: name, resolveDir }) => {
      const file = elsewhere.get(path.relative(root, path.join(resolveDir, name)));
      return file === undefined ? undefined : { path: path.join(root, file) };
    });
  },
};
