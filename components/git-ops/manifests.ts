import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import { manifestsFolder, projectFolder, renderFolder } from "./folder.ts";
import type { GitOpsArgs } from "./settings.ts";

/** An object that is written to a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its name in the program: its own name begins with it, where `objectName` is `undefined`. */
  readonly name: string;
  /** Its own name, where the declaration gives it. */
  readonly objectName: string | undefined;
}

/**
 * A kubeconfig without a cluster. Omitted, it is $KUBECONFIG, which the provider refuses beside a folder. Empty, it is the one that
 * kubectl has, and with a cluster in reach the provider writes files at a preview, under names that the update does not use.
 * As an object, which the SDK's type leaves out, the provider takes it beside a folder.
 * @see Pulumi's Kubernetes provider, CheckConfig, Create and parseKubeconfigPropertyValue; tried with 4.32
 */
const noCluster = { apiVersion: "v1", kind: "Config" };

/**
 * Options of components whose Kubernetes objects are written to files. A ConfigMap that changes keeps its name, and its file.
 *
 * The provider writes a file only when its object changes. Where one is missing it is told to write them all, which a preview then
 * shows as updates. A folder that isn't there at all is no reason: before the first update none is.
 */
export function intoManifests(
  bridge: pulumi.Resource,
  name: string,
  gitOps: GitOpsArgs,
): pulumi.ComponentResourceOptions {
  const manifests: Manifest[] = [];
  // The bridge's constructor has gone through all its resources before a promise goes on.
  const isMissingOne = Promise.resolve().then(() => warnOfMissing(bridge, gitOps, manifests) || undefined);
  const provider = new Provider(
    `${name}-manifests`,
    {
      renderYamlToDirectory: renderFolder(gitOps.directory),
      enableConfigMapMutable: true,
      kubeconfig: noCluster as unknown as string,
      alwaysRender: isMissingOne,
    },
    { parent: bridge },
  );
  return { parent: bridge, provider, transformations: [noteManifests(manifests), letFluxReplace] };
}

/**
 * What Pulumi's provider does by itself for a field that can't change in place, such as the claim template of the first spool: the set is
 * deleted and made anew under its name. The claims stay.
 * @see Flux, kustomize-controller, controlling the apply behavior of resources
 */
const replacesWhereNeeded = { "kustomize.toolkit.fluxcd.io/force": "enabled" };

const letFluxReplace: pulumi.ResourceTransformation = ({ type, props, opts }) => {
  if (type !== "kubernetes:apps/v1:StatefulSet") return undefined;
  const { metadata } = props as { metadata?: { annotations?: object } };
  const annotations = { ...metadata?.annotations, ...replacesWhereNeeded };
  return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
};

function noteManifests(manifests: Manifest[]): pulumi.ResourceTransformation {
  return ({ type, name, props }) => {
    const { apiVersion, kind, metadata } = props as {
      apiVersion?: unknown;
      kind?: unknown;
      metadata?: { name?: unknown };
    };
    if (!type.startsWith("kubernetes:") || typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
    const given = metadata?.name;
    // What is named by an output may have any name.
    if (given === undefined || typeof given === "string") manifests.push({ apiVersion, kind, name, objectName: given });
    return undefined;
  };
}

function warnOfMissing(bridge: pulumi.Resource, { directory }: GitOpsArgs, manifests: readonly Manifest[]): boolean {
  const folder = path.resolve(projectFolder(), directory);
  if (!existsSync(folder)) return false;
  const missing = findMissing(folder, manifests);
  const [first] = missing;
  if (first === undefined) return false;
  const files = `${missing.length} of ${manifests.length} files`;
  const text = `gitOps.directory: "${directory}" lacks ${files}, such as that of ${first.kind} "${first.objectName ?? first.name}"; all are written again`;
  void pulumi.log.warn(text, bridge);
  return true;
}

/** The objects that have no file in the folder. */
export function findMissing(folder: string, manifests: readonly Manifest[]): Manifest[] {
  const written = path.join(folder, manifestsFolder);
  const files = existsSync(written) ? readdirSync(written) : [];
  return manifests.filter((manifest) => !files.some((file) => isFileOf(manifest, file)));
}

/** Files are named `<apiVersion>-<kind>-<namespace>-<name>.yaml`. @see Pulumi's Kubernetes provider, renderPathForResource */
function isFileOf({ apiVersion, kind, name, objectName }: Manifest, file: string): boolean {
  const begin = `${apiVersion.replaceAll(/[/:]/g, "_")}-${kind.toLowerCase()}-`;
  if (!file.startsWith(begin) || !file.endsWith(".yaml")) return false;
  const end = `-${file.slice(begin.length, -".yaml".length)}`;
  if (objectName !== undefined) return end.endsWith(`-${objectName}`);
  return end.endsWith(`-${name}`) || end.includes(`-${name}-`);
}
