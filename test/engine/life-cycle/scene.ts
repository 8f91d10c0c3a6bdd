import { readFileSync } from "node:fs";

import { certificate } from "../../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { openCluster, readKubeconfig } from "../support/kubernetes/client.ts";
import type { KubernetesClient } from "../support/kubernetes/client.ts";
import { keepControllersRunning } from "../support/kubernetes/running.ts";
import { installPulumi } from "../support/pulumi.ts";
import type { PulumiInstallation } from "../support/pulumi.ts";
import { addPlatformResources, createSite, deployPlatform } from "../support/site.ts";
import type { Site, SiteSettings } from "../support/site.ts";

/** A site's stack, deployed by Pulumi's own Kubernetes provider to a real API server. */
export interface Scene {
  readonly installation: PulumiInstallation;
  readonly cluster: KubernetesClient;
  readonly kubeconfig: string;
  readonly site: Site;
  /** Lets the platform tell of another namespace. */
  moveTo(namespace: string): Promise<void>;
  /** Gives the historian's client another certificate and key, by another authority. */
  renewCertificate(): Promise<void>;
  /** Lets nobody do the work of Kubernetes' controllers, so that Pulumi waits for the StatefulSet. */
  pauseControllers(): Promise<void>;
  resumeControllers(): void;
  stop(): Promise<void>;
}

export interface SceneOptions {
  readonly pulumi: string;
  /** Path of Pulumi's Kubernetes provider. */
  readonly provider: string;
  /** Path of the API server's kubeconfig. */
  readonly kubeconfig: string;
  /** The namespace that the site begins in, and those that it may move to. Nobody creates them here. */
  readonly namespaces: readonly [string, ...string[]];
  readonly settings?: SiteSettings;
}

/** Its volumes can grow. The tests share an API server, so it is not the default one. */
const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "life-cycle" },
  provisioner: "example.com/disk",
  allowVolumeExpansion: true,
};

/** What the volumes of the site have; a test that sets one of them sets all. */
export const volume = { protect: false, storageClassName: storageClass.metadata.name };

/** Long enough that no preview warns of its end. */
const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);

/** Sets up a site whose volumes are not protected; nothing of it is deployed yet. */
export async function setUpScene({ pulumi, provider, namespaces, settings, ...options }: SceneOptions): Promise<Scene> {
  const kubeconfig = readFileSync(options.kubeconfig, "utf8");
  const cluster = openCluster(readKubeconfig(kubeconfig));
  let controllers = keepControllersRunning(cluster, namespaces);
  await cluster.apply(storageClass, { fieldManager: "test" });
  // No default: what reaches the cluster has reached it by the settings of the stack.
  const installation = await installPulumi({ pulumi, kubeconfig: "", kubernetesProvider: provider });
  addPlatformResources(installation);
  const platform = (namespace: string) => ({ namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
  const deploy = await deployPlatform(installation, platform(namespaces[0]));
  const site = await createSite(installation, {
    resourceGroupName: "rg-oslo",
    relay: { image: "mqtt-dataflow-relay:1.0.0", volume },
    eventGrid: { maximumClientSessionsPerAuthenticationName: 12 },
    "historian:host": "historian.plant.example:8883",
    "historian:ca": certificate,
    ...settings,
  });
  // What more than one instance needs at Event Grid.
  const retained = "retain: MqttRetain.Keep,";
  site.edit("stacks/declaration.ts", retained, `${retained} allowSharedSubscriptions: true,`);
  const renewCertificate = async () => {
    const authority = await createCertificateAuthority("historian");
    const issued = await authority.createClientCertificate("oslo", { notAfter });
    site.configure({ "historian:clientCertificate": issued.certificate });
    await site.configureSecret("historian:clientKey", issued.key);
  };
  await renewCertificate();
  await site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
  return {
    ...{ installation, cluster, kubeconfig, site, renewCertificate },
    moveTo: (namespace) => deploy(platform(namespace)),
    pauseControllers: () => controllers.stop(),
    resumeControllers: () => {
      controllers = keepControllersRunning(cluster, namespaces);
    },
    stop: async () => {
      installation.stop();
      await controllers.stop();
    },
  };
}
