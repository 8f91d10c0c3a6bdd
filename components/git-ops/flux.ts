import type * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import type * as pulumi from "@pulumi/pulumi";

import type { FluxArgs } from "./settings.ts";

/** Time in seconds between two looks at the repository. @see Azure Arc, GitOps Flux v2 configurations */
const syncIntervalSeconds = 600;

/** Points Flux at the folder; what disappears from it is deleted in the cluster too. */
export function buildFluxConfiguration(
  fluxConfigurationName: string,
  namespace: pulumi.Input<string>,
  { resourceGroupName, clusterName, repositoryUrl, branch, path, localAuthRef }: FluxArgs,
): kubernetesconfiguration.FluxConfigurationArgs {
  return {
    resourceGroupName,
    clusterRp: "Microsoft.Kubernetes",
    clusterResourceName: "connectedClusters",
    clusterName,
    fluxConfigurationName,
    scope: "cluster",
    namespace,
    sourceKind: "GitRepository",
    gitRepository: {
      url: repositoryUrl,
      repositoryRef: { branch: branch ?? "main" },
      syncIntervalInSeconds: syncIntervalSeconds,
      ...(localAuthRef === undefined ? {} : { localAuthRef }),
    },
    kustomizations: { relay: { path, prune: true, syncIntervalInSeconds: syncIntervalSeconds } },
  };
}
