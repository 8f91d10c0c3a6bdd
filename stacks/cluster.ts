import * as kubernetes from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import type { Settings } from "./settings.ts";

/**
 * The provider that deploys to the site's cluster, which has to be said to the components.
 * ConfigMaps and Secrets change in place and keep their names: replaced, as the provider would do by default, a renewed
 * certificate would be gone for a moment. @see doc/adr/0004-configmaps-and-secrets.md
 */
export function connectToCluster({ site, kubernetes: cluster }: Settings): kubernetes.Provider {
  const { clusterIdentifier, context, kubeconfig, enablePatchForce } = cluster;
  return new kubernetes.Provider(`${site}-cluster`, {
    // Another address is no other cluster: by its address the provider would replace every object, the disks' claims among them.
    clusterIdentifier: clusterIdentifier ?? site,
    ...(context === undefined ? {} : { context }),
    // Settings come in clear, whatever they are in their file; the state keeps this one encrypted. An empty text means $KUBECONFIG
    // or ~/.kube/config: left out, the provider would write this machine's path into the state.
    kubeconfig: kubeconfig === undefined ? "" : pulumi.secret(kubeconfig),
    ...(enablePatchForce === undefined ? {} : { enablePatchForce }),
    enableConfigMapMutable: true,
    enableSecretMutable: true,
  });
}
