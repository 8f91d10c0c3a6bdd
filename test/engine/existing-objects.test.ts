import { readFileSync } from "node:fs";
import path from "node:path";

import { certificate } from "../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient } from "./support/kubernetes/client.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";

/** A site in a cluster that has a Secret of somebody else's under the name of one of its own. Each test goes on from the one before. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const namespace = "existing-objects";
  const foreign = { apiVersion: "v1", kind: "Secret", metadata: { name: "historian-client", namespace } };
  const urn = (...types: readonly string[]) => `urn:pulumi:oslo::mqtt-dataflow::${types.join("$")}`;
  const page = () => readFileSync(path.join(import.meta.dirname, "../../doc/operations.md"), "utf8");
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  let site: Site;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    cluster = openCluster(readKubeconfig(readFileSync(kubeconfig, "utf8")));
    installation = await installPulumi({ pulumi, kubeconfig });
    addPlatformResources(installation);
    await deployPlatform(installation, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
    // Long enough that no preview warns of its end.
    const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
    const issued = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", { notAfter });
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0", volume: { protect: false } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5, protect: false },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": issued.certificate,
      "historian:ca": certificate,
    });
    await site.configureSecret("historian:clientKey", issued.key);
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const theirs = async () => (await cluster.get(foreign))?.["data"];

  test("a namespace that is missing ends the preview where the program reads it, as the documentation shows", async () => {
    site.edit(
      "stacks/index.ts",
      "const bridge = ",
      `import * as core from "@pulumi/kubernetes/core/v1/index.js";\ncore.Namespace.get("relay-namespace", "${namespace}");\nconst bridge = `,
    );

    const missing = await site.run("preview");
    await createNamespace(cluster, namespace);
    await site.succeed("preview");

    expect(page()).toContain('core.Namespace.get("relay-namespace", ');
    expect(missing.code).not.toBe(0);
    expect(missing.output).toContain(`resource '${namespace}' does not exist`);
  });

  test("an object of somebody else's ends the update, and is left as it was, by destroying the stack too", async () => {
    const data = { "their.key": Buffer.from("theirs").toString("base64") };
    await cluster.create({ ...foreign, data });

    await site.succeed("preview");
    const { code, output } = await site.run("up", "--yes", "--skip-preview");

    expect(code).not.toBe(0);
    expect(output).toContain('secrets "historian-client" already exists');
    expect(page()).toContain('secrets "historian-client" already exists');
    expect(await theirs()).toEqual(data);
    await site.succeed("destroy", "--yes", "--skip-preview");
    expect(await theirs()).toEqual(data);
  });

  test("the relay uses it as it is, once the declaration does not create it", async () => {
    const file = "test/engine/program/declaration.ts";
    const declared =
      /secrets: \{\n(.|\n)*?\n {6}\},\n/.exec(readFileSync(path.join(site.folder, file), "utf8"))?.[0] ?? "";
    site.edit(file, declared, "");

    await site.succeed("up", "--yes", "--skip-preview");
    await site.succeed("destroy", "--yes", "--skip-preview");

    expect(await theirs()).toEqual({ "their.key": Buffer.from("theirs").toString("base64") });
    site.edit(file, "relay: {\n      ...site.relay,\n", `relay: {\n      ...site.relay,\n      ${declared}`);
  });

  test("it belongs to the stack after an import, which the next update fills, and goes with it", async () => {
    await site.run("up", "--yes", "--skip-preview");
    const bridge = urn("mqtt-dataflow:index:MqttBridge", "mqtt-dataflow:index:Relay::oslo-relay");
    const provider = urn("pulumi:providers:kubernetes::oslo-cluster");

    await site.succeed(
      "import",
      ...["kubernetes:core/v1:Secret", "oslo-relay-historian-client", `${namespace}/historian-client`],
      ...["--parent", `relay=${bridge}`, "--provider", `cluster=${provider}`],
      ...["--protect=false", "--generate-code=false", "--yes", "--skip-preview"],
    );
    await site.succeed("up", "--yes", "--skip-preview");

    const owned = (await theirs()) as { readonly [key: string]: string };
    expect(Object.keys(owned)).toEqual(expect.arrayContaining(["client_cert.pem", "client_key.pem"]));
    await site.succeed("preview", "--expect-no-changes");
    await site.succeed("destroy", "--yes", "--skip-preview");
    expect(await cluster.get(foreign)).toBeUndefined();
  });
});
