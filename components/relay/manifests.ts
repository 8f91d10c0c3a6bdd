import { createHash } from "node:crypto";

import type * as apps from "@pulumi/kubernetes/apps/v1/index.js";
import type * as core from "@pulumi/kubernetes/core/v1/index.js";
import type * as networking from "@pulumi/kubernetes/networking/v1/index.js";
import type * as policy from "@pulumi/kubernetes/policy/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import { RelayReadiness } from "../enumerations.ts";
import { mapInput } from "../known.ts";
import { podDefaults, relayDefaults, relayName } from "./defaults.ts";
import { buildVolumeMounts, buildVolumes, gatherFiles } from "./files.ts";
import type { MountedFiles } from "./files.ts";
import { buildEgress } from "./network.ts";
import { buildPodTemplate } from "./pod.ts";
import { buildPodVolumes } from "./pod-settings.ts";
import { buildVolumeClaim, volumeName } from "./volume.ts";
import type { ProxyArgs, RelayEndpointArgs, RelaySettingsArgs, WorkloadIdentityArgs } from "./settings.ts";

/** Namespace and labels of everything that belongs to one relay. */
export interface RelayMetadata {
  readonly namespace: pulumi.Input<string>;
  readonly labels: Labels;
}

interface Labels {
  [key: string]: string;
}

/** What the manifests depend on beyond the settings. */
export interface ManifestParts {
  readonly endpoints: { readonly [name: string]: RelayEndpointArgs };
  /** Whether the pods have a managed identity. */
  readonly usesIdentity: pulumi.Input<boolean>;
}

/** What the StatefulSet refers to. */
export interface StatefulSetParts extends ManifestParts {
  readonly configText: pulumi.Output<string>;
  readonly configMapName: pulumi.Output<string>;
  readonly serviceAccountName: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;
  /** Whether a dataflow writes to the disk. */
  readonly usesVolume: pulumi.Input<boolean>;
  /** IDs of the claims that the pods' disks are asked for by, in order of the pods; empty without a disk. */
  readonly claims: pulumi.Input<string[]>;
}

/** Label that the workload identity webhook looks for on pods. @see Azure Workload Identity, service account labels and annotations */
const usesWorkloadIdentity = { "azure.workload.identity/use": "true" };

const nameLabel = "app.kubernetes.io/name";
const instanceLabel = "app.kubernetes.io/instance";

/** The labels of everything that belongs to the relay of this name. */
export function buildLabels(name: string): Labels {
  return {
    [nameLabel]: relayName,
    [instanceLabel]: name,
    "app.kubernetes.io/part-of": "mqtt-dataflow",
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** The labels that tell the relay's pods from all others; a StatefulSet never changes its selector. */
function podLabels({ labels }: RelayMetadata): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key === nameLabel || key === instanceLabel));
}

export function instanceCountOf({ instanceCount }: RelaySettingsArgs): number {
  return instanceCount ?? relayDefaults().instanceCount;
}

function metricsPortOf({ metricsPort }: RelaySettingsArgs): number {
  return metricsPort ?? relayDefaults().metricsPort;
}

export function buildServiceAccount(
  metadata: RelayMetadata,
  identity: WorkloadIdentityArgs | undefined,
): core.ServiceAccountArgs {
  const annotations = identity && { "azure.workload.identity/client-id": identity.clientId };
  return {
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    automountServiceAccountToken: false,
  };
}

/** Headless: it gives the StatefulSet's pods their names, and lets metrics be scraped from each of them. */
export function buildService(metadata: RelayMetadata, settings: RelaySettingsArgs): core.ServiceArgs {
  return {
    metadata,
    spec: {
      clusterIP: "None",
      // A relay that is not ready is the one whose metrics are wanted.
      publishNotReadyAddresses: true,
      selector: podLabels(metadata),
      ports: [{ name: "metrics", port: metricsPortOf(settings), targetPort: "metrics", protocol: "TCP" }],
    },
  };
}

/**
 * Name of a relay's StatefulSet, the same whenever it is replaced or made again: the claims of its pods are named after it, and with
 * them the disks where messages wait. Other stacks, which may have a relay of that name too, have another one.
 */
export function statefulSetName(name: string): string {
  return `${name}-set-${sha256(`${pulumi.getProject()}/${pulumi.getStack()}`).slice(0, 8)}`;
}

/** What decides about the claims that its controller makes, and can't be changed in a StatefulSet. */
export const claimTemplateFields = ["resources.requests.storage", "storageClassName"].map(
  (field) => `spec.volumeClaimTemplates[0].spec.${field}`,
);

