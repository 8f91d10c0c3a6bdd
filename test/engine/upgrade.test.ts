import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { certificate } from "../../doc/checks/declaration.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { isRecording, recordedReleases, thisRelease } from "../support/releases.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { addPlatformResources, createNamespace, createSite, deployPlatform } from "./support/site.ts";
import type { Site } from "./support/site.ts";

/** What becomes of one resource. */
interface Step {
  readonly op: string;
  readonly urn: string;
}

/** What `pulumi preview --json` prints. */
interface Preview {
  /** Resources by what becomes of them; those that stay the same are no steps. */
  readonly changeSummary: { readonly [op: string]: number };
  readonly steps: readonly Step[];
}

/** For `JSON.parse`: leaves out where in the sources a resource was declared, which are paths of the machine that recorded it. */
function withoutPlaces(key: string, value: unknown): unknown {
  return key === "sourcePosition" || key === "stackTrace" ? undefined : value;
}

/** Steps after which every resource is still the one that it was. */
const keeping = ["same", "update", "create", "read", "refresh"];
const stateFile = "state.json.gz";

/*
 * The state of a site's stack that an earlier release deployed, under the program of today: nothing may be replaced or deleted. That
 * would end sessions, disks and roles. Only the state is kept: what is in Azure and in the cluster doesn't matter for a preview.
 */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const namespace = "upgrade";
  let installation: PulumiInstallation;
  let kubeconfig: string;

  beforeAll(async () => {
    kubeconfig = readFileSync(process.env[kubeconfigVariable] ?? "", "utf8");
    await createNamespace(openCluster(readKubeconfig(kubeconfig)), namespace);
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    addPlatformResources(installation);
    await deployPlatform(installation, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
    if (isRecording) await record(await prepareSite());
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  /** A site's stack with nothing in it yet; certificates and addresses are others each time. */
  async function prepareSite(): Promise<Site> {
    const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
    const issued = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", { notAfter });
    const site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0", volume: { protect: false } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5, protect: false },
      kubernetes: { context: "site" },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": issued.certificate,
      "historian:ca": certificate,
    });
    await site.configureSecret("historian:clientKey", issued.key);
    await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
    return site;
  }

  async function record(site: Site): Promise<void> {
    await site.succeed("up", "--yes", "--skip-preview");
    const file = path.join(createTemporaryFolder("state"), "state.json");
    await site.succeed("stack", "export", "--file", file);
    thisRelease.write(stateFile, JSON.stringify(JSON.parse(readFileSync(file, "utf8"), withoutPlaces)));
    await site.succeed("destroy", "--yes", "--skip-preview");
    await site.succeed("stack", "rm", "--yes");
  }

  test.each(recordedReleases().map((release) => [release.version, release] as const))(
    "a stack of %s previews without a replacement and without a deletion",
    async (_, release) => {
      const site = await prepareSite();
      const file = path.join(createTemporaryFolder("state"), "state.json");
      writeFileSync(file, release.read(stateFile));
      await site.succeed("stack", "import", "--file", file);

      const printed = await site.succeed("preview", "--json");

      const { steps, changeSummary } = JSON.parse(printed) as Preview;
      const lost = steps.filter(({ op }) => !keeping.includes(op)).map(({ op, urn }) => `${op} ${urn}`);
      expect(lost).toEqual([]);
      expect(changeSummary["same"]).toBeGreaterThan(10);
      await site.succeed("stack", "rm", "--yes", "--force");
    },
  );
});
