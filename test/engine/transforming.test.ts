import { readFileSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { startProcess } from "../support/started-process.ts";
import type { StartedProcess } from "../support/started-process.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient } from "./support/kubernetes/client.ts";
import { createProgramStack } from "./support/program-stack.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";

const project = path.join(import.meta.dirname, "../..");
const namespace = "transforming";

/* Whatever a bridge consists of can be adapted by a program that has not made it. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let plugin: StartedProcess;
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;

  beforeAll(async () => {
    cluster = openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
    await createNamespace(cluster, namespace);
    plugin = startProcess(process.execPath, ["--no-warnings", path.join(project, "components/plugin.ts")]);
    const port = await plugin.untilLine((line) => /^\d+$/.test(line));
    installation = await installPulumi({
      pulumi,
      kubeconfig: process.env[kubeconfigVariable] ?? "",
      plugins: [`mqtt-dataflow:${port}`],
    });
  });

  afterAll(async () => {
    installation.stop();
    await plugin.stop();
    removeTemporaryFolders();
  });

  test.each([
    ["in the program itself", false],
    ["in the plugin, for programs in other languages", true],
  ])("a transform of the bridge reaches what is in it: %s", async (_, isRemote) => {
    const stack = await createProgramStack(installation, "transforming", isRemote ? "remote" : "local");
    stack.configure({ isRemote });

    const shown = await stack.succeed("preview", "--diff");
    await stack.succeed("up", "--yes", "--skip-preview");

    const [set = ""] = await cluster.list("apps/v1", "StatefulSet", namespace);
    const deployed = await cluster.get({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: set, namespace },
    });
    const broker = installation.arm.ids.find((id) => /\/Microsoft\.EventGrid\/namespaces\/[^/]+$/.test(id)) ?? "";
    expect(shown).toContain('costCentre: "4711"');
    expect(deployed?.metadata["annotations"]).toMatchObject({ "example.com/owner": "edge-team" });
    expect(installation.arm.get(broker)?.["tags"]).toEqual({ costCentre: "4711" });
    await stack.succeed("destroy", "--yes", "--skip-preview");
  });

  test("the page shows the transform of this test", () => {
    const program = readFileSync(path.join(project, "test/engine/program/transforming/house-rules.ts"), "utf8");
    const page = readFileSync(path.join(project, "doc/package.md"), "utf8");

    expect(page).toContain(program);
  });
});
