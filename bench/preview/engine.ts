import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { startApiServer } from "../../test/engine/support/kube-apiserver.ts";
import { createNamespace } from "../../test/engine/support/site.ts";
import { openCluster, readKubeconfig } from "../../test/engine/support/kubernetes/client.ts";
import { installPulumi } from "../../test/engine/support/pulumi.ts";
import { findExecutable } from "../../test/support/real-parts.ts";
import { createTemporaryFolder } from "../../test/support/temporary-folder.ts";
import { parseProcessStat, ticksPerSecond } from "../measure/process-usage.ts";
import type { Figures } from "./mocks.ts";
import type { Side } from "./sides.ts";

/** Previews on the real engine. */
export interface Engine {
  /** Previews one side's program in a new stack. */
  preview(side: Side, sites: number, file: string): Promise<Figures>;
  stop(): Promise<void>;
}

const project = path.join(import.meta.dirname, "../..");

/**
 * Sets the real engine up, with the stand-ins of the tests for Azure's provider and Kubernetes', and a real
 * kube-apiserver behind the latter. `undefined` when a part of it is not installed.
 */
export async function startEngine(): Promise<Engine | undefined> {
  const [pulumi, etcd, apiServer] = ["pulumi", "etcd", "kube-apiserver"].map((name) => findExecutable(name));
  if (pulumi === undefined || etcd === undefined || apiServer === undefined) return undefined;
  const server = await startApiServer(etcd, apiServer, createTemporaryFolder("kube-apiserver"));
  const kubeconfig = readFileSync(server.kubeconfig, "utf8");
  await createNamespace(openCluster(readKubeconfig(kubeconfig)), "azure-iot-operations");
  const installation = await installPulumi({ pulumi, kubeconfig });
  const folder = createProgram();
  let stacks = 0;
  return {
    preview: async (side, sites, file) => {
      stacks += 1;
      const stack = `organization/preview/${side}-${stacks}`;
      await installation.succeed(folder, "stack", "init", stack, "--secrets-provider=passphrase");
      Object.assign(process.env, { PREVIEW_SIDE: side, PREVIEW_SITES: String(sites), PREVIEW_FILE: file });
      const watch = watchProcesses();
      const startMs = performance.now();
      const output = await installation.succeed(folder, "preview", "--stack", stack);
      const milliseconds = performance.now() - startMs;
      const created = / (\d+) to create/.exec(output)?.[1];
      return { resources: Number(created), milliseconds, ...watch.stop() };
    },
    stop: async () => {
      installation.stop();
      await server.stop();
    },
  };
}

function createProgram(): string {
  const folder = createTemporaryFolder("preview");
  for (const shared of ["node_modules", "package.json", "components", "runtime", "test"])
    symlinkSync(path.join(project, shared), path.join(folder, shared));
  mkdirSync(path.join(folder, "bench"));
  symlinkSync(path.join(project, "bench/preview"), path.join(folder, "bench/preview"));
  const options = "{ packagemanager: npm, typescript: false }";
  const runtime = `{ name: nodejs, options: ${options} }`;
  writeFileSync(
    path.join(folder, "Pulumi.yaml"),
    `name: preview\nmain: bench/preview/program.ts\nruntime: ${runtime}\n`,
  );
  return folder;
}

const sampleMs = 50;

/** What the engine and the program, both children of this process, have used at most; providers run in this one. */
function watchProcesses() {
  const peaks = new Map<string, { mebibytes: number; cpuTicks: number }>();
  const sample = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const usage = readPeak(pid);
      if (usage !== undefined) peaks.set(pid, usage);
    }
  };
  const timer = setInterval(sample, sampleMs);
  return {
    stop: () => {
      clearInterval(timer);
      const sum = (of: "mebibytes" | "cpuTicks") => [...peaks.values()].reduce((total, peak) => total + peak[of], 0);
      return { cpuMilliseconds: (sum("cpuTicks") * 1000) / ticksPerSecond, mebibytes: sum("mebibytes") };
    },
  };
}

/** Peak resident memory and processor time so far of one of this process's children that takes part in a preview. */
function readPeak(pid: string): { mebibytes: number; cpuTicks: number } | undefined {
  try {
    const { parentPid, cpuTicks } = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    const takesPart = /(?:^|\/)pulumi\0|cmd\/run/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    if (parentPid !== process.pid || !takesPart) return undefined;
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kibibytes === undefined ? undefined : { mebibytes: Number(kibibytes) / 1024, cpuTicks };
  } catch {
    return undefined; // it ended in between
  }
}
