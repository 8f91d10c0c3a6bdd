/*
 * Records what the real engine says of changes, for the tests of `mqtt-dataflow review`:
 *
 *     node test/cli/review/record.ts [NAME …]
 *
 * writes `recorded/<name>.jsonl.gz`, all of them or the named ones. It needs what test/engine needs. The names that engine and
 * providers make up differ each time, so renew the comments beside them afterwards (see review.test.ts), and read them.
 */
import { chmodSync, cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { buildPolicyPack } from "../../../build/policy-pack.ts";
import { certificate } from "../../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { openCluster, readKubeconfig } from "../../engine/support/kubernetes/client.ts";
import type { KubernetesClient } from "../../engine/support/kubernetes/client.ts";
import { runControllers } from "../../engine/support/kubernetes/controllers.ts";
import { installPulumi } from "../../engine/support/pulumi.ts";
import type { PulumiInstallation } from "../../engine/support/pulumi.ts";
import setUp, { kubeconfigVariable, tearDown } from "../../engine/support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "../../engine/support/site.ts";
import type { Site } from "../../engine/support/site.ts";
import { findExecutable } from "../../support/real-parts.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";

const project = path.join(import.meta.dirname, "../../..");
const target = path.join(import.meta.dirname, "recorded");
const wanted = process.argv.slice(2);
const namespace = "azure-iot-operations";
const goodForYear = { notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000) };

/** Everything a recording needs. */
interface Scene {
  readonly installation: PulumiInstallation;
  readonly cluster: KubernetesClient;
  readonly site: Site;
  readonly kubeconfig: string;
  redeployPlatform(settings: object): Promise<void>;
}

/** Lines of the event log without what is the machine's or the moment's: debug output, the settings, times, paths. */
function linesOf(log: string): string[] {
  return (
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, Record<string, unknown> | undefined>)
      .filter(({ diagnosticEvent }) => diagnosticEvent?.["severity"] !== "debug")
      // Which rules every single resource has passed: as long as the rest, and nothing of it is read.
      .filter((event) => !Object.keys(event).some((key) => /^policy\w+SummaryEvent$/.test(key)))
      .map((event) => ({
        ...event,
        timestamp: 0,
        ...(event["preludeEvent"] === undefined ? {} : { preludeEvent: { config: {} } }),
      }))
      .map((event) => withoutPlaces(JSON.stringify(event)))
  );
}

/** Folders of the test as folders of any pipeline. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/\/tmp\/mqtt-dataflow-([a-z-]+)-\w{6}/g, "/home/ci/$1");
}

function store(name: string, lines: readonly string[]): void {
  writeFileSync(path.join(target, `${name}.jsonl.gz`), gzipSync(`${lines.join("\n")}\n`, { level: 9 }));
  process.stdout.write(`${name}: ${lines.length} events\n`);
}

async function record(site: Site, name: string, command = "preview", ...args: readonly string[]): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  store(name, await eventsOf(site, command, ...args));
}

/** A preview in both forms. */
async function recordBoth(site: Site, name: string, ...args: readonly string[]): Promise<void> {
  await record(site, name, "preview", ...args);
  await recordJson(site, name, ...args);
}

async function eventsOf(site: Site, command: string, ...args: readonly string[]): Promise<string[]> {
  const log = path.join(createTemporaryFolder("log"), "events.jsonl");
  await site.run(command, ...args, "--event-log", log);
  return linesOf(log);
}

const deploy = (site: Site) => site.succeed("up", "--yes", "--skip-preview");
const inProgram = (site: Site, file: string) => path.join(site.folder, "test/engine/program", file);

/** Changes a file of the program, does something, and takes the change back. */
async function changing(
  site: Site,
  file: string,
  edit: (text: string) => string,
  then: () => Promise<unknown>,
): Promise<void> {
  const whole = path.join(site.folder, file);
  const before = readFileSync(whole, "utf8");
  const after = edit(before);
  if (after === before) throw new Error(`${file}: nothing changed`);
  writeFileSync(whole, after);
  await then();
  writeFileSync(whole, before);
}

async function configured(site: Site, settings: object, then: () => Promise<unknown>): Promise<void> {
  const before = readFileSync(site.settingsFile, "utf8");
  site.configure(settings as never);
  await then();
  writeFileSync(site.settingsFile, before);
}

