import type * as inputs from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import { RelayReadiness } from "../enumerations.ts";
import { mapInput, withoutUndefined } from "../known.ts";
import { shutdownMarginSeconds } from "./defaults.ts";
import { configKey } from "./files.ts";
import type { PodSettingsArgs } from "./pod-settings.ts";

/** What the pod's template is made of. */
export interface PodParts {
  readonly labels: pulumi.Input<{ readonly [key: string]: string }>;
  /** The labels that tell these pods from all others. */
  readonly podLabels: { readonly [key: string]: string };
  readonly annotations: { readonly [key: string]: pulumi.Input<string> };
  readonly serviceAccountName: pulumi.Input<string>;
  readonly image: pulumi.Input<string>;
  readonly imagePullSecrets: readonly string[];
  readonly instanceCount: number;
  readonly readyWhen: RelayReadiness;
  readonly metricsPort: number;
  readonly mountPath: string;
  readonly memoryMebibytes: pulumi.Input<number>;
  readonly cpuMillicores: pulumi.Input<number>;
  readonly drainTimeoutSeconds: pulumi.Input<number>;
  readonly volumes: pulumi.Input<inputs.core.v1.Volume[]>;
  readonly volumeMounts: pulumi.Input<inputs.core.v1.VolumeMount[]>;
  /** What the user adds to it. */
  readonly settings: PodSettingsArgs;
}

/** Where the kubelet asks whether a pod is ready. */
const readyPaths = { [RelayReadiness.Connected]: "/readyz", [RelayReadiness.Started]: "/startupz" } as const;

/** User and group of the relay's process in its image. */
const relayUser = 10_001;

/** Builds the template of the relay's pods, which Pod Security admission takes at its level `restricted`. */
export function buildPodTemplate(parts: PodParts): inputs.core.v1.PodTemplateSpec {
  const { labels, annotations, nodeSelector, tolerations, affinity, priorityClassName } = parts.settings;
  const spread = parts.settings.topologySpreadConstraints as inputs.core.v1.TopologySpreadConstraint[] | undefined;
  const constraints = spread ?? (parts.instanceCount > 1 ? buildSpread(parts.podLabels) : undefined);
  return {
    metadata: {
      labels: mapInput(parts.labels, (own) => ({ ...labels, ...own })),
      annotations: { ...annotations, ...parts.annotations },
    },
    spec: {
      serviceAccountName: parts.serviceAccountName,
      // The relay never calls the API server; the tokens that it does need are mounted one by one.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(parts.imagePullSecrets.length === 0
        ? {}
        : { imagePullSecrets: parts.imagePullSecrets.map((name) => ({ name })) }),
      nodeSelector: { ...nodeSelector, "kubernetes.io/os": "linux" },
      ...withoutUndefined({ tolerations, affinity, priorityClassName, topologySpreadConstraints: constraints }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: relayUser,
        runAsGroup: relayUser,
        fsGroup: relayUser,
        // A full volume takes minutes to go through, file by file, each time a pod starts.
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      terminationGracePeriodSeconds: mapInput(parts.drainTimeoutSeconds, (seconds) => seconds + shutdownMarginSeconds),
      containers: [buildContainer(parts)],
      volumes: parts.volumes,
    },
  };
}

/**
 * Time in seconds that a relay has to listen; each probe before that is a warning among the pod's events. It takes 0.3 s of a
 * processor, and ten times as long where many pods start at once, as after a restart of the node. Messages do not wait for it.
 */
const firstProbeSeconds = 5;

/**
 * Seconds that an instance beside the first waits before it subscribes, where it has no session yet. Kubernetes replaces the first pod only
 * once new ones are ready. A single instance before has a plain subscription until then, and with the others' shared one each message
 * would come twice. A pod is replaced and connected within ten seconds, where its image is there.
 */
const joinSeconds = 30;

function buildContainer(parts: PodParts): inputs.core.v1.Container {
  const memory = mapInput(parts.memoryMebibytes, (mebibytes) => `${mebibytes}Mi`);
  return {
    name: "relay",
    image: parts.image,
    ...withoutUndefined({ imagePullPolicy: parts.settings.imagePullPolicy }),
    args: ["run", "--config", `${parts.mountPath}/config/${configKey}`],
    env: [
      {
        name: "RELAY_ORDINAL",
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
      },
      ...(parts.instanceCount > 1 ? [{ name: "RELAY_JOIN_SECONDS", value: String(joinSeconds) }] : []),
      { name: "NODE_OPTIONS", value: mapInput(parts.memoryMebibytes, heapOption) },
      ...Object.entries(parts.settings.environment ?? {}).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: "metrics", containerPort: parts.metricsPort, protocol: "TCP" }],
    startupProbe: {
      ...probe("/startupz"),
      initialDelaySeconds: firstProbeSeconds,
      periodSeconds: 2,
      failureThreshold: 60,
    },
    readinessProbe: { ...probe(readyPaths[parts.readyWhen]), periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...probe("/livez"), periodSeconds: 10, failureThreshold: 3 },
    resources: {
      requests: { cpu: mapInput(parts.cpuMillicores, (millicores) => `${millicores}m`), memory },
      limits: { memory },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: parts.volumeMounts,
    // Why a relay ended is in the last lines of its log, and then in `kubectl describe` as well.
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/** Half of the memory: messages in flight live outside the heap, and a heap without a bound meets the kernel's first. */
function heapOption(memoryMebibytes: number): string {
  return `--max-old-space-size=${Math.floor(memoryMebibytes / 2)}`;
}

function probe(path: string): inputs.core.v1.Probe {
  return { httpGet: { path, port: "metrics" }, timeoutSeconds: 5 };
}

/** Instances stand on different nodes where there are enough, so that one node takes one of them down. */
function buildSpread(podLabels: PodParts["podLabels"]): inputs.core.v1.TopologySpreadConstraint[] {
  return [
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: { ...podLabels } },
    },
  ];
}
