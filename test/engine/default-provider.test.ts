import { readFileSync } from "node:fs";

import { certificate } from "../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import type { CertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient } from "./support/kubernetes/client.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import { expectStored } from "./support/stored-changes.ts";

/** Long enough that no preview warns of its end. */
const goodForYear = { notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000) };

/** A program that hands the components no provider gets Pulumi's own, with its defaults. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const namespace = "default-provider";
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  let authority: CertificateAuthority;
  let site: Site;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    authority = await createCertificateAuthority("historian");
    cluster = openCluster(readKubeconfig(readFileSync(kubeconfig, "utf8")));
    await createNamespace(cluster, namespace);
    installation = await installPulumi({ pulumi, kubeconfig });
    addPlatformResources(installation);
    await deployPlatform(installation, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
    const first = await authority.createClientCertificate("oslo", goodForYear);
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0" },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": first.certificate,
      "historian:ca": `first\n${certificate}`,
    });
    await site.configureSecret("historian:clientKey", first.key);
    site.edit("stacks/index.ts", "providers: { kubernetes: connectToCluster(settings) },", "");
    await site.succeed("up", "--yes", "--skip-preview");
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  test("replaces a ConfigMap or Secret whose content changes: the configuration by another name, what has a fixed name by deleting it first", async () => {
    const second = await authority.createClientCertificate("oslo", goodForYear);
    site.configure({
      "historian:host": "historian-2.plant.example:8883",
      "historian:clientCertificate": second.certificate,
      "historian:ca": `second\n${certificate}`,
    });
    await site.configureSecret("historian:clientKey", second.key);

    expectStored("with-the-default-provider", await site.succeed("preview", "--diff"));
  });

  test("changes them in place once the settings of the stack say so", async () => {
    site.configure({ "kubernetes:enableConfigMapMutable": true, "kubernetes:enableSecretMutable": true });
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "historian-client", namespace } };
    const before = await cluster.get(secret);

    await site.succeed("up", "--yes", "--skip-preview");

    const after = await cluster.get(secret);
    expect(after?.metadata["uid"]).toBe(before?.metadata["uid"]);
    expect(after?.["data"]).not.toEqual(before?.["data"]);
  });
});