async function recordDataflows({ site }: Scene): Promise<void> {
  cpSync(inProgram(site, "alarm-history.ts"), inProgram(site, "added-dataflows.ts"));
  await record(site, "add-a-dataflow");
  await deploy(site);
  const added = "test/engine/program/added-dataflows.ts";
  const edited = (from: string, to: string, name: string) =>
    changing(
      site,
      added,
      (text) => text.replace(from, () => to),
      () => record(site, name),
    );
  await edited('"history/${inputTopic}"', '"archive/oslo/${inputTopic}"', "change-a-topic");
  await edited('"alarm-history"', '"alarms-archived"', "rename-a-dataflow");
  await changing(
    site,
    added,
    () => "export const addedDataflows = {};",
    () => record(site, "remove-a-dataflow"),
  );
  const spool = 'dataDestination: "history/${inputTopic}", spool: { mode: "Enabled" },';
  await edited('dataDestination: "history/${inputTopic}",', spool, "turn-a-spool-on");
  await changing(
    site,
    "stacks/dataflows.ts",
    (text) => text.replace("destination: edge,", 'destination: edge, spool: { mode: "Disabled" },'),
    () => record(site, "turn-the-only-spool-off"),
  );
  await changing(
    site,
    "stacks/declaration.ts",
    (text) => text.replace("retain: MqttRetain.Keep,", "retain: MqttRetain.Never, qos: 0,"),
    () => record(site, "change-qos-and-retain"),
  );
  await changing(
    site,
    added,
    () =>
      `export const addedDataflows = {
        broken: { source: "edge", dataSources: ["plant/#/x"], destination: "nowhere", dataDestination: "history/+" },
        uncovered: { source: "edge", dataSources: ["plant/+/x"], destination: "cloud", dataDestination: "elsewhere/x" },
      };`,
    () => recordBoth(site, "refuse-a-declaration"),
  );
}

async function recordNamespace({ site, redeployPlatform }: Scene): Promise<void> {
  await configured(site, { eventGrid: { maximumClientSessionsPerAuthenticationName: 8 } }, () =>
    recordBoth(site, "raise-sessions"),
  );
  await configured(site, { eventGrid: { capacity: 4 } }, () => record(site, "raise-throughput"));
  await configured(site, { resourceGroupName: "rg-other" }, () => record(site, "replace-a-protected-namespace"));
  await changing(
    site,
    "stacks/declaration.ts",
    (text) =>
      text.replace(
        "principalId: platform.identityPrincipalId,",
        'principalId: platform.identityPrincipalId, roleScope: "Namespace",',
      ),
    () => record(site, "widen-the-roles"),
  );
  await redeployPlatform({ namespace, oidcIssuerUrl: "https://oidc.example/oslo", identity: "2" });
  await record(site, "replace-the-identity");
  await redeployPlatform({ namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
}

async function recordPods({ site, cluster }: Scene): Promise<void> {
  const deployToCluster = async () => {
    await deploy(site);
    await runControllers(cluster, namespace);
  };
  const renewed = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", goodForYear);
  const before = readFileSync(site.settingsFile, "utf8");
  site.configure({ "historian:clientCertificate": renewed.certificate, "historian:ca": `second\n${certificate}` });
  await site.configureSecret("historian:clientKey", renewed.key);
  await record(site, "renew-a-certificate");
  writeFileSync(site.settingsFile, before);
  await configured(site, { "historian:host": "historian-2.plant.example:8883" }, () => record(site, "change-a-host"));
  await configured(site, { relay: { image: "mqtt-dataflow-relay:1.1.0" } }, () => record(site, "change-the-image"));
  await configured(site, { relay: { volume: { sizeGibibytes: 20 } } }, () => record(site, "enlarge-the-volume"));
  await configured(site, { site: "bergen" }, () => record(site, "rename-the-site"));
  const shared = (text: string) =>
    text.replace("retain: MqttRetain.Keep,", "retain: MqttRetain.Keep, allowSharedSubscriptions: true,");
  await changing(site, "stacks/declaration.ts", shared, async () => {
    await configured(site, { eventGrid: { maximumClientSessionsPerAuthenticationName: 12 } }, async () => {
      await deploy(site);
      await configured(site, { relay: { instanceCount: 3 } }, async () => {
        await record(site, "scale-up");
        await deployToCluster();
      });
      await record(site, "scale-down-with-protected-disks");
      await configured(site, { relay: { instanceCount: 3, volume: { protect: false } } }, deployToCluster);
      await configured(site, { relay: { volume: { protect: false } } }, async () => {
        await record(site, "scale-down");
        await deployToCluster();
      });
    });
  });
  await deployToCluster();
}

async function recordDrift({ site, cluster, installation }: Scene): Promise<void> {
  const { configMapName } = JSON.parse(await site.succeed("stack", "output", "--json")) as { configMapName: string };
  const config = await cluster.get({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: configMapName, namespace },
  });
  if (config === undefined) throw new Error("no ConfigMap");
  const text = (config["data"] as { "config.json": string })["config.json"];
  await cluster.edit(config, { data: { "config.json": text.replace('"level": "info"', '"level": "debug"') } });
  const id = installation.arm.ids.find((one) => /\/namespaces\/[^/]+$/.test(one)) ?? "";
  const resource = installation.arm.get(id) ?? {};
  const topicSpacesConfiguration = {
    ...(resource["topicSpacesConfiguration"] as object),
    maximumClientSessionsPerAuthenticationName: 3,
  };
  installation.arm.set(id, { ...resource, topicSpacesConfiguration });
  await record(site, "find-drift", "refresh", "--preview-only");
  installation.arm.set(id, resource);
  await cluster.edit(config, { data: { "config.json": text } });
}

async function recordPolicies({ site }: Scene, pack: string): Promise<void> {
  const settings = path.join(createTemporaryFolder("policy-config"), "config.json");
  const everywhere = { enforcementLevel: "mandatory", productionStacks: ["*"] };
  writeFileSync(
    settings,
    JSON.stringify({
      "topic-space-wildcard": everywhere,
      "event-grid-public-access": { ...everywhere, enforcementLevel: "advisory" },
    }),
  );
  const args = ["--policy-pack", pack, "--policy-pack-config", settings];
  await changing(
    site,
    "stacks/dataflows.ts",
    (text) => text.replace("topicTemplates: [`sites/${site}/plant/+/alarms/+`],", 'topicTemplates: ["#"],'),
    () => recordBoth(site, "violate-a-policy", ...args),
  );
}

const placesInSources = ["sourcePosition", "stackTrace"];

/** Records what `preview --json` prints. */
async function recordJson(site: Site, name: string, ...args: readonly string[]): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const { output } = await site.run("preview", "--json", ...args);
  const document = JSON.parse(output, (key, value: unknown) =>
    placesInSources.includes(key) ? undefined : value,
  ) as object;
  const text = JSON.stringify({ ...document, config: {} }, undefined, 4);
  writeFileSync(path.join(target, `${name}.json.gz`), gzipSync(withoutPlaces(text), { level: 9 }));
}

