import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";

import { Server } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import wire from "@pulumi/pulumi/proto/language_pb.js";

import { installDependencies, runPlugin } from "./plugin-process.ts";
import { answer, listen } from "./provider-server.ts";

/** Pulumi's host of Node.js programs, which comes with its own download and can't be installed from a registry. */
export interface LanguageHost {
  /** What `PULUMI_DEBUG_LANGUAGES` has for it: `nodejs:<port>`. */
  readonly attachment: string;
  /** What programs wrote to their standard output and standard error; Pulumi shows it beside its own output. */
  readonly written: string;
  stop(): void;
}

const require = createRequire(path.join(process.cwd(), "package.json"));

/** What Pulumi's host runs a program with: a part of the SDK, with which it prints what a program throws. */
const runner = require.resolve("@pulumi/pulumi/cmd/run");

/** Exit code of a program that has told the engine already why it failed. */
const hasReported = 32;

/**
 * Serves the host on loopback: each run is a Node.js process of its own, started as Pulumi's host starts it.
 * @param compileCache folder where one run leaves for the next what Node.js has compiled, which halves its time
 */
export async function serveLanguageHost(compileCache: string): Promise<LanguageHost> {
  const server = new Server();
  let written = "";
  const engines = new Map<string, string>();
  server.addService(services.LanguageRuntimeService, {
    handshake: answer((request: wire.LanguageHandshakeRequest, call) => {
      engines.set(call.getPeer(), request.getEngineAddress());
      return new wire.LanguageHandshakeResponse();
    }),
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion("0.0.0")),
    installDependencies,
    runPlugin,
    getRequiredPlugins: answer(() => new wire.GetRequiredPluginsResponse()),
    getRequiredPackages: answer(() => new wire.GetRequiredPackagesResponse()),
    run: answer(async (request: wire.RunRequest, call) => {
      const { code, output } = await run(request, engines.get(call.getPeer()) ?? "", {
        NODE_COMPILE_CACHE: compileCache,
      });
      written += output;
      if (code === hasReported) return new wire.RunResponse().setBail(true);
      const error = code === 0 ? "" : `Program exited with non-zero exit code: ${String(code)}`;
      return new wire.RunResponse().setError(error);
    }),
  });
  const port = await listen(server);
  return {
    attachment: `nodejs:${port}`,
    get written() {
      return written;
    },
    stop: () => server.forceShutdown(),
  };
}

/** How a program ended, and what it wrote. */
interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(request: wire.RunRequest, engine: string, env: { readonly [name: string]: string }): Promise<Ended> {
  const info = request.getInfo();
  const flags = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: info?.getProgramDirectory() ?? request.getPwd(),
    parallel: String(request.getParallel()),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value]));
  const program = info?.getEntryPoint() ?? ".";
  const config = Object.fromEntries(request.getConfigMap().toArray());
  const child = spawn(process.execPath, [runner, ...args, ...(request.getDryrun() ? ["--dry-run"] : []), program], {
    cwd: flags.pwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: info?.getOptions()?.toJavaScript()["typescript"] === false ? "false" : "true",
    },
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: Buffer.concat(chunks).toString() };
}
