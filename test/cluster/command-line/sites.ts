import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { buildPackage } from "../../build/package-scene.ts";
import type { CommandLine } from "../../engine/support/command-line.ts";
import { prepareExample, programFiles, replaceOnce } from "../../engine/support/example-program.ts";
import { addPlatformResources, createSite, deployPlatform } from "../../engine/support/site.ts";
import { relayImage } from "../image/names.ts";
import { kubeconfigOf } from "../node/control-plane.ts";
import { siteNamespace } from "../node/places.ts";
import { edgeHost, plantHost, startBrokers } from "../site/brokers.ts";
import type { Brokers } from "../site/brokers.ts";
import { followDeployment } from "../site/deployment.ts";
import { addDisks } from "../site/disks.ts";
import { publishAuthority } from "../site/site.ts";
import type { Cluster, Site } from "../site/site.ts";
import { startTraffic } from "../site/traffic.ts";
import { installForNode, runnerOf } from "./program.ts";
import type { DeployedProgram } from "./program.ts";

/*
 * Sites whose objects Pulumi's command line deploys, with its own Kubernetes provider, as a user does: previewed, and then updated
 * with the preview that an update begins with.
 */

const perSecond = 20;
const diskGibibytes = 10;

/** Opens `examples/typescript/custom-broker`, which takes the package as npm has it. */
export async function openExample(cluster: Cluster): Promise<Site> {
  const site = "larvik";
  await addDisks(cluster, site, 1, diskGibibytes);
  return openProgram(cluster, site, site, async (commandLine, brokers) => {
    const folder = await prepareExample(
      commandLine,
      { built: buildPackage(), plugin: "" },
      { language: "typescript", example: "custom-broker", site, edit: (copy) => adaptExample(copy, brokers) },
    );
    const client = await brokers.plantAuthority.createClientCertificate(`${site}-relay`);
    const set = (...setting: readonly string[]) =>
      commandLine.succeed(folder, "config", "set", "--stack", site, ...setting);
    await set("relayImage", relayImage);
    await set("brokerHost", hostOf(brokers));
    await set("brokerCa", "--", brokers.plantAuthority.certificate);
    await set("clientCertificate", "--", client.certificate);
    await set("clientKey", "--secret", "--", client.key);
    const program = path.join(folder, programFiles.typescript);
    return {
      ...runnerOf(commandLine, folder, site),
      site,
      changeMemory: async (memoryMebibytes) =>
        replaceOnce(program, "  relay: {\n", `  relay: {\n    memoryMebibytes: ${memoryMebibytes},\n`),
      edit: (text, replacement) => replaceOnce(program, text, replacement),
    };
  });
}

/** Names of its own, the broker of this node, and the disk that this node has, for when a spool is turned on. */
function adaptExample(folder: string, { edgePort }: Brokers): void {
  const file = path.join(folder, programFiles.typescript);
  writeFileSync(file, readFileSync(file, "utf8").replaceAll('"historian-', '"larvik-'));
  replaceOnce(file, "{ edge: {} }", `{ edge: { host: "${edgeHost}:${edgePort}" } }`);
  const volume = `{ sizeGibibytes: ${diskGibibytes}, storageClassName: "disk", protect: false }`;
  replaceOnce(file, "  relay: {\n", `  relay: {\n    volume: ${volume},\n`);
}

/** Opens `stacks/` with one more broker, the plant's: Event Grid's is a name that nobody has here. */
export async function openStacks(cluster: Cluster): Promise<Site> {
  const site = "bodo";
  await addDisks(cluster, site, 1, diskGibibytes);
  return openProgram(cluster, site, "history", async (commandLine, brokers) => {
    addPlatformResources(commandLine);
    const brokerHost = `${edgeHost}:${brokers.edgePort}`;
    await deployPlatform(commandLine, {
      namespace: siteNamespace,
      oidcIssuerUrl: "https://oidc.example/oslo",
      brokerHost,
    });
    const client = await brokers.plantAuthority.createClientCertificate(`${site}-relay`);
    const stack = await createSite(commandLine, {
      site,
      resourceGroupName: "rg-oslo",
      relay: { image: relayImage, volume: { sizeGibibytes: diskGibibytes, storageClassName: "disk", protect: false } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 12, protect: false },
      "historian:host": hostOf(brokers),
      "historian:ca": brokers.plantAuthority.certificate,
      "historian:clientCertificate": client.certificate,
    });
    await stack.configureSecret("historian:clientKey", client.key);
    await stack.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", readFileSync(kubeconfigOf("admin"), "utf8"));
    // A pod that waits for a broker that isn't there would never be ready.
    stack.edit(
      "stacks/declaration.ts",
      "namespace: platform.namespace,",
      'namespace: platform.namespace, readyWhen: "Started",',
    );
    return {
      ...runnerOf(commandLine, stack.folder, "oslo"),
      site,
      changeMemory: async (memoryMebibytes) => stack.configure({ relay: { memoryMebibytes } }),
      edit: (text, replacement) => stack.edit("test/engine/program/declaration.ts", text, replacement),
    };
  });
}

const hostOf = ({ plant }: Brokers) => `${plantHost}:${plant.ports.pods}`;

type Prepare = (commandLine: CommandLine, brokers: Brokers) => Promise<DeployedProgram>;

/** @param arrivesBelow first level of the topics at the plant's broker */
async function openProgram(
  { kubectl, parts, keySet }: Cluster,
  site: string,
  arrivesBelow: string,
  prepare: Prepare,
): Promise<Site> {
  const brokers = await startBrokers(parts, keySet);
  await publishAuthority(kubectl, brokers);
  const commandLine = await installForNode(parts);
  const program = await prepare(commandLine, brokers);
  const previewed = /\+ (\d+) to create/.exec(await program.succeed("preview"))?.[1];
  const created = /\+ (\d+) created/.exec(await program.succeed("up", "--yes"))?.[1];
  assert.ok(previewed !== undefined && previewed === created, `${previewed} previewed, ${created} created`);
  const statefulSet = (await program.succeed("stack", "output", "statefulSetName")).trim();
  const deployment = followDeployment(kubectl, site, statefulSet);
  await deployment.untilRolledOut();
  const client = await brokers.plantAuthority.createClientCertificate(`${site}-relay`);
  return {
    name: site,
    brokers,
    deployment,
    traffic: await startTraffic(brokers, { site, perSecond, oneWayTo: arrivesBelow }),
    declared: { site, client, trusted: brokers.plantAuthority.certificate },
    change: () => Promise.reject(new Error(`${site}: is changed by its program`)),
    program,
  };
}