/** What Pulumi's own installation has beside its host of Node.js. */
function analyzerProgram(): string {
  const folder = createTemporaryFolder("analyzer");
  const file = path.join(folder, "pulumi-analyzer-policy-nodejs");
  const runner = path.join(project, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${runner}" "$@"\n`);
  chmodSync(file, 0o755);
  return folder;
}

async function createScene(): Promise<Scene> {
  const kubeconfig = readFileSync(process.env[kubeconfigVariable] ?? "", "utf8");
  const cluster = openCluster(readKubeconfig(kubeconfig));
  await createNamespace(cluster, namespace);
  await cluster.create({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "example.com/disk",
    allowVolumeExpansion: true,
  });
  const installation = await installPulumi({
    pulumi: findExecutable("pulumi") ?? "pulumi",
    kubeconfig: "",
    programs: [analyzerProgram()],
    variables: { PULUMI_DEBUG_COMMANDS: "true" },
  });
  addPlatformResources(installation);
  const redeployPlatform = await deployPlatform(installation, {
    namespace,
    oidcIssuerUrl: "https://oidc.example/oslo",
  });
  const client = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", goodForYear);
  const site = await createSite(installation, {
    resourceGroupName: "rg-oslo",
    relay: { image: "mqtt-dataflow-relay:1.0.0" },
    eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
    kubernetes: { context: "site" },
    "historian:host": "historian.plant.example:8883",
    "historian:clientCertificate": client.certificate,
    "historian:ca": `first\n${certificate}`,
  });
  await site.configureSecret("historian:clientKey", client.key);
  await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
  return { installation, cluster, site, kubeconfig, redeployPlatform: redeployPlatform };
}

await setUp();
const scene = await createScene();
try {
  const { site } = scene;
  const pack = createTemporaryFolder("policy-pack");
  await buildPolicyPack(pack);
  symlinkSync(path.join(project, "node_modules"), path.join(pack, "node_modules"));
  await record(site, "create-a-site");
  await record(site, "create-a-site-with-policies", "preview", "--policy-pack", pack);
  await deploy(site);
  await runControllers(scene.cluster, namespace);
  await record(site, "change-nothing");
  await recordDataflows(scene);
  await recordNamespace(scene);
  await recordPods(scene);
  await recordDrift(scene);
  await recordPolicies(scene, pack);
  await configured(site, { eventGrid: { protect: false }, relay: { volume: { protect: false } } }, async () => {
    await deploy(site);
    await record(site, "destroy-a-site", "destroy", "--preview-only");
  });
} finally {
  scene.installation.stop();
  await tearDown();
}
