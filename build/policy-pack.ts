import { copyFileSync, readFileSync } from "node:fs";
import path from "node:path";

import { build as bundle } from "esbuild";

const source = path.join(import.meta.dirname, "../policy");

/**
 * Puts the policy pack into a folder, in one file: a pack is published with nothing but its own folder.
 * @throws when the pack comes to need a package that it does not declare, which its users would not have
 */
export async function buildPolicyPack(folder: string): Promise<void> {
  const { metafile } = await bundle({
    entryPoints: [path.join(source, "index.ts")],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["@pulumi/*"],
    logLevel: "warning",
    metafile: true,
  });
  refuseUndeclared(Object.values(metafile.outputs).flatMap(({ imports }) => imports.map((entry) => entry.path)));
  for (const file of ["PulumiPolicy.yaml", "package.json"]) {
    copyFileSync(path.join(source, file), path.join(folder, file));
  }
}

function refuseUndeclared(imported: readonly string[]): void {
  const manifest = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as {
    readonly dependencies: { readonly [name: string]: string };
  };
  const undeclared = imported.filter((name) => !name.startsWith("node:") && !(name in manifest.dependencies));
  if (undeclared.length === 0) return;
  throw new Error(`the policy pack needs ${undeclared.join(", ")}, which policy/package.json does not declare`);
}
