import path from "node:path";
import { writeFile } from "node:fs/promises";

import { build } from "esbuild";

import type { InstalledPeer } from "./peer.ts";

/**
 * Bundles a program of this folder into one file of JavaScript, as the relay's image has it, and says how to start it: with
 * a file of the route as its argument.
 */
export async function installProgram(cacheFolder: string, entry: string, version: string): Promise<InstalledPeer> {
  const bundle = path.join(cacheFolder, `${path.basename(entry, "-main.ts")}.mjs`);
  await build({
    entryPoints: [path.join(import.meta.dirname, entry)],
    outfile: bundle,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
    },
    logLevel: "warning",
  });
  return installedWithRouteFile(version, [process.execPath, bundle]);
}

/** A program whose last argument is a file with its route. */
export function installedWithRouteFile(
  version: string,
  [command, ...args]: readonly [string, ...string[]],
): InstalledPeer {
  return {
    version,
    prepare: async (route) => {
      const file = path.join(route.folder, "route.json");
      await writeFile(file, JSON.stringify(route));
      return { command, args: [...args, file] };
    },
  };
}
