import { readFileSync } from "node:fs";

import { untilAsked } from "../node/kubectl.ts";
import type { ClusterObject } from "../node/kubectl.ts";
import { podProcesses } from "../node/leftovers.ts";
import { memoryFile } from "../node/machine.ts";
import { cgroupName, siteNamespace } from "../node/places.ts";
import type { Site } from "../site/site.ts";
import type { Stage } from "./row.ts";

export const inNamespace = ["--namespace", siteNamespace];

/** The pod of an instance. */
export function podOf({ cluster, site }: Stage, ordinal = 0): Promise<ClusterObject> {
  return cluster.kubectl.get([...inNamespace, "pod", site.deployment.podName(ordinal)]);
}

/** Waits until another pod has taken a pod's place and is ready. */
export async function untilReplaced(stage: Stage, before: ClusterObject, ordinal = 0): Promise<void> {
  await stage.cluster.kubectl.untilTrue(
    [...inNamespace, "pod", stage.site.deployment.podName(ordinal)],
    "another one, and ready",
    (pod) => pod.metadata.uid !== before.metadata.uid && isReady(pod),
  );
}

export function isReady(pod: ClusterObject): boolean {
  const isSo = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return isSo && pod.metadata.deletionTimestamp === undefined;
}

/** Processes of a pod's containers that run Node.js. */
export function relayProcesses(pod: ClusterObject): number[] {
  const uid = pod.metadata.uid ?? "";
  return podProcesses().filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(uid) &&
        readFileSync(`/proc/${pid}/comm`, "utf8").trim() !== "pause"
      );
    } catch {
      return false; // it has ended
    }
  });
}

/** The cgroup of a pod. */
export function cgroupOf({ metadata: { uid = "" } }: ClusterObject): string {
  return `${cgroupName}/kubepods/burstable/pod${uid}`;
}

/** What Kubernetes takes for a pod's memory, as in `kubectl top pod`: all that its cgroup has but files nobody reads any more. */
export function workingSetMebibytes(pod: ClusterObject): number {
  const read = (names: { v1: string; v2: string }) => readFileSync(memoryFile(cgroupOf(pod), names), "utf8");
  const usage = Number(read({ v1: "memory.usage_in_bytes", v2: "memory.current" }));
  const stat = read({ v1: "memory.stat", v2: "memory.stat" });
  const inactive = /^total_inactive_file (\d+)$/m.exec(stat) ?? /^inactive_file (\d+)$/m.exec(stat);
  return (usage - Number(inactive?.[1])) / 1024 / 1024;
}

/** Kills the relay in its container, as the kernel does when memory is short. */
export async function killRelay(stage: Stage, ordinal = 0): Promise<void> {
  const pod = await podOf(stage, ordinal);
  const restarts = restartsOf(pod);
  for (const pid of new Set(relayProcesses(pod))) process.kill(pid, "SIGKILL");
  await stage.cluster.kubectl.untilTrue(
    [...inNamespace, "pod", pod.metadata.name],
    "a container that has started again and is ready",
    (now) => restartsOf(now) > restarts && isReady(now),
  );
}

export function restartsOf(pod: ClusterObject): number {
  return pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
}

/** Tells how a relay's containers ended last, if any did. */
export async function sayRestarts(site: Site): Promise<string> {
  const pods = await site.deployment.pods();
  const ended = pods
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .filter(({ restartCount }) => restartCount > 0);
  return ended
    .map(({ restartCount, lastState }) => `${restartCount} restarts, ${lastState?.terminated?.reason ?? ""}`)
    .join("; ");
}

/** Waits until so many pods are ready, and none else is there. */
export async function untilInstances({ site }: Stage, count: number): Promise<void> {
  await untilAsked(`${count} instances`, async () => {
    const pods = await site.deployment.pods();
    return pods.length === count && pods.every(isReady);
  });
}

/** A metric of an instance, summed over its labels. */
export async function readMetric({ cluster, site }: Stage, name: string, ordinal = 0): Promise<number> {
  const path = `/api/v1/namespaces/${siteNamespace}/pods/${site.deployment.podName(ordinal)}:9600/proxy/metrics`;
  const page = await cluster.kubectl(["get", "--raw", path]);
  const found = [...page.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)`, "gm"))];
  return found.reduce((sum, [, count = "0"]) => sum + Number(count), 0);
}
