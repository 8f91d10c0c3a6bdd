import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { previewSteps, withoutComponents } from "./life-cycle/steps.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";

const parts = ["pulumi", "kube-apiserver", "etcd", "pulumi-resource-kubernetes"] as const;

/*
 * A site whose cluster fetches its manifests, by Pulumi's own Kubernetes provider, while $KUBECONFIG leads to a real API server. Each
 * test goes on from where the one before it has left the stack.
 */
describeWithParts(parts, ([pulumi, , , provider]) => {
  const namespace = "life-git-ops";
  let installation: PulumiInstallation;
  let site: Site;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    installation = await installPulumi({ pulumi, kubeconfig, kubernetesProvider: provider });
    addPlatformResources(installation);
    await deployPlatform(installation, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0", volume: { protect: false } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5, protect: false },
    });
    // This one has Secrets, which are never written to files.
    site.edit("stacks/index.ts", '"../test/engine/program/declaration.ts"', '"./declaration.ts"');
    // No cluster is deployed to.
    site.edit("stacks/index.ts", "providers: { kubernetes: connectToCluster(settings) },", "");
    const declared = "declareBridge(settings, platform)";
    site.edit(
      "stacks/index.ts",
      `settings.site, ${declared},`,
      `settings.site, { ...${declared}, gitOps: { directory: "manifests/oslo" } },`,
    );
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const folder = () => path.join(site.folder, "manifests/oslo/1-manifest");
  const files = () => readdirSync(folder()).sort();
  const fileOf = (kind: string) => path.join(folder(), files().find((name) => name.includes(kind)) ?? kind);
  const inCluster = async () => {
    const cluster = openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
    return cluster.list("apps/v1", "StatefulSet", namespace);
  };

  test("an update writes the manifests, and touches no cluster, though $KUBECONFIG has one", async () => {
    await site.succeed("up", "--yes", "--skip-preview");

    expect(files().map((file) => file.replace(/-[0-9a-f]{8}(-0)?\.yaml$/, "$1"))).toEqual([
      `apps_v1-statefulset-${namespace}-oslo-relay-set`,
      `networking.k8s.io_v1-networkpolicy-${namespace}-oslo-relay-net`,
      `v1-configmap-${namespace}-oslo-relay-cfg`,
      `v1-persistentvolumeclaim-${namespace}-spool-oslo-relay-set-0`,
      `v1-service-${namespace}-oslo-relay-svc`,
      `v1-serviceaccount-${namespace}-oslo-relay-sa`,
    ]);
    expect(await inCluster()).toEqual([]);
    await site.succeed("preview", "--expect-no-changes");
  });

  test("a changed declaration changes its files alone", async () => {
    const service = readFileSync(fileOf("service-"), "utf8");
    site.configure({ relay: { image: "mqtt-dataflow-relay:1.0.1" } });

    const shown = await previewSteps(site);
    const before = readFileSync(fileOf("statefulset"), "utf8");
    await site.succeed("up", "--yes", "--skip-preview");

    expect(withoutComponents(shown)).toEqual(["update StatefulSet oslo-relay-set"]);
    expect(before).toContain("mqtt-dataflow-relay:1.0.0");
    expect(readFileSync(fileOf("statefulset"), "utf8")).toContain("mqtt-dataflow-relay:1.0.1");
    expect(readFileSync(fileOf("service-"), "utf8")).toBe(service);
  });

  test("a refresh can't read the manifests, in the words that the documentation has, and passes without them", async () => {
    const { code, output } = await site.run("refresh", "--yes", "--skip-preview");
    const page = readFileSync(path.join(import.meta.dirname, "../../doc/operations.md"), "utf8");
    const unreachable = "failed to read resource state due to unreachable cluster";

    expect(code).not.toBe(0);
    expect(output).toContain(unreachable);
    expect(page).toContain(unreachable);
    await site.succeed("refresh", "--yes", "--skip-preview", "--exclude", "**$kubernetes:**");
    await site.succeed("preview", "--expect-no-changes");
  });

  test("destroying removes the files but the claim's, so that the cluster keeps the disk", async () => {
    await site.succeed("destroy", "--yes", "--skip-preview");

    expect(files()).toEqual([expect.stringMatching(`^v1-persistentvolumeclaim-${namespace}-spool-oslo-relay-set-`)]);
  });
});
