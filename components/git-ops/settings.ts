import type * as pulumi from "@pulumi/pulumi";

/** For a cluster that whoever runs Pulumi can't reach: its part becomes files, which the cluster fetches by itself. */
export interface GitOpsArgs {
  /** Folder that the manifests are written to, such as `"manifests/oslo"`. Everything in it belongs to this bridge. */
  directory: string;
  /** Flux configuration of the cluster to create. Omitted: whoever runs the cluster points it at the folder. */
  flux?: FluxArgs;
}

/** A Flux configuration of an Arc-enabled cluster, which keeps the cluster as the folder of a repository says. */
export interface FluxArgs {
  /** Resource group of the Arc-enabled cluster. */
  resourceGroupName: pulumi.Input<string>;
  /** Name of the Arc-enabled cluster. */
  clusterName: pulumi.Input<string>;
  /** Repository that the manifests are committed to, `https://…` or `ssh://…`. */
  repositoryUrl: pulumi.Input<string>;
  /**
   * Branch that the cluster follows.
   * @default "main"
   */
  branch?: pulumi.Input<string>;
  /** Folder in the repository, such as `"./manifests/oslo"`. */
  path: pulumi.Input<string>;
  /** Name of a Secret in the configuration's namespace with the credentials of a private repository. */
  localAuthRef?: pulumi.Input<string>;
}
