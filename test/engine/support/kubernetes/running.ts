import { setTimeout as delay } from "node:timers/promises";

import type { Values } from "../values.ts";
import { KubernetesError } from "./client.ts";
import type { KubernetesClient, KubernetesObject } from "./client.ts";
import { revisionAnnotation, revisionOf, runControllers } from "./controllers.ts";

/** The stand-ins for Kubernetes' controllers at work in a namespace, until they are stopped. */
export interface RunningControllers {
  stop(): Promise<void>;
}

const roundMs = 250;

/** Kinds that Pulumi's provider deletes in the foreground: each stays until the garbage collector has ended its dependants. */
const deletedKinds = [
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "Service"],
  ["v1", "ServiceAccount"],
  ["apps/v1", "StatefulSet"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
  ["policy/v1", "PodDisruptionBudget"],
] as const;

/**
 * Goes on doing in some namespaces what Kubernetes' controllers would, for a provider that waits for it: {@link runControllers}, pods of
 * an old template replaced from the highest ordinal down, StatefulSets reported ready, and deletions in the foreground ended. Every pod
 * is ready at once, since no kubelet runs any.
 */
export function keepControllersRunning(cluster: KubernetesClient, namespaces: readonly string[]): RunningControllers {
  let isStopped = false;
  let failure: unknown;
  const rounds = async () => {
    while (!isStopped) {
      for (const namespace of namespaces) {
        try {
          await runRound(cluster, namespace);
        } catch (error) {
          if (!isPassing(error)) failure ??= error;
        }
      }
      await delay(roundMs);
    }
  };
  const ended = rounds();
  return {
    stop: async () => {
      isStopped = true;
      await ended;
      if (failure !== undefined)
        throw new Error("the stand-ins for Kubernetes' controllers failed", { cause: failure });
    },
  };
}

/** What the next round mends: an object that the provider changed or deleted meanwhile, and a server that is away. */
function isPassing(error: unknown): boolean {
  if (error instanceof KubernetesError) return [404, 409, 429, 500, 503].includes(error.status);
  const { code = "" } = error as { readonly code?: string };
  return ["ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(code);
}

async function runRound(cluster: KubernetesClient, namespace: string): Promise<void> {
  await runControllers(cluster, namespace);
  await endDeletions(cluster, namespace);
  const pods = await cluster.all("v1", "Pod", namespace);
  for (const set of await cluster.all("apps/v1", "StatefulSet", namespace)) await rollOut(cluster, set, pods);
}

/** Ends what waits for its dependants; a StatefulSet has its pods deleted first. */
async function endDeletions(cluster: KubernetesClient, namespace: string): Promise<void> {
  for (const [apiVersion, kind] of deletedKinds) {
    for (const object of await cluster.all(apiVersion, kind, namespace)) {
      const finalizers = (object.metadata["finalizers"] ?? []) as readonly string[];
      if (!finalizers.includes("foregroundDeletion")) continue;
      for (const pod of await podsOf(cluster, object)) await cluster.delete(pod);
      await cluster.edit(object, { metadata: { finalizers: null } });
    }
  }
}

async function podsOf(cluster: KubernetesClient, owner: KubernetesObject): Promise<KubernetesObject[]> {
  if (owner.kind !== "StatefulSet") return [];
  const pods = await cluster.all("v1", "Pod", owner.metadata.namespace ?? "");
  return pods.filter((pod) => isOwned(pod, owner));
}

function isOwned(pod: KubernetesObject, owner: KubernetesObject): boolean {
  const owners = (pod.metadata["ownerReferences"] ?? []) as readonly Values[];
  return owners.some(({ uid }) => uid === owner.metadata["uid"]);
}

async function rollOut(cluster: KubernetesClient, set: KubernetesObject, all: readonly KubernetesObject[]) {
  const { replicas = 0 } = set["spec"] as Values;
  const revision = revisionOf(set);
  const pods = all.filter((pod) => isOwned(pod, set));
  if (pods.length !== replicas) return;
  const old = pods.findLast(({ metadata }) => (metadata["annotations"] as Values)[revisionAnnotation] !== revision);
  if (old !== undefined) {
    await cluster.delete(old);
    return;
  }
  const status: Values = {
    observedGeneration: set.metadata["generation"] ?? 0,
    ...{ replicas, readyReplicas: replicas, availableReplicas: replicas },
    ...{ currentReplicas: replicas, updatedReplicas: replicas, currentRevision: revision, updateRevision: revision },
  };
  const before = (set["status"] ?? {}) as Values;
  const isNews = Object.entries(status).some(([name, value]) => (before[name] ?? 0) !== value);
  if (isNews) await cluster.setStatus(set, status);
}
