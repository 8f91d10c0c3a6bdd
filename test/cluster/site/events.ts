import type { ClusterObject, Kubectl } from "../node/kubectl.ts";
import { siteNamespace } from "../node/places.ts";

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
