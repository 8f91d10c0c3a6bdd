import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { addPlatformResources, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import type { Values } from "./support/values.ts";

/*
 * A site whose cluster fetches its manifests from a repository. Each test goes on from where the one before it has left the stack. The
 * engine is the real one; of the Kubernetes provider it is a stand-in that renders, since its own is no part of these tests.
 */
describeWithParts(["pulumi"], ([pulumi]) => {
  const before = process.env["KUBECONFIG"];
  let installation: PulumiInstallation;
  let site: Site;
  let written: readonly string[];

  beforeAll(async () => {
    // What a program's own provider would take from its environment.
    process.env["KUBECONFIG"] = "/home/somebody/.kube/config";
    // What the provider would find without a kubeconfig: a cluster in reach.
    installation = await installPulumi({ pulumi, kubeconfig: "/home/somebody/.kube/config" });
    addPlatformResources(installation);
    const cluster = `${subscription}/resourceGroups/rg-oslo/providers/Microsoft.Kubernetes/connectedClusters/oslo`;
    installation.arm.set(cluster, { name: "oslo" });
    await deployPlatform(installation, {
      namespace: "azure-iot-operations",
      oidcIssuerUrl: "https://oidc.example/oslo",
    });
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0" },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
    });
    // This one has Secrets, which are never written to files.
    site.edit("stacks/index.ts", '"../test/engine/program/declaration.ts"', '"./declaration.ts"');
    // No cluster is deployed to.
    site.edit("stacks/index.ts", "providers: { kubernetes: connectToCluster(settings) },", "");
    declare("./manifests/oslo");
    mkdirSync(path.join(site.folder, ".git"));
    writeFileSync(path.join(site.folder, ".git/config"), `[remote "origin"]\n\turl = ${repositoryUrl}\n`);
  });

  afterAll(() => {
    process.env["KUBECONFIG"] = before;
    if (before === undefined) delete process.env["KUBECONFIG"];
    installation.stop();
    removeTemporaryFolders();
  });

  const repositoryUrl = "https://git.example.com/contoso/sites";
  let declared = "declareBridge(settings, platform)";
  const declare = (followed: string) => {
    const flux = { resourceGroupName: "rg-oslo", clusterName: "oslo", repositoryUrl, path: followed };
    const gitOps = JSON.stringify({ directory: "manifests/oslo", flux });
    const wanted = `{ ...declareBridge(settings, platform), gitOps: ${gitOps} }`;
    site.edit("stacks/index.ts", `settings.site, ${declared},`, `settings.site, ${wanted},`);
    declared = wanted;
  };
  const folder = () => path.join(site.folder, "manifests/oslo/1-manifest");
  const up = () => site.succeed("up", "--yes", "--skip-preview");

  test("writes the manifests below the folder of Pulumi.yaml, whatever $KUBECONFIG is, and at a preview none", async () => {
    await site.succeed("preview");
    expect(readdirSync(site.folder)).not.toContain("manifests");

    await up();

    written = readdirSync(folder()).sort();
    expect(written.map((file) => file.replace(/-[0-9a-f]{8}(-0)?\.yaml$/, "$1"))).toEqual([
      "apps_v1-statefulset-azure-iot-operations-oslo-relay-set",
      "networking.k8s.io_v1-networkpolicy-azure-iot-operations-oslo-relay-net",
      "v1-configmap-azure-iot-operations-oslo-relay-cfg",
      "v1-persistentvolumeclaim-azure-iot-operations-spool-oslo-relay-set-0",
      "v1-service-azure-iot-operations-oslo-relay-svc",
      "v1-serviceaccount-azure-iot-operations-oslo-relay-sa",
    ]);
    expect(readdirSync(path.join(site.folder, "stacks"))).not.toContain("manifests");
    await site.succeed("preview", "--expect-no-changes");
    expect(await site.succeed("stack", "export")).not.toContain("/home/somebody");
  });

  test("lets Flux replace the StatefulSet alone, where a field of it can't change in place", () => {
    const replaced = written.filter((file) =>
      readFileSync(path.join(folder(), file), "utf8").includes("kustomize.toolkit.fluxcd.io/force: enabled"),
    );

    expect(replaced).toEqual(written.filter((file) => file.includes("statefulset")));
  });

  test("ends the preview where Flux looks elsewhere in that repository", async () => {
    declare("./stacks/manifests/oslo");

    const { code, output } = await site.run("preview");

    declare("./manifests/oslo");
    expect(code).not.toBe(0);
    expect(output).toContain(
      'gitOps.flux.path: is "./stacks/manifests/oslo", and the manifests are written to "./manifests/oslo" of this repository;',
    );
  });

  test("a file that was deleted comes back, under its name and announced by the preview, and then nothing changes any more", async () => {
    const [deleted = ""] = written;
    const text = readFileSync(path.join(folder(), deleted), "utf8");
    rmSync(path.join(folder(), deleted));

    const shown = await site.succeed("preview");
    await up();

    expect(shown).toContain(
      'gitOps.directory: "manifests/oslo" lacks 1 of 6 files, such as that of StatefulSet "oslo-relay-set-',
    );
    expect(readFileSync(path.join(folder(), deleted), "utf8")).toBe(text);
    expect(readdirSync(folder()).sort()).toEqual(written);
    await up();
    await site.succeed("preview", "--expect-no-changes");
  });

  test("so do all of them, into a folder that was made empty", async () => {
    rmSync(folder(), { recursive: true });

    await up();

    expect(readdirSync(folder()).sort()).toEqual(written);
    await up();
  });

  test("a refresh that leaves the cluster's half out finds what was changed by hand in Azure, by the command that the documentation has", async () => {
    const namespaceId = installation.arm.ids.find((id) => /\/namespaces\/[^/]+$/.test(id)) ?? "";
    const resource = installation.arm.get(namespaceId) ?? {};
    const topicSpaces = resource["topicSpacesConfiguration"] as Values;
    const topicSpacesConfiguration = { ...topicSpaces, maximumClientSessionsPerAuthenticationName: 3 };
    installation.arm.set(namespaceId, { ...resource, topicSpacesConfiguration });
    const page = readFileSync(path.join(import.meta.dirname, "../../doc/operations.md"), "utf8");

    const half = await site.succeed("refresh", "--yes", "--skip-preview", "--diff", "--exclude", "**$kubernetes:**");

    const whole = await site.run("refresh", "--yes", "--skip-preview");

    expect(page).toContain("pulumi refresh --exclude '**$kubernetes:**'");
    expect(whole.code).not.toBe(0);
    expect(whole.output).toContain("failed to read resource state due to unreachable cluster");
    expect(half).toMatch(/maximumClientSessionsPerAuthenticationName: 5 => 3/);
    expect(await site.succeed("preview", "--diff")).toMatch(/maximumClientSessionsPerAuthenticationName: 3 => 5/);
    await up();
    await site.succeed("preview", "--expect-no-changes");
  });

  test("destroying the stack removes the files, but for the claim of the disk, which Pulumi never deletes", async () => {
    site.configure({
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5, protect: false },
      relay: { image: "mqtt-dataflow-relay:1.0.0", volume: { protect: false } },
    });
    await up();

    await site.succeed("destroy", "--yes", "--skip-preview");

    expect(readdirSync(folder())).toEqual([expect.stringContaining("persistentvolumeclaim")]);
  });
});
