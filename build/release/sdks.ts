import { execFileSync } from "node:child_process";
import { accessSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { peerRanges } from "../manifest.ts";
import { builtProgram } from "./programs.ts";

/** Languages whose SDK is part of a release. TypeScript and JavaScript have the npm package. */
export const sdkLanguages = ["go", "python"] as const;

/**
 * Generates the SDKs of a schema, each into a folder of its language.
 * @param repository `owner/name` at GitHub, whose releases have the plugin: with it a program in Python or Go needs no `pulumi plugin install`
 * @returns false when the generator is not on this machine
 */
export function generateSdks(schemaFile: string, folder: string, repository: string | undefined): boolean {
  const generator = findGenerator();
  if (generator === undefined) return false;
  mkdirSync(folder, { recursive: true });
  const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as object;
  const server = repository === undefined ? {} : { pluginDownloadURL: `github://api.github.com/${repository}` };
  const file = path.join(folder, "schema.json");
  writeFileSync(file, JSON.stringify({ ...schema, ...server }));
  execFileSync(generator, [file, folder]);
  requireSdkOfPulumi(path.join(folder, "go/go.mod"));
  for (const language of sdkLanguages) {
    cpSync(path.join(import.meta.dirname, "../../LICENSE"), path.join(folder, language, "LICENSE"));
  }
  return true;
}

/** The generator asks for a release of Pulumi's SDK from before components had what these use. */
function requireSdkOfPulumi(file: string): void {
  const version = peerRanges["@pulumi/pulumi"]?.replace("^", "v") ?? "";
  const text = readFileSync(file, "utf8");
  const changed = text.replace(/(github\.com\/pulumi\/pulumi\/sdk\/v3) v\S+/, `$1 ${version}`);
  if (changed === text) throw new Error(`${file}: does not require Pulumi's SDK; correct the expression here`);
  writeFileSync(file, changed);
}

function findGenerator(): string | undefined {
  const file = builtProgram("generate-sdks") ?? "";
  try {
    accessSync(file);
    return file;
  } catch {
    return undefined;
  }
}
