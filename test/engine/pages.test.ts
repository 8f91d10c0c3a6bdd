import { readFileSync, symlinkSync } from "node:fs";
import path from "node:path";

import { findPages, readPage, type Block } from "../support/pages/page.ts";
import { createReader, type Reader } from "../support/pages/run-page.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { stopProcesses } from "../support/started-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import { installPulumi, type PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace } from "./support/site.ts";

const pages = findPages()
  .map(readPage)
  .filter((page) => page.needsPulumi);

/** The pages' namespace is that of other tests too; each file has its own. */
const replacements = { "namespace: azure-iot-operations": "namespace: pages" };

describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let installation: PulumiInstallation;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    await createNamespace(openCluster(readKubeconfig(readFileSync(kubeconfig, "utf8"))), "pages");
    const programs = createTemporaryFolder("programs");
    symlinkSync(pulumi, path.join(programs, "pulumi"));
    installation = await installPulumi({ pulumi, kubeconfig, programs: [programs] });
    addPlatformResources(installation);
  });

  afterAll(async () => {
    await stopProcesses();
    installation.stop();
    removeTemporaryFolders();
  });

  describe.each(pages.map((page) => [page.file, page] as const))("%s, as its reader follows it", (_, page) => {
    let reader: Reader;

    beforeAll(async () => {
      reader = await createReader(page, { env: installation.environment, replacements });
    });

    const steps = page.blocks.map((block): [string, Block] => [
      `${block.where}: ${block.text.split("\n")[0] ?? ""}`,
      block,
    ]);

    test.each(steps)("%s", async (_, block) => {
      await expect(reader.follow(block)).resolves.toBeUndefined();
    });
  });
});
