import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

import type { ServerWritableStream } from "@grpc/grpc-js";
import wire from "@pulumi/pulumi/proto/language_pb.js";

/*
 * The part of Pulumi's host for Node.js that runs plugins: `npm install` in the plugin's folder, then Node.js with the runner
 * that is found in the package `@pulumi/pulumi` from there. What the processes write goes on to Pulumi.
 * @see pulumi/pulumi, sdk/nodejs/cmd/pulumi-language-nodejs, InstallDependencies and RunPlugin
 */

/** Installs what the plugin's manifest asks for; offline, so that a plugin which has to fetch anything is found out. */
export function installDependencies(
  call: ServerWritableStream<wire.InstallDependenciesRequest, wire.InstallDependenciesResponse>,
): void {
  const cwd = call.request.getInfo()?.getProgramDirectory() ?? call.request.getDirectory();
  const child = spawn("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
  pass(child, {
    stdout: (chunk) => call.write(new wire.InstallDependenciesResponse().setStdout(chunk)),
    stderr: (chunk) => call.write(new wire.InstallDependenciesResponse().setStderr(chunk)),
    end: (code) => {
      if (code === 0) call.end();
      else call.destroy(new Error(`npm install in ${cwd}: exit code ${code}`));
    },
  });
}

/** Starts the plugin; it ends when Pulumi has no more use for it. */
export function runPlugin(call: ServerWritableStream<wire.RunPluginRequest, wire.RunPluginResponse>): void {
  const folder = call.request.getInfo()?.getProgramDirectory() ?? call.request.getProgram();
  const runner = createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-plugin");
  const child = spawn(process.execPath, [runner, folder, ...call.request.getArgsList()], {
    cwd: call.request.getPwd(),
    env: Object.fromEntries(
      call.request.getEnvList().map((entry) => entry.split(/=(.*)/s).slice(0, 2)),
    ) as NodeJS.ProcessEnv,
  });
  call.on("cancelled", () => child.kill());
  pass(child, {
    stdout: (chunk) => call.write(new wire.RunPluginResponse().setStdout(chunk)),
    stderr: (chunk) => call.write(new wire.RunPluginResponse().setStderr(chunk)),
    end: (code) => {
      call.write(new wire.RunPluginResponse().setExitcode(code));
      call.end();
    },
  });
}

interface Listener {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  end(code: number): void;
}

function pass(child: ChildProcess, listener: Listener): void {
  child.stdin?.end();
  child.stdout?.on("data", (chunk: Buffer) => listener.stdout(chunk));
  child.stderr?.on("data", (chunk: Buffer) => listener.stderr(chunk));
  child.on("error", (error) => listener.stderr(Buffer.from(String(error))));
  child.on("close", (code) => listener.end(code ?? 1));
}
