import { availableParallelism, loadavg } from "node:os";

import type { ClusterObject, Kubectl } from "../node/kubectl.ts";
import { siteNamespace } from "../node/places.ts";

/**
 * Processes that want to run, for each core, beyond which a relay may listen later than its first probe asks, 5 s after it was
 * started: it takes 0.3 s of a processor, and runc and the kubelet have to get theirs as well. No cluster runs so; a machine that
 * many people test on may.
 */
const busyLoad = 4;

/** Tells whether a warning comes of the machine or of Kubernetes itself, whatever is deployed. */
export function isUnavoidable(text: string): boolean {
  return isLateStart(text) || lateNews.some((pattern) => pattern.test(text));
}

/** Tells whether a warning is what a relay that starts draws where the machine has no time for it. */
function isLateStart(text: string): boolean {
  const load = Math.max(...loadavg()) / availableParallelism();
  return load > busyLoad && /^Unhealthy: Startup probe failed: .*(?:connection refused|deadline exceeded)/.test(text);
}

/**
 * What a program of the cluster says when it has not heard yet of what another one has done, or is stopped. It tries again, and what
 * is deployed can't draw it: a ConfigMap that is missing is "not found", and a claim that is wrong is refused.
 */
const lateNews = [
  // The kubelet waits for a second until it has heard of what a new pod mounts.
  /^FailedMount: .*failed to sync (?:configmap|secret) cache: timed out waiting for the condition$/,
  // The kubelet looks after the volumes of a pod that has just ended.
  /^FailedMount: .*object "[^"]+"\/"[^"]+" not registered/,
  // The controller has made the claim, and has not heard of it when it makes the pod again.
  /^FailedCreate: .*failed to create PVC \S+ persistentvolumeclaims "\S+" already exists$/,
  // The scheduler has heard of the pod before it has of its claim. A pod whose claim never comes is never ready, and fails its row.
  /^FailedScheduling: .*persistentvolumeclaim "[^"]+" not found/,
  // Flux's controllers are stopped at the end of their row, maybe while they ask for the repository's state.
  /^GitOperationFailed: .*: context canceled$/,
];

/** An event of the type Warning. */
export interface Warning {
  readonly uid: string;
  readonly count: number;
  /** Object that it is about, its kind first. */
  readonly object: string;
  /** Reason and message, without what differs from run to run. */
  readonly text: string;
  /** When it came first, in milliseconds since 1970. */
  readonly firstMs: number;
}

interface Event extends ClusterObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

/** Reads the warnings about the objects of the namespace that relays are in, the oldest first. */
export async function readWarnings(kubectl: Kubectl): Promise<readonly Warning[]> {
  const events = (await kubectl.list(["events", "--namespace", siteNamespace])) as readonly Event[];
  return events
    .filter(({ type }) => type === "Warning")
    .map((event) => ({
      uid: event.metadata.uid ?? "",
      count: event.count ?? 1,
      object: `${event.involvedObject.kind} ${event.involvedObject.name}`,
      text: `${event.reason}: ${event.message.split("\n")[0]?.replaceAll(/\d+\.\d+\.\d+\.\d+/g, "<address>") ?? ""}`,
      firstMs: Date.parse(event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? ""),
    }))
    .sort((a, b) => a.firstMs - b.firstMs);
}
