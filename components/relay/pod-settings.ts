import type * as inputs from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import type { ImagePullPolicy, TaintEffect, TolerationOperator } from "../enumerations.ts";
import { relayDefaults } from "./defaults.ts";
import { volumeName } from "./volume.ts";

/** Lets pods onto nodes with a taint. @see Kubernetes, Taints and tolerations */
export interface TolerationArgs {
  /** Key of the taint. Omitted, with `Exists`: every taint. */
  key?: pulumi.Input<string>;
  /**
   * How key and value are compared.
   * @default "Equal"
   */
  operator?: TolerationOperator;
  /** Value of the taint; with `Equal` alone. */
  value?: pulumi.Input<string>;
  /** Effect of the taint. Omitted: all of them. */
  effect?: TaintEffect;
  /** Time in seconds that a pod stays on a node which gets the taint `NoExecute`. Omitted: for ever. */
  tolerationSeconds?: pulumi.Input<number>;
}

/** A further volume of the pods. */
export interface PodVolumeArgs {
  /** What it is, as in Kubernetes: `{ configMap: { name: "more" } }`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- Kubernetes declares its fields
  source: { [kind: string]: any };
  /** Absolute path in the container; not one that the relay has its own files at. */
  mountPath: string;
  /**
   * Whether it is mounted for reading only.
   * @default true
   */
  readOnly?: boolean;
}

/** What pods have besides what the relay needs, as in Kubernetes' PodSpec. */
export interface PodSettingsArgs {
  /** Further labels of the pods. */
  labels?: { [key: string]: pulumi.Input<string> };
  /** Further annotations of the pods. */
  annotations?: { [key: string]: pulumi.Input<string> };
  /** Labels that a node has to have, besides `kubernetes.io/os: linux`. */
  nodeSelector?: { [key: string]: pulumi.Input<string> };
  /** Taints of nodes that the pods may run on. */
  tolerations?: TolerationArgs[];
  /** Affinity to nodes and to other pods. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- Kubernetes declares its fields
  affinity?: { [kind: string]: any };
  /** How pods are spread. Omitted: over nodes where there is more than one instance, as far as there are enough. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- Kubernetes declares its fields
  topologySpreadConstraints?: { [field: string]: any }[];
  /** Name of the PriorityClass. */
  priorityClassName?: pulumi.Input<string>;
  /**
   * When the image is pulled.
   * @default "IfNotPresent", or "Always" for the tag "latest"
   */
  imagePullPolicy?: ImagePullPolicy;
  /** Further variables of the relay's environment. */
  environment?: { [name: string]: pulumi.Input<string> };
  /** Further volumes, by name. */
  volumes?: { [name: string]: PodVolumeArgs };
}

/** What the relay itself sets. */
const ownLabel = /^(app\.kubernetes\.io\/(name|instance|part-of|managed-by)|azure\.workload\.identity\/use)$/;
const ownAnnotation = /^mqtt-dataflow\//;
const ownVariable = /^(RELAY_\w+|NODE_OPTIONS)$/;
const ownVolume = new RegExp(`^(config|tokens|${volumeName}|secret-\\d+|configmap-\\d+)$`);
/** @see Kubernetes, Object names and IDs, RFC 1123 label names */
const volumeNames = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Lists what would take the place of what the relay needs. */
export function checkPod(pod: PodSettingsArgs): Problem[] {
  const taken = (field: "labels" | "annotations" | "environment", own: RegExp) =>
    Object.keys(pod[field] ?? {})
      .filter((name) => own.test(name))
      .map((name) => ({ path: `pod.${field}.${name}`, problem: "is set by the relay itself", remedy: "remove it" }));
  return [
    ...taken("labels", ownLabel),
    ...taken("annotations", ownAnnotation),
    ...taken("environment", ownVariable),
    ...Object.entries(pod.volumes ?? {}).flatMap(([name, { mountPath }]) =>
      checkVolume(`pod.volumes.${name}`, name, mountPath),
    ),
  ];
}

function checkVolume(path: string, name: string, mountPath: string): Problem[] {
  const problems: Problem[] = [];
  if (ownVolume.test(name))
    problems.push({ path, problem: "has the name of a volume of the relay's", remedy: "rename it" });
  else if (!volumeNames.test(name))
    problems.push({ path, problem: "is no name for a volume", remedy: 'use lower-case letters, digits and "-"' });
  const { mountPath: ownPath, spoolPath } = relayDefaults();
  const isOwn = [ownPath, spoolPath].some((own) => isWithin(mountPath, own) || isWithin(own, mountPath));
  if (!mountPath.startsWith("/") || isOwn) {
    const problem = `is ${JSON.stringify(mountPath)}, ${isOwn ? "where the relay has files of its own" : "which is no absolute path"}`;
    problems.push({ path: `${path}.mountPath`, problem, remedy: 'give another path, such as "/mnt/more"' });
  }
  return problems;
}

function isWithin(path: string, folder: string): boolean {
  return `${path.replace(/\/+$/, "")}/`.startsWith(`${folder.replace(/\/+$/, "")}/`);
}

/** The further volumes of a pod, and where they are mounted. */
export function buildPodVolumes({ volumes = {} }: PodSettingsArgs): {
  readonly volumes: inputs.core.v1.Volume[];
  readonly mounts: inputs.core.v1.VolumeMount[];
} {
  const entries = Object.entries(volumes);
  return {
    volumes: entries.map(([name, { source }]) => ({ ...source, name })),
    mounts: entries.map(([name, { mountPath, readOnly = true }]) => ({ name, mountPath, readOnly })),
  };
}
