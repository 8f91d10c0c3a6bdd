import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { siteContract } from "../components/site-outputs.ts";
import { outputSchema } from "../components/stack-outputs.ts";
import { bundleComponents, bundlePlugin, bundleRunner } from "./bundle.ts";
import { bundleCommand } from "./command.ts";
import { packageNames, packagesOf, tidyDeclarations } from "./declarations.ts";
import { thirdPartyLicenses } from "./licenses.ts";
import {
  commandFolder,
  packageManifest,
  pipelinesFolder,
  pluginManifest,
  projectManifest,
  runnerFolder,
  runnerManifest,
} from "./manifest.ts";
import { forUsers } from "./own-files.ts";
import { buildPolicyPack } from "./policy-pack.ts";
import { formatSchema, inferSchema } from "./schema.ts";

/*
 * Leaves in dist/, or in the folder that is given, what others get: the npm package of the components and the command, in plugin/ the Pulumi plugin for other languages, and in
 * policy-pack/ the policy pack. What else is in there, such as the relay's bundle, stays.
 */
const root = path.join(import.meta.dirname, "..");
const dist = path.resolve(process.argv[2] ?? path.join(root, "dist"));
const plugin = path.join(dist, "plugin");
const types = path.join(dist, "types");
const schemaFile = path.join(dist, "schema.json");
const project = projectManifest();

const command = path.join(dist, commandFolder);
const pipelines = path.join(dist, pipelinesFolder);

for (const folder of [types, plugin, command, pipelines]) rmSync(folder, { recursive: true, force: true });
mkdirSync(path.join(plugin, runnerFolder), { recursive: true });
writeFileSync(schemaFile, formatSchema(inferSchema(project.version, project.description)));
const bundles = {
  package: forUsers(await buildPackage()),
  plugin: forUsers(await buildPlugin()),
  "policy-pack": forUsers((await buildPolicyPack(path.join(dist, "policy-pack"))).files),
};
// What each of them is made of, for the release's bills of materials. Not part of any of them.
writeJson(dist, "bundles.json", bundles);

async function buildPackage(): Promise<readonly string[]> {
  const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const args = [compiler, "-p", path.join(root, "build/tsconfig.json"), "--outDir", types];
  execFileSync(process.execPath, args, { stdio: "inherit" });
  tidyDeclarations(types, "components/index.d.ts");
  const { imports, files } = await bundleComponents(path.join(dist, "index.js"), schemaFile);
  const declarations = readdirSync(types, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const ofCommand = await bundleCommand(command);
  cpSync(path.join(root, pipelinesFolder), pipelines, { recursive: true });
  const imported = [
    ...packageNames([...imports, ...ofCommand.imports]),
    ...packagesOf(declarations.map((file) => path.join(types, file))),
  ];
  writeJson(dist, "package.json", packageManifest(project, imported, process.env["RELEASE_REPOSITORY"]));
  writeJson(dist, "site-outputs.schema.json", outputSchema("Outputs of a site's stack", siteContract));
  const bundled = [...new Set([...files, ...ofCommand.files])];
  writeTexts(dist, bundled);
  return bundled;
}

async function buildPlugin(): Promise<readonly string[]> {
  const { imports, files } = await bundlePlugin(path.join(plugin, "plugin.js"), schemaFile);
  if (imports.length > 0) throw new Error(`the plugin imports ${imports.join(", ")}, which nobody installs with it`);
  const runner = await bundleRunner(path.join(plugin, runnerFolder, "cmd/run-plugin/index.js"));
  copyFileSync(schemaFile, path.join(plugin, "schema.json"));
  writeJson(plugin, "package.json", pluginManifest(project));
  writeJson(path.join(plugin, runnerFolder), "package.json", runnerManifest(project));
  writeFileSync(path.join(plugin, "PulumiPlugin.yaml"), "runtime: nodejs\n");
  writeTexts(plugin, files);
  return [...files, ...runner.files];
}

/** What goes beside a bundle of these files. */
function writeTexts(folder: string, bundled: readonly string[]): void {
  writeFileSync(path.join(folder, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(bundled));
  copyFileSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  copyFileSync(path.join(root, "doc/package.md"), path.join(folder, "README.md"));
}

function writeJson(folder: string, file: string, content: unknown): void {
  writeFileSync(path.join(folder, file), `${JSON.stringify(content, undefined, 2)}\n`);
}
