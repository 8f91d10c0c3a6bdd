import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { siteContract } from "../components/site-outputs.ts";
import { outputSchema } from "../components/stack-outputs.ts";
import { importedPackages, packageManifest, projectManifest } from "./manifest.ts";
import { buildPolicyPack } from "./policy-pack.ts";
import { formatSchema, inferSchema } from "./schema.ts";

/*
 * Leaves in dist/ what others get: the npm package of the components, which is the Pulumi plugin for other languages
 * too, and the policy pack. What else is in there, such as the relay's bundle, stays.
 */
const root = path.join(import.meta.dirname, "..");
const dist = path.join(root, "dist");
const compiled = ["components", "runtime"];

for (const folder of compiled) rmSync(path.join(dist, folder), { recursive: true, force: true });
const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
execFileSync(process.execPath, [compiler, "-p", path.join(root, "build/tsconfig.json")], { stdio: "inherit" });

const project = projectManifest();
const packages = compiled.flatMap((folder) => importedPackages(path.join(dist, folder)));
writeJson("package.json", packageManifest(project, [...new Set(packages)].sort()));
writeJson("site-outputs.schema.json", outputSchema("Outputs of a site's stack", siteContract));
writeFileSync(path.join(dist, "schema.json"), formatSchema(inferSchema(project.version, project.description)));
writeFileSync(path.join(dist, "PulumiPlugin.yaml"), "runtime: nodejs\n");
copyFileSync(path.join(root, "LICENSE"), path.join(dist, "LICENSE"));
copyFileSync(path.join(root, "doc/package.md"), path.join(dist, "README.md"));

await buildPolicyPack(path.join(dist, "policy-pack"));

function writeJson(file: string, content: unknown): void {
  writeFileSync(path.join(dist, file), `${JSON.stringify(content, undefined, 2)}\n`);
}
