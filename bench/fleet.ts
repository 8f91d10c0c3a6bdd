import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { forEachBounded } from "../cli/fleet/for-each.ts";
import { maxFederatedCredentials } from "../components/checks/shared-sites.ts";
import { createFleetScene } from "../test/engine/support/fleet-scene.ts";
import type { FleetScene } from "../test/engine/support/fleet-scene.ts";
import { startApiServer } from "../test/engine/support/kube-apiserver.ts";
import { findExecutable } from "../test/support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../test/support/temporary-folder.ts";
import { ticksPerSecond } from "./measure/process-usage.ts";

/*
 * What `fleet preview` takes beside the previews that it runs: as many `pulumi preview` processes at a time, by hand. On the real
 * engine and a real API server, with the tests' stand-ins for Azure's provider and Kubernetes'.
 */

interface Figures {
  readonly seconds: number;
  /** Of this process, in which the providers run, and of all that it has started. */
  readonly cpuSeconds: number;
}

async function measure(work: () => Promise<unknown>): Promise<Figures> {
  const [cpu, startMs] = [readCpuSeconds(), performance.now()];
  await work();
  return { seconds: (performance.now() - startMs) / 1000, cpuSeconds: readCpuSeconds() - cpu };
}

/** @see proc(5), /proc/pid/stat: utime, stime, cutime, cstime */
function readCpuSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

function nameSites(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `site-${index + 1}`);
}

/** One identity for as many sites as Entra ID lets have it. */
function identityOf(index: number): string {
  return `group-${Math.floor(index / maxFederatedCredentials) + 1}`;
}

function declareSites(scene: FleetScene, names: readonly string[]): void {
  scene.edit((fleet) => {
    fleet.sites = Object.fromEntries(
      names.map((name, index) => {
        const settings = { identity: identityOf(index), oidcIssuerUrl: `https://oidc.example/${name}` };
        const ring = index === 0 ? "canary" : index < names.length / 10 ? "first" : "rest";
        return [name, { ring, kubernetes: { context: name }, settings }];
      }),
    );
  });
}

async function previewAlone({ installation, folder }: FleetScene, names: readonly string[], parallel: number) {
  await forEachBounded(names, parallel, new AbortController().signal, (name) =>
    installation.succeed(path.join(folder, "site"), "preview", "--stack", name),
  );
}

async function previewFleet(scene: FleetScene, parallel: number, ...more: readonly string[]): Promise<string> {
  const { code, output, result } = await scene.run("preview", "--parallel", String(parallel), ...more);
  if (code !== 0) throw new Error(output);
  return result;
}

function describe(name: string, { seconds, cpuSeconds }: Figures): string {
  return `${name.padEnd(16)}${seconds.toFixed(1).padStart(10)} s${cpuSeconds.toFixed(1).padStart(10)} s of processor time\n`;
}

async function compare(scene: FleetScene, names: readonly string[], parallel: number, rounds: number): Promise<void> {
  const ratios: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const alone = await measure(() => previewAlone(scene, names, parallel));
    const fleet = await measure(() => previewFleet(scene, parallel, "--markdown", "review.md"));
    process.stdout.write(describe("previews alone", alone) + describe("fleet preview", fleet));
    ratios.push({ seconds: fleet.seconds / alone.seconds, cpuSeconds: fleet.cpuSeconds / alone.cpuSeconds });
  }
  for (const { seconds, cpuSeconds } of ratios) {
    process.stdout.write(`ratio: time ${seconds.toFixed(2)}, processor time ${cpuSeconds.toFixed(2)}\n`);
  }
}

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "40" },
    parallel: { type: "string", default: "4" },
    rounds: { type: "string", default: "1" },
    /** Without the comparison: one `fleet preview`, one `fleet up` of all sites. */
    rollout: { type: "boolean", default: false },
  },
});
const [pulumi, etcd, apiServer] = ["pulumi", "etcd", "kube-apiserver"].map((name) => findExecutable(name));
if (pulumi === undefined || etcd === undefined || apiServer === undefined) {
  throw new Error("pulumi, etcd or kube-apiserver is missing; run .ci/install-real-parts first");
}
const names = nameSites(Number(values.sites));
const parallel = Number(values.parallel);
const server = await startApiServer(etcd, apiServer, createTemporaryFolder("kube-apiserver"));
const identities = [...new Set(names.map((_, index) => identityOf(index)))];
const scene = await createFleetScene({ pulumi, kubeconfig: server.kubeconfig, identities });
try {
  declareSites(scene, names);
  scene.say(Object.fromEntries(names.map((name) => [name, { state: "ok", reasons: [] }])));
  process.stdout.write(`${names.length} sites, ${parallel} at a time\n`);
  const first = await measure(() => previewFleet(scene, parallel, "--create-stacks"));
  process.stdout.write(describe("first preview", first));
  if (values.rollout) {
    const up = await measure(async () => {
      const { code, output } = await scene.run("up", "--yes", "--parallel", String(parallel));
      if (code !== 0) throw new Error(output);
    });
    process.stdout.write(describe("fleet up", up));
    process.stdout.write(describe("fleet preview", await measure(() => previewFleet(scene, parallel))));
  } else {
    await compare(scene, names, parallel, Number(values.rounds));
  }
} finally {
  scene.stop();
  await server.stop();
  removeTemporaryFolders();
}
