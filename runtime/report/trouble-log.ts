import { shorten } from "../contract/errors.ts";
import type { EventAt } from "./log-events.ts";
import type { Logger } from "./log.ts";
import type { LinkState } from "../connection/link.ts";
import type { Trouble } from "../queue/ports.ts";

/**
 * Says each change of a link once, with what the operator can do about it. Only a link that was logged as connected is
 * logged as disconnected.
 */
export function reportLinkState(
  log: Logger,
  end: { readonly side: string; readonly endpoint: string; readonly host: string },
): (state: LinkState, waitMs?: number) => void {
  let isConnected = false;
  return (state, waitMs) => {
    const wasConnected = isConnected;
    // While a connection is replaced in good order the link counts as connected.
    if (state.kind !== "connecting") isConnected = state.kind === "up";
    switch (state.kind) {
      case "connecting":
        break;
      case "up":
        log.info({ event: "connected", ...end }, "connected");
        break;
      case "down":
        log.warn(
          {
            event: wasConnected ? "connection-lost" : "connection-failed",
            ...end,
            reason: state.reason,
            retryInMs: Math.round(waitMs ?? 0),
          },
          wasConnected ? "disconnected, will retry" : "could not connect, will retry",
        );
        break;
      case "stopped":
        if (wasConnected) log.info({ event: "disconnected", ...end }, "disconnected");
        break;
    }
  };
}

/** Says why the session of a removed instance can't be taken up. */
export function reportRemovedSession(
  log: Logger,
  { clientId }: { readonly clientId: string },
): (state: LinkState, waitMs?: number) => void {
  return (state, waitMs) => {
    if (!("reason" in state)) return;
    const fields = { clientId, reason: state.reason, retryInMs: Math.round(waitMs ?? 0) };
    log.warn(
      { event: "removed-session-unreachable", ...fields },
      "the session of a removed instance can't be taken up",
    );
  };
}

/** Lines of one kind within {@link troubleWindowMs}; the rest is only counted. */
const maxTroublesPerWindow = 10;
const troubleWindowMs = 10_000;

const lost = ["message-lost", "message lost"] as const;
const lineOf: Readonly<Record<Trouble["kind"], readonly [event: EventAt<"warn">, text: string]>> = {
  rejected: ["message-refused", "message refused, will retry"],
  suspected: ["message-isolated", "the destination closes at this message, will send it alone"],
  dead_letter: ["dead-lettered", "message undeliverable, kept as a dead letter"],
  qos0_no_room: lost,
  stopping: lost,
  undeliverable: lost,
  filter_removed: lost,
  expired: ["message-expired", "message expired"],
  disk_damaged: lost,
};

/** Logs each message that is given up or refused; a flood is cut, and how many lines it would have been is said. */
export function reportTrouble(log: Logger): (trouble: Trouble) => void {
  const windows = new Map<Trouble["kind"], { startMs: number; count: number }>();
  return ({ kind, reason, topic }) => {
    const now = performance.now();
    const window = windows.get(kind);
    if (window === undefined || now - window.startMs > troubleWindowMs) {
      const silent = Math.max(0, (window?.count ?? 0) - maxTroublesPerWindow);
      if (silent > 0)
        log.warn({ event: "messages-not-logged", kind, silent }, "more messages of this kind were not logged");
      windows.set(kind, { startMs: now, count: 1 });
    } else if (++window.count > maxTroublesPerWindow) return;
    const [event, text] = lineOf[kind];
    log.warn({ event, kind, topic: shorten(topic), reason }, text);
  };
}
