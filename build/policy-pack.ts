import { copyFileSync } from "node:fs";
import path from "node:path";

import { build as bundle } from "esbuild";

const source = path.join(import.meta.dirname, "../policy");

/** Puts the policy pack into a folder, in one file: a pack is published with nothing but its own folder. */
export async function buildPolicyPack(folder: string): Promise<void> {
  await bundle({
    entryPoints: [path.join(source, "index.ts")],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["@pulumi/*"],
    logLevel: "warning",
  });
  for (const file of ["PulumiPolicy.yaml", "package.json"]) {
    copyFileSync(path.join(source, file), path.join(folder, file));
  }
}
