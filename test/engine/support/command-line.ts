import { chmodSync, copyFileSync, linkSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { buildPolicyPack } from "../../../build/policy-pack.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import { installPulumi } from "./pulumi.ts";
import type { CommandResult, OtherSetting, PulumiInstallation } from "./pulumi.ts";
import { kubeconfigVariable } from "./setup.ts";

const project = path.join(import.meta.dirname, "../../..");

/** Programs of Pulumi's own download: name in its folder → file. */
export interface Download {
  readonly pulumi: string;
  readonly [program: string]: string;
}

/** Pulumi's command line as its user has it: the programs of its download in one folder, that folder first on the PATH. */
export interface CommandLine extends PulumiInstallation {
  /** As `run`, with the project's policy pack, whatever language the program is in. */
  runWithPolicies(program: string, command: string, ...args: readonly string[]): Promise<CommandResult>;
}

/**
 * Name of a variable with a folder of hosts that Pulumi's own download of the command line's version has: they take the place of those
 * that the tests build, and then nothing stands in for the host of Node.js. They are in no package registry.
 */
const ownHostsVariable = "MQTT_DATAFLOW_PULUMI_HOSTS";

/** What the command line has beside the programs of its download. */
export interface CommandLineOptions {
  /** Folders with programs that Pulumi's hosts start, such as a Python. */
  readonly programs?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** Path of the kubeconfig; omitted: that of the run's API server. */
  readonly kubeconfig?: string;
  /** Path of Pulumi's own Kubernetes provider; omitted: a stand-in serves. */
  readonly kubernetesProvider?: string;
}

/** Installs the command line with the hosts of languages that are given. A provider stands in for Azure's. */
export async function installCommandLine(
  download: Download,
  { programs = [], variables = {}, kubeconfig, kubernetesProvider }: CommandLineOptions = {},
): Promise<CommandLine> {
  const ownHosts = process.env[ownHostsVariable];
  const complete = ownHosts === undefined ? download : { ...download, ...filesOf(ownHosts) };
  const hasNodeHost = "pulumi-language-nodejs" in complete;
  const bin = unpack(complete);
  // The host starts the first Node.js on the PATH, which has to read TypeScript.
  const always = [path.dirname(process.execPath), ...programs];
  const installation = await installPulumi({
    pulumi: path.join(bin, "pulumi"),
    kubeconfig: kubeconfig ?? process.env[kubeconfigVariable] ?? "",
    ...(kubernetesProvider === undefined ? {} : { kubernetesProvider }),
    programs: [bin, ...always],
    hasNodeHost,
    variables,
  });
  const pack = await createPolicyPack();
  const others = ownHosts === undefined ? withAnalyzer(download, always, installation) : {};
  return {
    ...installation,
    runWithPolicies: (program, command, ...args) =>
      installation.runWith(others, program, command, "--policy-pack", pack, ...args),
  };
}

function filesOf(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, path.join(folder, name)]));
}

/**
 * The host of the published module runs no policy packs. Where Pulumi finds no host in its folders, it runs a pack as it did before
 * hosts could: by a program beside itself. The host of the program itself is then the stand-in.
 */
function withAnalyzer(
  { "pulumi-language-nodejs": _, ...others }: Download,
  programs: readonly string[],
  { nodeStandIn }: PulumiInstallation,
): OtherSetting {
  const bin = unpack(others);
  writeAnalyzer(bin);
  const PATH = [bin, ...programs, process.env.PATH ?? ""].join(path.delimiter);
  return { pulumi: path.join(bin, "pulumi"), variables: { PATH, PULUMI_DEBUG_LANGUAGES: nodeStandIn } };
}

/** Links, since `pulumi` has 200 MB; no symbolic ones, since a program looks for the others beside its own file. */
function unpack(download: Readonly<Record<string, string>>): string {
  const folder = createTemporaryFolder("download");
  for (const [name, file] of Object.entries(download)) {
    const target = path.join(folder, name);
    try {
      linkSync(file, target);
    } catch {
      copyFileSync(file, target); // another file system
    }
  }
  return folder;
}

/** What Pulumi's download has beside its host of Node.js to run policy packs. */
function writeAnalyzer(folder: string): void {
  const file = path.join(folder, "pulumi-analyzer-policy-nodejs");
  const runner = path.join(project, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${runner}" "$@"\n`);
  chmodSync(file, 0o755);
}

/** The pack as `npm run build` leaves it, with its packages. */
async function createPolicyPack(): Promise<string> {
  const folder = createTemporaryFolder("policy-pack");
  await buildPolicyPack(folder);
  symlinkSync(path.join(project, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}
