import { createHash } from "node:crypto";

import { textOf } from "../values.ts";
import type { Value, Values } from "../values.ts";
import type { KubernetesClient, KubernetesObject } from "./client.ts";

/**
 * A stand-in for Kubernetes' controllers of StatefulSets and volumes, and for its garbage collector: what they do by their documented
 * rules once an API server has new objects. No pod runs. Pods whose template has changed are left: see `keepControllersRunning`.
 *
 * A pod is named `<StatefulSet>-<ordinal>`, and its claim `<volume>-<StatefulSet>-<ordinal>`; a claim that exists is taken as it is.
 * @see Kubernetes, StatefulSets, and Persistent volumes
 */
export async function runControllers(cluster: KubernetesClient, namespace: string): Promise<void> {
  const sets = await cluster.all("apps/v1", "StatefulSet", namespace);
  await removePods(cluster, namespace, sets);
  for (const set of sets) {
    for (let ordinal = 0; ordinal < Number(specOf(set)["replicas"]); ordinal++) await startPod(cluster, set, ordinal);
  }
  for (const claim of await cluster.all("v1", "PersistentVolumeClaim", namespace)) await serveClaim(cluster, claim);
}

/** The disk of each pod: name of the pod → name of the volume behind its claim. */
export async function disksOfPods(cluster: KubernetesClient, namespace: string): Promise<Record<string, string>> {
  const claims = await cluster.all("v1", "PersistentVolumeClaim", namespace);
  const volumes = new Map(claims.map((claim) => [claim.metadata.name, textOf(specOf(claim)["volumeName"])]));
  const pods = await cluster.all("v1", "Pod", namespace);
  return Object.fromEntries(
    pods.flatMap((pod) =>
      (specOf(pod)["volumes"] as readonly Values[]).flatMap(({ persistentVolumeClaim }) => {
        const name = textOf((persistentVolumeClaim as Values | undefined)?.["claimName"]);
        return name === "" ? [] : [[pod.metadata.name, volumes.get(name) ?? "none"] as const];
      }),
    ),
  );
}

/** Where a pod of these controllers has the revision of the template that it was made of. */
export const revisionAnnotation = "test/revision";

/** Tells one template of a StatefulSet from another. */
export function revisionOf(set: KubernetesObject): string {
  return createHash("sha256")
    .update(JSON.stringify(specOf(set)["template"]))
    .digest("hex")
    .slice(0, 10);
}

function specOf(object: KubernetesObject): Values {
  return object["spec"] as Values;
}

function uid({ metadata }: KubernetesObject): string {
  return textOf(metadata["uid"]);
}

/** Deletes the pods of sets that are gone or have been replaced, and those that a set has too many. */
async function removePods(cluster: KubernetesClient, namespace: string, sets: readonly KubernetesObject[]) {
  const replicas = new Map(sets.map((set) => [uid(set), Number(specOf(set)["replicas"])]));
  for (const pod of await cluster.all("v1", "Pod", namespace)) {
    const [owner] = (pod.metadata["ownerReferences"] ?? []) as readonly Values[];
    const ordinal = Number(pod.metadata.name.split("-").at(-1));
    if (ordinal >= (replicas.get(textOf(owner?.["uid"])) ?? 0)) await cluster.delete(pod);
  }
}

async function startPod(cluster: KubernetesClient, set: KubernetesObject, ordinal: number): Promise<void> {
  const { volumeClaimTemplates = [], template, selector } = specOf(set);
  const { namespace = "" } = set.metadata;
  const name = `${set.metadata.name}-${ordinal}`;
  const { metadata, spec } = template as unknown as { readonly metadata: Values; readonly spec: Values };
  const volumes: Value[] = [...((spec["volumes"] ?? []) as readonly Value[])];
  for (const claimTemplate of volumeClaimTemplates as unknown as readonly KubernetesObject[]) {
    const volume = claimTemplate.metadata.name;
    const labels = (selector as Values)["matchLabels"] ?? {};
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: `${volume}-${name}`, namespace, labels },
      spec: specOf(claimTemplate),
    };
    if ((await cluster.get(claim)) === undefined) await cluster.create(claim);
    volumes.push({ name: volume, persistentVolumeClaim: { claimName: claim.metadata.name } });
  }
  const ownerReferences = [{ apiVersion: "apps/v1", kind: "StatefulSet", name: set.metadata.name, uid: uid(set) }];
  const annotations = { ...((metadata["annotations"] ?? {}) as Values), [revisionAnnotation]: revisionOf(set) };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, annotations, name, namespace, ownerReferences },
    spec: { ...spec, volumes },
  };
  if ((await cluster.get(pod)) === undefined) await cluster.create(pod);
}

/** Provides a volume for a claim that has none, and makes it larger where the claim asks for more. */
async function serveClaim(cluster: KubernetesClient, claim: KubernetesObject): Promise<void> {
  const { volumeName, accessModes = [], storageClassName = "", resources } = specOf(claim);
  const { storage = "" } = (resources as { readonly requests: Values }).requests;
  const capacity = { storage };
  if (volumeName === undefined) {
    const { name, namespace = "" } = claim.metadata;
    const volume = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: `pv-${uid(claim)}` },
      spec: {
        capacity,
        accessModes,
        storageClassName,
        hostPath: { path: "/tmp/none" },
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid: uid(claim) },
      },
    };
    await cluster.create(volume);
    await cluster.edit(claim, { spec: { volumeName: volume.metadata.name } });
  }
  await cluster.setStatus(claim, { phase: "Bound", accessModes, capacity });
}
