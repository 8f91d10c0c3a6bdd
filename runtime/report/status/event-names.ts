/** Names of what the log says, by its message; a line with a field `event` has its own. */
const names: Readonly<Record<string, string>> = {
  connected: "connected",
  disconnected: "disconnected",
  "disconnected, will retry": "disconnected",
  "could not connect, will retry": "connection_refused",
  "credential renewed": "credential_renewed",
  "credential not renewed: the old one is used, will retry": "credential_not_renewed",
  "credential ends soon, and no newer one has come; renew it": "credential_ends_soon",
  "re-authenticated": "reauthenticated",
  "re-authentication failed": "reauthentication_failed",
  "replacing the connection": "connection_replaced",
  "filter not granted": "filter_refused",
  "filter granted": "filter_granted",
  "the source had lost the session: what waited in it is gone": "session_lost",
  "dataflow stopped": "dataflow_stopped",
  "the spool grows although the destination is connected": "spool_growing",
  "the spool shrinks again": "spool_shrinking",
  "message refused, will retry": "message_refused",
  "the destination closes at this message, will send it alone": "message_suspected",
  "message undeliverable, kept as a dead letter": "message_dead_lettered",
  "message lost": "message_lost",
  "message expired": "message_expired",
  "more messages of this kind were not logged": "message_flood",
  "told to stop": "stopping",
  draining: "draining",
  drained: "drained",
};

/** Names an event by what the log says of it; what has no name of its own is called after its words. */
export function nameEvent(message: string, kind?: string): string {
  const known = Object.hasOwn(names, message) ? names[message] : undefined;
  if (known === "message_lost" && kind === "undeliverable") return "message_undeliverable";
  return (
    known ??
    message
      .toLowerCase()
      .split(/[:;,]/, 1)
      .join("")
      .trim()
      .replace(/[^a-z0-9]+/g, "_")
      .slice(0, 60)
  );
}
