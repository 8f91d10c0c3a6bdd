import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { build as bundle } from "esbuild";

import type { Bundled } from "./bundle.ts";
import { thirdPartyLicenses } from "./licenses.ts";
import { projectManifest } from "./manifest.ts";

const root = path.join(import.meta.dirname, "..");
const source = path.join(root, "policy");

/** What the pack's own manifest says. */
interface PackManifest {
  readonly dependencies: { readonly [name: string]: string };
}

/**
 * Puts the policy pack into a folder, in one file, with the version of the project: a pack is published with nothing but its own
 * folder.
 * @throws when the pack comes to need a package that it does not declare, which its users would not have
 */
export async function buildPolicyPack(folder: string): Promise<Bundled> {
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: [path.join(source, "index.ts")],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["@pulumi/*"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  const outputs = Object.values(metafile.outputs);
  const imports = outputs.flatMap((output) => output.imports.map((entry) => entry.path));
  const files = outputs.flatMap(({ inputs }) => Object.keys(inputs));
  const manifest = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as PackManifest;
  refuseUndeclared(imports, manifest);
  const published = { ...manifest, version: projectManifest().version };
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
  writeFileSync(path.join(folder, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(files));
  copyFileSync(path.join(source, "PulumiPolicy.yaml"), path.join(folder, "PulumiPolicy.yaml"));
  copyFileSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  copyFileSync(path.join(root, "doc/policy.md"), path.join(folder, "README.md"));
  return { imports, files };
}

function refuseUndeclared(imported: readonly string[], manifest: PackManifest): void {
  const undeclared = imported.filter((name) => !name.startsWith("node:") && !(name in manifest.dependencies));
  if (undeclared.length === 0) return;
  throw new Error(`the policy pack needs ${undeclared.join(", ")}, which policy/package.json does not declare`);
}
