import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { parse, stringify } from "yaml";

import { buildPackage, link } from "../../build/package-scene.ts";
import { createFakeKubectl } from "../../support/fake-kubectl.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./kubernetes/client.ts";
import { installPulumi } from "./pulumi.ts";
import type { CommandResult, PulumiInstallation } from "./pulumi.ts";
import { provideNamespace } from "./site.ts";

const project = path.join(import.meta.dirname, "../../..");

/** What a relay says of itself at `GET /api/status`. */
export interface Said {
  readonly state: "ok" | "attention" | "failed";
  readonly reasons: readonly string[];
}

/** The fleet of `examples/fleet`, with the package as its users have it, on the real engine. */
export interface FleetScene {
  readonly installation: PulumiInstallation;
  /** Folder of fleet.yaml. */
  readonly folder: string;
  /** Runs `mqtt-dataflow fleet …` as a process, as its user does. */
  run(...args: readonly string[]): Promise<FleetResult>;
  /** As `run`, without waiting: for one that is interrupted. */
  start(...args: readonly string[]): RunningFleet;
  /** Changes fleet.yaml. */
  edit(change: (fleet: FleetFile) => void): void;
  /** What the relays say from now on, by site; `undefined`: the site has no pod. */
  say(said: Readonly<Record<string, Said | undefined>>): void;
  stop(): void;
}

/** What is in fleet.yaml, as far as tests change it. */
export interface FleetFile {
  rings: string[];
  otherStacks?: string[];
  sites: Record<string, { ring?: string; kubernetes?: object; manifests?: string; settings?: Record<string, unknown> }>;
}

export interface FleetResult extends CommandResult {
  /** Standard output alone: the result. */
  readonly result: string;
}

export interface RunningFleet {
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  readonly printed: () => string;
  readonly ended: Promise<FleetResult>;
}

export interface SceneOptions {
  readonly pulumi: string;
  readonly kubeconfig: string;
  /** Names of the platform's identities. @default ["north"] */
  readonly identities?: readonly string[];
}

/** Deploys the platform, and creates the stacks of no site. */
export async function createFleetScene({
  pulumi,
  kubeconfig,
  identities = ["north"],
}: SceneOptions): Promise<FleetScene> {
  const folder = createTemporaryFolder("fleet");
  cpSync(path.join(project, "examples/fleet"), folder, { recursive: true });
  const built = buildPackage();
  for (const program of ["platform", "site"]) installModules(path.join(folder, program), built);
  const cluster = openCluster(readKubeconfig(readFileSync(kubeconfig, "utf8")));
  await provideNamespace(cluster, "azure-iot-operations");
  const file = path.join(folder, "fleet.yaml");
  const programs = createTemporaryFolder("programs");
  symlinkSync(pulumi, path.join(programs, "pulumi"));
  symlinkSync(process.execPath, path.join(programs, "node"));
  const kubectl = createFakeKubectl(programs);
  const installation = await installPulumi({ pulumi, kubeconfig: writeContexts(kubeconfig), programs: [programs] });
  await deployPlatform(installation, path.join(folder, "platform"), identities);

  const relays = await serveRelays();
  const start = (...args: readonly string[]) => startFleet(installation, folder, args);
  return {
    installation,
    folder,
    start,
    run: async (...args) => {
      // Which program's folder the stand-in for the Kubernetes provider renders manifests from.
      await installation.run(path.join(folder, "site"), "version");
      return start(...args).ended;
    },
    edit: (change) => {
      const fleet = parse(readFileSync(file, "utf8")) as FleetFile;
      change(fleet);
      writeFileSync(file, stringify(fleet));
    },
    say: (said) => {
      relays.said = said;
      const sites = Object.keys(said).filter((site) => said[site] !== undefined);
      const pods = sites.map((site) => [site, [{ name: `${site}-relay-set-0`, status: relays.portOf(site) }]]);
      kubectl.setPods(Object.fromEntries([["none", []], ...pods]) as never);
    },
    stop: () => {
      installation.stop();
      relays.stop();
    },
  };
}

function installModules(program: string, built: string): void {
  const modules = path.join(program, "node_modules");
  mkdirSync(modules);
  cpSync(built, path.join(modules, "mqtt-dataflow"), { recursive: true });
  for (const name of ["@pulumi/azure-native", "@pulumi/kubernetes", "@pulumi/pulumi", "yaml"]) link(modules, name);
}

/** A kubeconfig with a context for each site, all of them of the one API server. */
function writeContexts(kubeconfig: string): string {
  const config = JSON.parse(readFileSync(kubeconfig, "utf8")) as { contexts: { name: string; context: object }[] };
  const [only] = config.contexts;
  const names = ["oslo", "bergen", ...Array.from({ length: 200 }, (_, index) => `site-${index + 1}`)];
  const contexts = [...config.contexts, ...names.map((name) => ({ name, context: only?.context }))];
  const file = path.join(createTemporaryFolder("kubeconfig"), "config");
  writeFileSync(file, JSON.stringify({ ...config, contexts }));
  return file;
}

async function deployPlatform(
  installation: PulumiInstallation,
  platform: string,
  identities: readonly string[],
): Promise<void> {
  await installation.succeed(platform, "stack", "init", "prod", "--secrets-provider=passphrase");
  const settings = [
    "resourceGroupName=rg-fleet",
    ...identities.map((name, index) => `identities[${index}]=${name}`),
  ].flatMap((pair) => ["--path", "--plaintext", pair]);
  await installation.succeed(platform, "config", "set-all", "--stack", "prod", ...settings);
  await installation.succeed(platform, "up", "--stack", "prod", "--yes", "--skip-preview");
}

function startFleet({ environment }: PulumiInstallation, cwd: string, args: readonly string[]): RunningFleet {
  const command = [path.join(project, "cli/main.ts"), "fleet", ...args];
  const child = spawn(process.execPath, ["--no-warnings", ...command], { cwd, env: environment });
  const [all, result]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => result.push(chunk));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => all.push(chunk));
  const printed = () => Buffer.concat(all).toString();
  const ended = once(child, "close").then(([code]) => ({
    code: (code as number | null) ?? 1,
    output: printed(),
    result: Buffer.concat(result).toString(),
  }));
  return { child, printed, ended };
}

/** Sites whose relays answer as a test says; those of others are well. */
const namedSites = ["oslo", "bergen", "tromso"];

/** Servers that take the place of relays. */
async function serveRelays() {
  const ports = new Map<string, number>();
  const servers = new Map<string, ReturnType<typeof createServer>>();
  const relays = {
    said: {} as Readonly<Record<string, Said | undefined>>,
    portOf: (site: string) => ports.get(site) ?? ports.get("") ?? 0,
    stop: () => {
      for (const server of servers.values()) server.close();
    },
  };
  for (const site of [...namedSites, ""]) {
    const server = createServer((_, response) => {
      const said = site === "" ? { state: "ok", reasons: [] } : relays.said[site];
      response.end(JSON.stringify({ version: 1, ...said }));
    });
    servers.set(site, server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    ports.set(site, (server.address() as AddressInfo).port);
  }
  return relays;
}
