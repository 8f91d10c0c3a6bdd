import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ConfigError, describeError, type Problem } from "../../runtime/contract/errors.ts";
import { version } from "../version.ts";
import type { Imported } from "./finding.ts";
import { settingsOf } from "./program.ts";

/** Names of the files of an import, with their texts. The same import gives the same bytes. */
export function filesOf({ program, configuration }: Imported, site: string): Readonly<Record<string, string>> {
  const pulumi = ["@pulumi/azure-native", "@pulumi/kubernetes", "@pulumi/pulumi"];
  const packageFile = {
    name: `mqtt-dataflow-${site}`,
    private: true,
    type: "module",
    main: "index.ts",
    engines: { node: ">=22.18" },
    dependencies: { ...Object.fromEntries(pulumi.map((name) => [name, peerVersions[name]])), "mqtt-dataflow": version },
  };
  return {
    "Pulumi.yaml": `name: mqtt-dataflow-${site}
description: MQTT dataflows of ${site}
runtime:
  name: nodejs
  options:
    packagemanager: npm
    # Node.js 22.18 and newer run the program as it is.
    typescript: false
`,
    "package.json": `${JSON.stringify(packageFile, undefined, 2)}\n`,
    "index.ts": program,
    "relay.json": configuration,
  };
}

/** What the package asks for. @see doc/package.md */
const peerVersions: Readonly<Record<string, string>> = {
  "@pulumi/azure-native": "^3.24.0",
  "@pulumi/kubernetes": "^4.30.0",
  "@pulumi/pulumi": "^3.250.0",
};

/**
 * Writes files into a folder, which is made where there is none. Nothing is written when one of them is there already.
 * @throws {ConfigError} when files are there and `force` is not given, or when they can't be written
 */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>, force: boolean): void {
  const there = Object.keys(files).filter((name) => existsSync(path.join(folder, name)));
  if (!force && there.length > 0) {
    const remedy = "give another folder to --output, or --force to overwrite it";
    const problems = there.map((name): Problem => ({ path: name, problem: "is there already", remedy }));
    throw new ConfigError(folder, problems);
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  } catch (cause) {
    const problem = `can't be written (${describeError(cause)})`;
    const remedy = "give a folder that this user may write to";
    throw new ConfigError(folder, [{ path: "--output", problem, remedy }], { cause });
  }
}

/** What to do with the files, as lines for a terminal. */
export function nextSteps(folder: string, { program }: Imported): string[] {
  return [
    `Next, in ${folder}:`,
    "  npm install && pulumi stack init",
    ...settingsOf(program).map(({ name, isSecret }) => `  pulumi config set ${name}${isSecret ? " --secret" : ""}`),
    "  pulumi preview",
  ];
}
