import type * as pulumi from "@pulumi/pulumi";

/** For a cluster that whoever runs Pulumi can't reach: its part becomes files, which the cluster fetches by itself. */
export interface GitOpsArgs {
  /**
   * Folder that the manifests are written to, such as `"manifests/oslo"`, counted from the folder of Pulumi.yaml. Everything in it
   * belongs to this bridge. A change replaces all manifests. Where one is missing in a folder that exists, all are written again.
   */
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
  /**
   * Folder in the repository, such as `"./manifests/oslo"`, counted from its top. Where `repositoryUrl` is the repository that the
   * project is in, it has to lead to `directory`, or to a kustomization.yaml that does.
   */
  path: pulumi.Input<string>;
  /** Name of a Secret in the configuration's namespace with the credentials of a private repository. */
  localAuthRef?: pulumi.Input<string>;
}
