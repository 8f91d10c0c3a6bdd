import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse, stringify } from "yaml";

import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import { subscription } from "./arm/types.ts";
import { KubernetesError } from "./kubernetes/client.ts";
import type { KubernetesClient } from "./kubernetes/client.ts";
import type { CommandResult, PulumiInstallation } from "./pulumi.ts";

/** Where the project is. */
const project = path.join(import.meta.dirname, "../../..");

/** The settings of the site's stack below the project's name, beside its platform. */
export interface SiteSettings {
  readonly [key: string]: unknown;
}

/** The program of a site's stack in a folder of its own, where a test may change it as its user would. */
export interface Site {
  /** Folder of its `Pulumi.yaml`. */
  readonly folder: string;
  /** Path of `stacks/Pulumi.oslo.yaml`. */
  readonly settingsFile: string;
  /** Writes settings over what the file has under the same keys, field by field where they are objects. */
  configure(settings: SiteSettings): void;
  /** Keeps a setting as a secret, as `pulumi config set --secret` does. */
  configureSecret(key: string, value: string): Promise<void>;
  /** Replaces a text that one file of the program has exactly once. */
  edit(file: string, text: string, replacement: string): void;
  /** Runs `pulumi <command> --stack oslo …`. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** As `run`, and throws when the command fails. */
  succeed(command: string, ...args: readonly string[]): Promise<string>;
}

/** A `Pulumi.<stack>.yaml`. */
interface StackFile {
  readonly encryptionsalt?: string;
  readonly config?: SiteSettings;
}

export const platformStack = "organization/edge-platform/oslo";

/** Deploys the platform's stack; what it returns deploys it again, with other settings. */
export async function deployPlatform(
  installation: PulumiInstallation,
  settings: SiteSettings,
): Promise<(settings: SiteSettings) => Promise<void>> {
  const folder = createTemporaryFolder("platform");
  cpSync(path.join(project, "test/engine/program/platform"), folder, { recursive: true });
  for (const shared of ["node_modules", "package.json"])
    symlinkSync(path.join(project, shared), path.join(folder, shared));
  await installation.succeed(folder, "stack", "init", platformStack, "--secrets-provider=passphrase");
  const settingsFile = path.join(folder, "Pulumi.oslo.yaml");
  const { encryptionsalt } = readConfig(settingsFile);
  const deploy = async (changed: SiteSettings) => {
    writeFileSync(settingsFile, stringify({ encryptionsalt }));
    writeSettings(settingsFile, "edge-platform", changed);
    await installation.succeed(folder, "up", "--stack", "oslo", "--yes", "--skip-preview");
  };
  await deploy(settings);
  return deploy;
}

/** Copies the project's stack program, with the tests' declaration in it, and creates its stack `oslo`. */
export async function createSite(installation: PulumiInstallation, settings: SiteSettings): Promise<Site> {
  const folder = createTemporaryFolder("site");
  for (const shared of ["node_modules", "package.json", "components", "runtime"]) {
    symlinkSync(path.join(project, shared), path.join(folder, shared));
  }
  mkdirSync(path.join(folder, "test/engine"), { recursive: true });
  for (const own of ["Pulumi.yaml", "stacks", "test/engine/program"]) {
    cpSync(path.join(project, own), path.join(folder, own), { recursive: true });
  }
  const settingsFile = path.join(folder, "stacks/Pulumi.oslo.yaml");
  const run: Site["run"] = (command, ...args) => installation.run(folder, command, "--stack", "oslo", ...args);
  const site: Site = {
    folder,
    settingsFile,
    configure: (changed) => writeSettings(settingsFile, "mqtt-dataflow", changed),
    configureSecret: async (key, value) => {
      await installation.succeed(folder, "config", "set", "--stack", "oslo", "--path", "--secret", key, "--", value);
    },
    edit: (file, text, replacement) => {
      const target = path.join(folder, file);
      const content = readFileSync(target, "utf8");
      if (content.split(text).length !== 2) throw new Error(`${file}: has ${JSON.stringify(text)} not exactly once`);
      writeFileSync(
        target,
        content.replace(text, () => replacement),
      );
    },
    run,
    succeed: (command, ...args) => installation.succeed(folder, command, "--stack", "oslo", ...args),
  };
  site.edit("stacks/index.ts", '"./declaration.ts"', '"../test/engine/program/declaration.ts"');
  await installation.succeed(folder, "stack", "init", "oslo", "--secrets-provider=passphrase");
  site.configure({ site: "oslo", platformStack, ...settings });
  return site;
}

/** Creates the namespace of a relay, in which Pod Security is enforced at its strictest level. */
export async function createNamespace(cluster: KubernetesClient, name: string): Promise<void> {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
  };
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
}

/** Creates the namespace of a relay unless it is there: tests that run at the same time share it. */
export async function provideNamespace(cluster: KubernetesClient, name: string): Promise<void> {
  try {
    await createNamespace(cluster, name);
  } catch (error) {
    if (!(error instanceof KubernetesError && error.status === 409)) throw error;
  }
}

/**
 * What stands in Azure before any of these stacks: the AIO instance with the endpoint and the profile that it comes with, and the
 * identity that the platform tells of.
 */
export function addPlatformResources({ arm }: Pick<PulumiInstallation, "arm">): void {
  const group = `${subscription}/resourceGroups/rg-oslo-edge/providers`;
  for (const id of [
    `${group}/Microsoft.IoTOperations/instances/oslo-aio`,
    `${group}/Microsoft.IoTOperations/instances/oslo-aio/dataflowEndpoints/default`,
    `${group}/Microsoft.IoTOperations/instances/oslo-aio/dataflowProfiles/default`,
    `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/id-oslo-relay`,
  ]) {
    arm.set(id, { name: id.split("/").at(-1) ?? "" });
  }
}

/** Keys without a namespace are the project's own; objects keep the fields that are not given. */
function writeSettings(file: string, projectName: string, settings: SiteSettings): void {
  const before = readConfig(file);
  const config = { ...before.config };
  for (const [name, value] of Object.entries(settings)) {
    const key = name.includes(":") ? name : `${projectName}:${name}`;
    config[key] = isObject(config[key]) && isObject(value) ? { ...config[key], ...value } : value;
  }
  writeFileSync(file, stringify({ ...before, config }));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function readConfig(file: string): StackFile {
  return existsSync(file) ? (parse(readFileSync(file, "utf8")) as StackFile) : {};
}
