import { availableParallelism, loadavg } from "node:os";

import type { ClusterObject, Kubectl } from "../node/kubectl.ts";
import { siteNamespace } from "../node/places.ts";

/**
 * Processes that want to run, for each core, beyond which a relay may listen later than its first probe asks, 5 s after it was
 * started: it takes 0.3 s of a processor, and runc and the kubelet have to get theirs as well. No cluster runs so; a machine that
 * many people test on may.
 */
const busyLoad = 4;

/** Tells whether a warning is what a relay that starts draws where the machine has no time for it. */
export function isLateStart(text: string): boolean {
  const load = Math.max(...loadavg()) / availableParallelism();
  return load > busyLoad && /^Unhealthy: Startup probe failed: .*(?:connection refused|deadline exceeded)/.test(text);
}

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
