import { setTimeout as delay } from "node:timers/promises";

import { Stopwatch, usualMs } from "../../support/patience.ts";
import type { KubernetesClient } from "../support/kubernetes/client.ts";
import { disksOfPods, revisionAnnotation, revisionOf } from "../support/kubernetes/controllers.ts";
import { textOf } from "../support/values.ts";
import type { Values } from "../support/values.ts";

/** The pods of a namespace: name → what tells one run of it from the next, and its disk. */
export interface Pods {
  readonly [name: string]: { readonly uid: string; readonly disk: string };
}

export async function readPods(cluster: KubernetesClient, namespaces: readonly string[]): Promise<Pods> {
  const pods: Record<string, Pods[string]> = {};
  for (const namespace of namespaces) {
    const disks = await disksOfPods(cluster, namespace);
    for (const { metadata } of await cluster.all("v1", "Pod", namespace)) {
      const key = `${namespace}/${metadata.name}`;
      pods[key] = { uid: textOf(metadata["uid"]), disk: disks[metadata.name] ?? "none" };
    }
  }
  return pods;
}

/** What became of the pods: `1 restarted, 2 started`. */
export function comparePods(before: Pods, after: Pods): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const counts = new Map<string, number>();
  for (const name of names) {
    const [old, now] = [before[name], after[name]];
    const what = old === undefined ? "started" : now === undefined ? "ended" : compare(old, now);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts]
    .map(([what, count]) => `${count} ${what}`)
    .sort()
    .join(", ");
}

function compare(old: Pods[string], now: Pods[string]): string {
  if (old.uid === now.uid) return "untouched";
  if (old.disk === now.disk) return "restarted";
  if (now.disk === "none") return "restarted without its disk";
  return old.disk === "none" ? "restarted with a disk" : "restarted with another disk";
}

/**
 * Waits until every StatefulSet has its pods, of its present template, and no other pod is left. The provider does not look at
 * `status.observedGeneration`, so that an update may end before the controllers have begun.
 */
export async function untilSettled(cluster: KubernetesClient, namespaces: readonly string[]): Promise<void> {
  const watch = new Stopwatch();
  while (!(await areSettled(cluster, namespaces))) {
    if (watch.elapsedMs > usualMs) throw new Error(`the pods did not settle within ${usualMs} ms of an idle machine`);
    await delay(100);
  }
}

async function areSettled(cluster: KubernetesClient, namespaces: readonly string[]): Promise<boolean> {
  for (const namespace of namespaces) {
    const sets = await cluster.all("apps/v1", "StatefulSet", namespace);
    const wanted = sets.flatMap((set) =>
      Array.from({ length: Number((set["spec"] as Values)["replicas"]) }, () => revisionOf(set)),
    );
    const pods = await cluster.all("v1", "Pod", namespace);
    const found = pods.map(({ metadata }) => textOf((metadata["annotations"] as Values)[revisionAnnotation]));
    if (wanted.sort().join() !== found.sort().join()) return false;
  }
  return true;
}
