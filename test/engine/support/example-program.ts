import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse, stringify } from "yaml";

import { certificate } from "../../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { installPlugin, link } from "../../build/package-scene.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import type { PulumiInstallation } from "./pulumi.ts";

export const examples = path.join(import.meta.dirname, "../../../examples");

/** File of an example with its declaration, by language. */
export const programFiles = { typescript: "index.ts", yaml: "Pulumi.yaml", python: "__main__.py" } as const;

export type Language = keyof typeof programFiles;

/** The package as each language takes it, once for all examples. */
export interface InstalledPackage {
  /** What `npm run build` leaves. */
  readonly built: string;
  /** Folder of the plugin, with what Pulumi installs for it. */
  readonly plugin: string;
}

export function installForExamples(built: string): InstalledPackage {
  return { built, plugin: installPlugin(built) };
}

/** Installs an SDK as `pulumi install` does, in a folder of its own: the environment is shared. */
export function installPythonSdk(python: string, sdk: string): string {
  const folder = createTemporaryFolder("python");
  const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"];
  execFileSync(python, [...pip, folder, sdk], { stdio: "pipe" });
  return folder;
}

export interface Example {
  readonly language: Language;
  /** Folder of it in `examples/<language>`. */
  readonly example: string;
  /** The site, which the names of its objects begin with. */
  readonly site: string;
  /** Changes the copy before its stack is there. */
  readonly edit?: (folder: string) => void;
}

/**
 * Copies an example to where a user would have it, with what its README installs and sets, and creates its stack, whose name is the
 * site's. Gives the folder.
 */
export async function prepareExample(
  installation: PulumiInstallation,
  { built, plugin }: InstalledPackage,
  { language, example, site, edit }: Example,
): Promise<string> {
  const folder = createTemporaryFolder(`${language}-${example}`);
  const isSource = (file: string) => !/node_modules|package-lock/.test(file);
  cpSync(path.join(examples, language, example), folder, { recursive: true, filter: isSource });
  const file = path.join(folder, "Pulumi.yaml");
  const project = parse(readFileSync(file, "utf8")) as { readonly packages?: object };
  if (project.packages !== undefined) {
    const source = readFileSync(file, "utf8").replace("../../../dist/plugin", plugin);
    writeFileSync(file, source);
  }
  if (language === "typescript") installModules(folder, built);
  edit?.(folder);
  await installation.succeed(folder, "stack", "init", site, "--secrets-provider=passphrase");
  const { clientKey, ...plain } = await readmeSettings(example, site);
  const stackFile = path.join(folder, `Pulumi.${site}.yaml`);
  const { encryptionsalt } = parse(readFileSync(stackFile, "utf8")) as { encryptionsalt: string };
  const config = Object.fromEntries(Object.entries(plain).map(([key, value]) => [`${example}:${key}`, value]));
  writeFileSync(stackFile, stringify({ encryptionsalt, config }));
  if (clientKey !== undefined) {
    await installation.succeed(folder, "config", "set", "--secret", "clientKey", "--", clientKey);
  }
  return folder;
}

/** Replaces a text that a file has exactly once. */
export function replaceOnce(file: string, text: string, replacement: string): void {
  const source = readFileSync(file, "utf8");
  if (source.split(text).length !== 2) throw new Error(`${file}: has ${JSON.stringify(text)} not exactly once`);
  writeFileSync(
    file,
    source.replace(text, () => replacement),
  );
}

function installModules(folder: string, built: string): void {
  const modules = path.join(folder, "node_modules");
  mkdirSync(modules);
  cpSync(built, path.join(modules, "mqtt-dataflow"), { recursive: true });
  for (const name of ["azure-native", "kubernetes", "pulumi"]) link(modules, `@pulumi/${name}`);
}

/** The settings that the examples' READMEs set. */
async function readmeSettings(example: string, site: string): Promise<Readonly<Record<string, string>>> {
  const shared = { site, relayImage: "registry.example/mqtt-dataflow-relay:1.0.0" };
  if (example === "site") {
    return { ...shared, resourceGroupName: "rg-oslo", oidcIssuerUrl: "https://oidc.example/oslo" };
  }
  const authority = await createCertificateAuthority("historian");
  // Long enough that no preview warns of its end.
  const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
  const client = await authority.createClientCertificate(site, { notAfter });
  return {
    ...shared,
    brokerHost: "historian.example:8883",
    brokerCa: certificate,
    clientCertificate: client.certificate,
    clientKey: client.key,
  };
}
