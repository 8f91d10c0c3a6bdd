import { cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { certificate } from "../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { expectDocumented } from "./support/documented.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient, KubernetesObject } from "./support/kubernetes/client.ts";
import { listLeft } from "./support/left.ts";
import { expectStored } from "./support/stored-changes.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { textOf } from "./support/values.ts";
import type { Values } from "./support/values.ts";

/** Long enough that no preview warns of its end. */
const goodForYear = { notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000) };

/*
 * One stack from its creation to its end. Each test goes on from where the one before it has left the stack, as its
 * operator does; so after a failure those that follow fail too.
 */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const namespace = "site";
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  let kubeconfig: string;
  let site: Site;
  let clientKey: string;
  /** Outputs of the stack once it is deployed; no change of these tests changes them. */
  let outputs: { readonly [name: string]: string };

  beforeAll(async () => {
    kubeconfig = readFileSync(process.env[kubeconfigVariable] ?? "", "utf8");
    cluster = openCluster(readKubeconfig(kubeconfig));
    await createNamespace(cluster, namespace);
    // No default: what reaches the cluster has reached it by the settings of the stack.
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    addPlatformResources(installation);
    await deployPlatform(installation, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
    const first = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", goodForYear);
    clientKey = first.key;
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      // What protects the disks is in disks.test.ts.
      relay: { image: "mqtt-dataflow-relay:1.0.0", volume: { protect: false } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
      kubernetes: { context: "site" },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": first.certificate,
      "historian:ca": caNamed("first"),
    });
    await site.configureSecret("historian:clientKey", clientKey);
    await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const inCluster = async (apiVersion: string, kind: string, name: string) => {
    const found = await cluster.get({ apiVersion, kind, metadata: { name, namespace } });
    if (found === undefined) throw new Error(`${kind} ${name} is not there`);
    return found;
  };
  const deployed = async () => {
    const { configMapName = "", statefulSetName = "" } = outputs;
    const config = await inCluster("v1", "ConfigMap", configMapName);
    const secret = await inCluster("v1", "Secret", "historian-client");
    const ca = await inCluster("v1", "ConfigMap", "historian-ca");
    const set = await inCluster("apps/v1", "StatefulSet", statefulSetName);
    return { config, secret, ca, set };
  };

  test("a preview of a new stack shows what it will create, and creates nothing", async () => {
    const shown = await site.succeed("preview");

    expect(shown).toContain("+ 28 to create");
    expect(installation.arm.ids).toHaveLength(4);
    expect(await cluster.list("apps/v1", "StatefulSet", namespace)).toEqual([]);
  });

  test("after an update a preview shows no change", async () => {
    await site.succeed("up", "--yes", "--skip-preview");
    outputs = JSON.parse(await site.succeed("stack", "output", "--json")) as typeof outputs;

    const shown = await site.succeed("preview", "--diff", "--expect-no-changes");

    expect(shown).toContain("28 unchanged");
  });

  test("the relay's own parser reads the configuration back from the cluster", async () => {
    const { config } = await deployed();

    const parsed = parseRelayConfig((config["data"] as { readonly "config.json": string })["config.json"], {
      where: "the cluster",
    });

    expect(parsed.config.endpoints["cloud"]?.mqttSettings.host).toBe(`${outputs["hostname"]}:8883`);
    expect(Object.keys(parsed.config.dataflows)).toEqual(["alarms", "commands", "history", "telemetry"]);
  });

  test("neither the state nor anything else in the backend has a private key or the cluster's token in clear", async () => {
    const { token } = readKubeconfig(kubeconfig);
    const secrets = [...signsOf(clientKey), token, Buffer.from(token).toString("base64")];
    const exported = await site.succeed("stack", "export");
    const texts = [exported, ...filesBelow(installation.stateFolder).map((file) => readFileSync(file, "utf8"))];

    const found = secrets.filter((secret) => texts.some((text) => text.includes(secret)));

    expect(found).toEqual([]);
    expect(exported).toContain("kubernetes:core/v1:Secret::oslo-relay-historian-client");
    expect(filesBelow(installation.stateFolder).some((file) => file.endsWith("oslo.json"))).toBe(true);
    // They are there where somebody asks for them.
    const shown = await site.succeed("stack", "export", "--show-secrets");
    expect(signsOf(clientKey).some((sign) => shown.includes(sign))).toBe(true);
    expect(shown).toContain(token);
  });

  test("Pod Security takes the relay's pod at its level restricted, and no privileged neighbour", async () => {
    const { set } = await deployed();
    const { template } = set["spec"] as { readonly template: { readonly metadata: Values; readonly spec: PodSpec } };
    const spec = withClaimedVolumes(template.spec, set["spec"] as ClaimingSpec);
    const pod = podOf(namespace, template.metadata, spec);
    const [container] = spec.containers;
    const privileged = { ...container, securityContext: { privileged: true } };
    const neighbour = podOf(namespace, template.metadata, { ...spec, containers: [privileged] });

    await expect(cluster.create(pod, { dryRun: true })).resolves.toMatchObject({ kind: "Pod" });
    await expect(cluster.create(neighbour, { dryRun: true })).rejects.toThrow(
      /violates PodSecurity "restricted:latest"/,
    );
  });

  test("a dataflow that is added shows as a change of the configuration, and rolls the pods", async () => {
    const before = await deployed();
    const program = path.join(site.folder, "test/engine/program");
    cpSync(path.join(program, "alarm-history.ts"), path.join(program, "added-dataflows.ts"));

    expectStored("add-a-dataflow", await site.succeed("preview", "--diff"));
    await site.succeed("up", "--yes", "--skip-preview");

    const after = await deployed();
    expect(uid(after.config)).toBe(uid(before.config));
    expect(after.set.metadata["generation"]).toBe(Number(before.set.metadata["generation"]) + 1);
  });

  test("more sessions show as a change of the namespace and of what has its host name, and roll nothing", async () => {
    const before = await deployed();
    site.configure({ eventGrid: { maximumClientSessionsPerAuthenticationName: 8 } });

    expectStored("raise-sessions", await site.succeed("preview", "--diff"));
    await site.succeed("up", "--yes", "--skip-preview");

    const after = await deployed();
    expect(after.config.metadata["resourceVersion"]).toBe(before.config.metadata["resourceVersion"]);
    expect(after.set.metadata["generation"]).toBe(before.set.metadata["generation"]);
  });

  test("a renewed client certificate and another CA show as changes in place, and roll nothing", async () => {
    const before = await deployed();
    const renewed = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", goodForYear);
    site.configure({ "historian:clientCertificate": renewed.certificate, "historian:ca": caNamed("second") });
    await site.configureSecret("historian:clientKey", renewed.key);

    expectStored("renew-a-certificate", await site.succeed("preview", "--diff"));
    await site.succeed("up", "--yes", "--skip-preview");

    const after = await deployed();
    for (const changed of ["secret", "ca"] as const) {
      expect(uid(after[changed])).toBe(uid(before[changed]));
      expect(after[changed]["data"]).not.toEqual(before[changed]["data"]);
    }
    expect(after.set.metadata["generation"]).toBe(before.set.metadata["generation"]);
  });

  test("another host shows in the endpoint and in the configuration, and rolls the pods", async () => {
    const before = await deployed();
    site.configure({ "historian:host": "historian-2.plant.example:8883" });

    expectStored("change-a-host", await site.succeed("preview", "--diff"));
    await site.succeed("up", "--yes", "--skip-preview");

    const after = await deployed();
    expect(uid(after.config)).toBe(uid(before.config));
    expect(after.set.metadata["generation"]).toBe(Number(before.set.metadata["generation"]) + 1);
  });

  test("a refresh finds what was changed by hand, in the cluster and in Azure", async () => {
    const { config } = await deployed();
    const text = (config["data"] as { readonly "config.json": string })["config.json"];
    await cluster.edit(config, { data: { "config.json": text.replace('"level": "info"', '"level": "debug"') } });
    const namespaceId = installation.arm.ids.find((id) => /\/namespaces\/[^/]+$/.test(id)) ?? "";
    const resource = installation.arm.get(namespaceId) ?? {};
    const topicSpaces = resource["topicSpacesConfiguration"] as Values;
    const topicSpacesConfiguration = { ...topicSpaces, maximumClientSessionsPerAuthenticationName: 3 };
    installation.arm.set(namespaceId, { ...resource, topicSpacesConfiguration });

    expectStored("find-drift", await site.succeed("refresh", "--yes", "--diff", "--skip-preview"));
  });

  test("a field that was changed with kubectl is taken back, and one of another program where the settings say so", async () => {
    await site.succeed("up", "--yes", "--skip-preview");
    const { config } = await deployed();
    const text = (config["data"] as { readonly "config.json": string })["config.json"];
    await cluster.edit(config, { data: { "config.json": `${text}\n` } }, "site-operator");
    await site.succeed("refresh", "--yes", "--skip-preview");

    const { code, output } = await site.run("up", "--yes", "--skip-preview");

    expect(text).toContain('"level": "info"');
    expect(code).not.toBe(0);
    expect(output).toContain('conflict with "site-operator"');
    site.configure({ kubernetes: { enablePatchForce: true } });
    await site.succeed("up", "--yes");
    await site.succeed("preview", "--expect-no-changes");
  });

  test("a namespace that would be replaced ends the preview, in the words that the documentation has", async () => {
    site.configure({ resourceGroupName: "rg-other" });

    const { code, output } = await site.run("preview");

    site.configure({ resourceGroupName: "rg-oslo" });
    expect(code).not.toBe(0);
    expectDocumented(output, "namespace");
  });

  test("the stack can't be destroyed while the namespace is protected, in the words that the documentation has", async () => {
    const before = installation.arm.ids;

    const { code, output } = await site.run("destroy", "--yes");

    expect(code).not.toBe(0);
    expectDocumented(output, "namespace");
    expect(installation.arm.ids).toEqual(before);
    expect(await cluster.list("apps/v1", "StatefulSet", namespace)).toHaveLength(1);
  });

  test("once it is unprotected, destroying the stack leaves nothing but the claim of the disk", async () => {
    site.configure({ eventGrid: { maximumClientSessionsPerAuthenticationName: 8, protect: false } });
    await site.succeed("up", "--yes", "--skip-preview");

    await site.succeed("destroy", "--yes", "--skip-preview");

    expect(installation.arm.ids).toHaveLength(4); // the platform's
    expect(await listLeft(installation, cluster, namespace, /./)).toEqual(installation.arm.ids);
    expect(await cluster.list("v1", "PersistentVolumeClaim", namespace)).toHaveLength(1);
  });
});

interface PodSpec extends Values {
  readonly containers: readonly Values[];
}

interface ClaimingSpec {
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** The volumes that the StatefulSet's controller would add to a pod: its claims. */
function withClaimedVolumes(spec: PodSpec, { volumeClaimTemplates = [] }: ClaimingSpec): PodSpec {
  const claimed = volumeClaimTemplates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-relay-0` },
  }));
  return { ...spec, volumes: [...(spec["volumes"] as readonly Values[]), ...claimed] };
}

function podOf(namespace: string, metadata: Values, spec: Values): KubernetesObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "relay-0", namespace }, spec };
}

/** A CA certificate with a line before it that tells one from another. */
function caNamed(name: string): string {
  return `${name}\n${certificate}`;
}

function uid({ metadata }: KubernetesObject): string {
  return textOf(metadata["uid"]);
}

/** Parts of a PEM key that tell of it wherever it is written: as it is, and in base64 at any offset. */
function signsOf(pem: string): string[] {
  const line = pem.split("\n")[1] ?? "";
  const encoded = [0, 1, 2].map((offset) => Buffer.from(line.slice(offset)).toString("base64").slice(0, 60));
  return [line, ...encoded];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