export function buildStatefulSet(
  metadata: RelayMetadata & { readonly name: string },
  settings: RelaySettingsArgs,
  parts: StatefulSetParts,
): apps.StatefulSetArgs {
  return {
    metadata,
    spec: {
      replicas: instanceCountOf(settings),
      serviceName: parts.serviceName,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      selector: { matchLabels: podLabels(metadata) },
      template: buildTemplate(metadata, settings, parts),
      volumeClaimTemplates: mapInput(parts.usesVolume, (uses) =>
        uses ? [buildVolumeClaim(settings.volume ?? {})] : [],
      ),
      // What waits on the disk outlives the pods: a smaller or a deleted set is often a mistake.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    },
  };
}

function buildTemplate(metadata: RelayMetadata, settings: RelaySettingsArgs, parts: StatefulSetParts) {
  const { mountPath, spoolPath, drainTimeoutSeconds } = relayDefaults();
  const files = filesOf(parts.endpoints, settings.proxy);
  const added = buildPodVolumes(settings.pod ?? {});
  return buildPodTemplate({
    settings: settings.pod ?? {},
    labels: mapInput(parts.usesIdentity, (uses) =>
      uses ? { ...metadata.labels, ...usesWorkloadIdentity } : metadata.labels,
    ),
    podLabels: podLabels(metadata),
    // A provider that updates ConfigMaps in place keeps their name, and pods read their configuration once.
    annotations: { "mqtt-dataflow/config-sha256": parts.configText.apply(sha256) },
    serviceAccountName: parts.serviceAccountName,
    image: settings.image,
    imagePullSecrets: settings.imagePullSecrets ?? [],
    instanceCount: instanceCountOf(settings),
    readyWhen: settings.readyWhen ?? RelayReadiness.Connected,
    metricsPort: metricsPortOf(settings),
    mountPath,
    memoryMebibytes: settings.memoryMebibytes ?? podDefaults.memoryMebibytes,
    cpuMillicores: settings.cpuMillicores ?? podDefaults.cpuMillicores,
    drainTimeoutSeconds: settings.drainTimeoutSeconds ?? drainTimeoutSeconds,
    volumes: mapInput({ configMapName: parts.configMapName, files }, (known) => [
      ...buildVolumes(known.configMapName, known.files),
      ...added.volumes,
    ]),
    /*
     * By the claims, and not by `usesVolume`: a preview does not know them while they are to be made. Pulumi's provider asks the API
     * server about a StatefulSet only when all of it is known. With the first disk it would ask whether the StatefulSet in the cluster
     * can get a claim template, which is refused, though the update deletes that one first.
     */
    volumeMounts: mapInput({ files, claims: parts.claims }, ({ files: known, claims }) => [
      ...buildVolumeMounts(mountPath, known),
      ...(claims.length > 0 ? [{ name: volumeName, mountPath: spoolPath }] : []),
      ...added.mounts,
    ]),
  });
}

function filesOf(endpoints: ManifestParts["endpoints"], relayProxy: ProxyArgs | undefined): pulumi.Input<MountedFiles> {
  // Field by field: the configuration may hold a host name that a preview does not know.
  const entries = Object.entries(endpoints).map(
    ([name, { secretRef, tokenAudience, trustedCaCertificateConfigMapRef, proxy }]) =>
      [name, { secretRef, tokenAudience, trustedCaCertificateConfigMapRef, proxy }] as const,
  );
  return mapInput(Object.fromEntries(entries), (known) => gatherFiles(known, relayProxy));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Pods are reached for metrics and reach only what their dataflows need. */
export function buildNetworkPolicy(
  metadata: RelayMetadata,
  settings: RelaySettingsArgs,
  { endpoints, usesIdentity }: ManifestParts,
): networking.NetworkPolicyArgs {
  const usesNodeIdentity = settings.useNodeIdentity ?? false;
  const reached = Object.fromEntries(
    Object.entries(endpoints).map(([name, { port, hostType, proxy }]) => [name, { port, hostType, proxy }]),
  );
  const { egress: ranges = {}, proxy: relayProxy } = settings;
  return {
    metadata,
    spec: {
      podSelector: { matchLabels: podLabels(metadata) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: [{ protocol: "TCP", port: metricsPortOf(settings) }] }],
      egress: mapInput({ reached, usesIdentity }, ({ reached: known, usesIdentity: uses }) =>
        buildEgress({ endpoints: known, relayProxy, usesEntra: uses || usesNodeIdentity, usesNodeIdentity, ranges }),
      ),
    },
  };
}

/**
 * Only above one replica: with one it would keep every node from being drained. Pods that are not ready may be evicted at any time,
 * since while a broker is away none is.
 */
export function buildDisruptionBudget(metadata: RelayMetadata): policy.PodDisruptionBudgetArgs {
  const selector = { matchLabels: podLabels(metadata) };
  return { metadata, spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector } };
}
