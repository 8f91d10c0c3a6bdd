import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { certificate } from "../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { diagnosticsOf } from "./support/diff-text.ts";
import { expectDocumented } from "./support/documented.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient, KubernetesObject } from "./support/kubernetes/client.ts";
import { disksOfPods, runControllers } from "./support/kubernetes/controllers.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "./support/site.ts";
import type { Site, SiteSettings } from "./support/site.ts";
import type { Values } from "./support/values.ts";

/*
 * What becomes of the disks with acknowledged messages while a stack changes: on a real API server, behind stand-ins for Kubernetes'
 * controllers and for Pulumi's provider. Each test goes on from where the one before it has left the stack.
 */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const namespace = "disks";
  const set = `oslo-relay-set-${createHash("sha256").update("mqtt-dataflow/oslo").digest("hex").slice(0, 8)}`;
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  let kubeconfig: string;
  let site: Site;
  let deployInto: (settings: SiteSettings) => Promise<void>;
  /** The disk of each pod, once there are three. */
  let disks: Record<string, string>;

  const platform = (where: string) => ({ namespace: where, oidcIssuerUrl: "https://oidc.example/oslo" });
  const claim = (ordinal: number): KubernetesObject => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: `spool-${set}-${ordinal}`, namespace },
  });
  const pod = (ordinal: number) => `${set}-${ordinal}`;
  const relay = (changed: object) => site.configure({ relay: changed });
  /** Updates the stack, and lets the controllers do their part. */
  const update = async () => {
    const shown = await site.succeed("up", "--yes", "--skip-preview");
    await runControllers(cluster, namespace);
    return shown;
  };
  const claims = () => cluster.list("v1", "PersistentVolumeClaim", namespace);
  const refusalOf = async (...command: readonly [string, ...string[]]) => {
    const { code, output } = await site.run(...command);
    expect(code).not.toBe(0);
    return diagnosticsOf(output);
  };
  /** Where the volumes' storage class and its own ways come from: the default one, which can grow. */
  const storageClass = (name: string, isDefault: boolean): KubernetesObject => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) } },
    provisioner: "example.com/disk",
    allowVolumeExpansion: true,
  });

  beforeAll(async () => {
    kubeconfig = readFileSync(process.env[kubeconfigVariable] ?? "", "utf8");
    cluster = openCluster(readKubeconfig(kubeconfig));
    await createNamespace(cluster, namespace);
    for (const one of [storageClass("standard", true), storageClass("fast", false)]) await cluster.create(one);
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    addPlatformResources(installation);
    deployInto = await deployPlatform(installation, platform(namespace));
    // Long enough that no preview warns of its end.
    const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
    const issued = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", { notAfter });
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0", instanceCount: 3 },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 12, protect: false },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": issued.certificate,
      "historian:ca": certificate,
    });
    const retained = "retain: MqttRetain.Keep,";
    site.edit("stacks/declaration.ts", retained, `${retained} allowSharedSubscriptions: true,`);
    await site.configureSecret("historian:clientKey", issued.key);
    await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  test("a claim that the StatefulSet's controller has made before is taken over as it is", async () => {
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } };
    const before = await cluster.create({ ...claim(0), spec });
    await runControllers(cluster, namespace);

    await update();

    expect((await cluster.get(claim(0)))?.metadata["uid"]).toBe(before.metadata["uid"]);
    disks = await disksOfPods(cluster, namespace);
    expect(Object.keys(disks)).toEqual([pod(0), pod(1), pod(2)]);
    expect(new Set(Object.values(disks)).size).toBe(3);
    expect(await claims()).toEqual([0, 1, 2].map((ordinal) => claim(ordinal).metadata.name));
    await site.succeed("preview", "--expect-no-changes");
  });

  test("larger volumes are an update of their claims alone, in place", async () => {
    const found = await cluster.get({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: set, namespace } });
    relay({ volume: { sizeGibibytes: 20 } });

    const shown = await site.succeed("preview");
    await update();

    const updated = shown.match(/PersistentVolumeClaimPatch oslo-relay-spool-\d update/g);
    expect(updated).toHaveLength(3);
    expect(shown).not.toMatch(/StatefulSet|replace/);
    const after = await cluster.get({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: set, namespace } });
    expect(after?.metadata["resourceVersion"]).toBe(found?.metadata["resourceVersion"]);
    for (const ordinal of [0, 1, 2]) {
      const { capacity } = (await cluster.get(claim(ordinal)))?.["status"] as Values;
      expect(capacity).toEqual({ storage: "20Gi" });
    }
    expect(await disksOfPods(cluster, namespace)).toEqual(disks);
  });

  test("smaller volumes, and volumes of another storage class, are refused at preview, at their arguments", async () => {
    relay({ volume: { sizeGibibytes: 15, storageClassName: "fast" } });

    const said = await refusalOf("preview");

    relay({ volume: { sizeGibibytes: 20 } });
    // Each claim says so by itself, until the engine has had enough.
    const [smaller, other] = said.split("\n").filter((line) => /^ *volume\./.test(line));
    expect(smaller).toMatch(
      /volume\.sizeGibibytes: is 15Gi, and the volume of claim "spool-.*-\d", which may hold messages, has 20Gi; set it back/,
    );
    expect(other).toMatch(
      /volume\.storageClassName: is "fast", and the volume of claim "spool-.*-\d", which may hold messages, is of "standard"; set it back/,
    );
    expect(said).not.toContain("API server");
    await site.succeed("preview", "--expect-no-changes");
  });

  test("fewer instances, no disk queue, another namespace and the stack's end are refused while the volumes are protected", async () => {
    const isProtected = /oslo-relay-spool-\d(?:"|')[^]*protect/;

    relay({ instanceCount: 2 });
    const { output: fewer } = await site.run("preview");
    relay({ instanceCount: 3 });
    site.edit("stacks/dataflows.ts", "source: cloud,", 'source: cloud, spool: { mode: "Disabled" },');
    const unspooled = await refusalOf("preview");
    site.edit("stacks/dataflows.ts", ' spool: { mode: "Disabled" },', "");
    await deployInto(platform("elsewhere"));
    const moved = await refusalOf("preview");
    await deployInto(platform(namespace));
    const ended = await refusalOf("destroy", "--yes");

    expectDocumented(fewer, "claim");
    expect(unspooled).toContain(
      "warning: dataflows.commands: had a disk queue, and nothing delivers what is still in it",
    );
    for (const said of [unspooled, moved, ended]) expect(said).toMatch(isProtected);
    expect(await disksOfPods(cluster, namespace)).toEqual(disks);
    await site.succeed("preview", "--expect-no-changes");
  });

  test("another address of the same cluster, or none in the settings, changes nothing but the provider", async () => {
    await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig.replace("127.0.0.1", "localhost"));

    const shown = await site.succeed("preview");

    await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
    expect(shown).toMatch(/~ 1 to update\n/);
    expect(shown).not.toContain("replace");
  });

  test("once the volumes are not protected, instances come and go, and each finds its own disk again", async () => {
    relay({ volume: { sizeGibibytes: 20, protect: false } });
    await update();

    relay({ instanceCount: 1 });
    await update();
    const left = await disksOfPods(cluster, namespace);
    relay({ instanceCount: 3 });
    await update();

    expect(left).toEqual({ [pod(0)]: disks[pod(0)] });
    expect(await disksOfPods(cluster, namespace)).toEqual(disks);
  });

  test("the disks are mounted again when the only disk queue comes back", async () => {
    site.edit("stacks/dataflows.ts", "source: cloud,", 'source: cloud, spool: { mode: "Disabled" },');
    await update();
    const without = await disksOfPods(cluster, namespace);

    site.edit("stacks/dataflows.ts", ' spool: { mode: "Disabled" },', "");
    await update();

    expect(without).toEqual({});
    expect(await disksOfPods(cluster, namespace)).toEqual(disks);
  });

  test("a stack that is destroyed leaves its disks, and one that is made again finds them", async () => {
    await site.succeed("destroy", "--yes");
    await runControllers(cluster, namespace);
    const left = await claims();

    await update();

    expect(left).toHaveLength(3);
    expect(await disksOfPods(cluster, namespace)).toEqual(disks);
  });
});
