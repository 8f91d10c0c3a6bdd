import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";

import kubernetesSdk from "@pulumi/kubernetes/package.json" with { type: "json" };
import { parse } from "yaml";

import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import { createArmProvider } from "./arm/provider.ts";
import type { ArmAnswers } from "./arm/provider.ts";
import { createArmStore } from "./arm/store.ts";
import type { ArmStore } from "./arm/store.ts";
import { createKubernetesProvider } from "./kubernetes/provider.ts";
import { serveLanguageHost } from "./language-host.ts";
import { serveProvider } from "./provider-server.ts";

/** What a command printed, as a terminal without colours shows it. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

/** What a command has instead of what the installation gives it. */
export interface OtherSetting {
  /** Path of the `pulumi` executable. */
  readonly pulumi?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A Pulumi installation of one test: the real engine with a backend of files, and providers that stand in for others. */
export interface PulumiInstallation {
  /** Folder of the backend, with the state and history of every stack. */
  readonly stateFolder: string;
  readonly arm: ArmStore;
  /** Environment variables of every command: with them `pulumi` works the same when a script calls it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs `pulumi` in the folder of a program. */
  run(program: string, ...args: readonly string[]): Promise<CommandResult>;
  /** As `run`, and throws what was printed when the command fails. */
  succeed(program: string, ...args: readonly string[]): Promise<string>;
  /** As `run`, in another setting than every other command. */
  runWith(setting: OtherSetting, program: string, ...args: readonly string[]): Promise<CommandResult>;
  /** What `PULUMI_DEBUG_LANGUAGES` has for the stand-in of the host of Node.js programs, in use or not. */
  readonly nodeStandIn: string;
  stop(): void;
}

export interface InstallationOptions {
  /** Path of the `pulumi` executable. */
  readonly pulumi: string;
  /** Path of the kubeconfig that providers without one of their own use. */
  readonly kubeconfig: string;
  /** Path of Pulumi's own Kubernetes provider, which the engine then starts itself; omitted: a stand-in for it serves. */
  readonly kubernetesProvider?: string;
  readonly armAnswers?: ArmAnswers;
  /** Other plugins that run already, each `<package>:<port>`. */
  readonly plugins?: readonly string[];
  /** Folders with programs that Pulumi starts, such as other language hosts; they come first on its PATH. */
  readonly programs?: readonly string[];
  /** Environment variables besides. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether Pulumi starts its own host of Node.js programs, which `programs` have then. @default false: a stand-in */
  readonly hasNodeHost?: boolean;
}

/** Sets up an installation; {@link PulumiInstallation.stop} ends its servers. */
export async function installPulumi({
  pulumi,
  kubeconfig,
  kubernetesProvider,
  armAnswers,
  plugins = [],
  programs = [],
  variables = {},
  hasNodeHost = false,
}: InstallationOptions): Promise<PulumiInstallation> {
  const home = createTemporaryFolder("pulumi");
  const stateFolder = path.join(home, "state");
  mkdirSync(stateFolder);
  const arm = createArmStore();
  const host = await serveLanguageHost(path.join(home, "compiled"));
  // Where the engine starts providers; these run already.
  let programFolder = home;
  const standIns = [createArmProvider(arm, armAnswers)];
  const pulumiHome = path.join(home, ".pulumi");
  if (kubernetesProvider === undefined) standIns.push(createKubernetesProvider(kubeconfig, () => programFolder));
  else installKubernetesProvider(pulumiHome, kubernetesProvider);
  const providers = await Promise.all(standIns.map(serveProvider));
  const env = {
    ...variables,
    PATH: [...programs, process.env.PATH ?? ""].join(path.delimiter),
    HOME: home,
    PULUMI_HOME: pulumiHome,
    PULUMI_BACKEND_URL: `file://${stateFolder}`,
    PULUMI_CONFIG_PASSPHRASE: "correct horse battery staple",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    ...(hasNodeHost ? {} : { PULUMI_DEBUG_LANGUAGES: host.attachment }),
    PULUMI_DEBUG_PROVIDERS: [...providers.map(({ attachment }) => attachment), ...plugins].join(","),
    // Pulumi's own Kubernetes provider leaves a copy of its kubeconfig there each time.
    ...(kubernetesProvider === undefined ? {} : { TMPDIR: home }),
    ...(kubernetesProvider === undefined || kubeconfig === "" ? {} : { KUBECONFIG: kubeconfig }),
    NO_COLOR: "1",
  };
  const runWith: PulumiInstallation["runWith"] = async (other, program, ...args) => {
    const printedBefore = host.written.length;
    programFolder = programFolderOf(program);
    const given = ["--non-interactive", "--color=never", ...args];
    const { code, output } = await execute(other.pulumi ?? pulumi, given, program, {
      ...env,
      ...other.variables,
    });
    // Pulumi's own host hands over to Pulumi what a program prints; this one can't.
    return { code, output: `${output}${host.written.slice(printedBefore)}` };
  };
  const run: PulumiInstallation["run"] = (program, ...args) => runWith({}, program, ...args);
  return {
    stateFolder,
    arm,
    environment: env,
    run,
    runWith,
    nodeStandIn: host.attachment,
    succeed: async (program, ...args) => {
      const { code, output } = await run(program, ...args);
      if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit code ${code}\n${output}`);
      return output;
    },
    stop: () => {
      for (const served of [...providers, host]) served.stop();
    },
  };
}

/** Puts Pulumi's own provider where the engine looks for the version that the SDK asks for. */
function installKubernetesProvider(pulumiHome: string, executable: string): void {
  const folder = path.join(pulumiHome, "plugins", `resource-kubernetes-v${kubernetesSdk.version}`);
  mkdirSync(folder, { recursive: true });
  symlinkSync(executable, path.join(folder, "pulumi-resource-kubernetes"));
}

/** The folder of the program whose Pulumi.yaml is in a folder. @see Pulumi's engine, GetPwdMain */
function programFolderOf(folder: string): string {
  const { main } = parse(readFileSync(path.join(folder, "Pulumi.yaml"), "utf8")) as { readonly main?: string };
  return main === undefined ? folder : path.dirname(path.join(folder, main));
}

async function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, output: Buffer.concat(chunks).toString() };
}
