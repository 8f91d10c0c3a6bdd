import type { LogEvent } from "../log-events.ts";

/** Connections, sessions, subscriptions and credentials. */
export const connectionEvents = {
  connected: { level: "info", meaning: "A side is connected; the source side is subscribed too." },
  disconnected: { level: "info", meaning: "A side was disconnected because the relay or the dataflow stops." },
  "connection-lost": {
    level: "warn",
    meaning: "A connection that was up has ended, for the `reason` given. The relay connects again by itself.",
    remedy: "Once in a while: none. Often: look at the broker and the network for the `reason`.",
  },
  "connection-failed": {
    level: "warn",
    meaning:
      "A connection could not be made: the broker was not reached, or refused it. The relay tries again after `retryInMs`.",
    remedy: "Do what the `reason` says; [troubleshooting](../troubleshooting.md) lists the reasons.",
  },
  "connection-replacing": {
    level: "info",
    meaning: "A newer credential counts only on a new connection, so the relay opens one and closes the old one.",
  },
  "connection-not-replaced": {
    level: "warn",
    meaning: "The new connection with the newer credential failed. The old connection goes on.",
    remedy: "Check the new credential; the `reason` says why the broker did not take it.",
  },
  reauthenticated: {
    level: "info",
    meaning: "The broker took the renewed token on the open connection (MQTT 5 AUTH).",
  },
  "reauthentication-failed": {
    level: "warn",
    meaning: "The broker did not take the renewed token on the open connection. The relay opens a new connection.",
    remedy: "If the new connection fails too: check audience, role and clock, as the `reason` says.",
  },
  "credential-renewed": { level: "info", meaning: "A newer token or certificate was read; it is used from now on." },
  "credential-not-renewed": {
    level: "warn",
    meaning: "A newer token or certificate could not be had. The old one is used until it ends at `validUntil`.",
    remedy: "Do what the `reason` says before `validUntil`; after it no new connection can be made.",
  },
  "credential-ends-soon": {
    level: "warn",
    meaning: "A token or certificate ends at `validUntil`, and whoever renews it should have done so by now.",
    remedy: "Renew it: look at cert-manager, the kubelet or the vault, or write a new one into its Secret.",
  },
  "joins-later": {
    level: "info",
    meaning:
      "An instance beside the first has no session yet. It is connected and subscribes after `joinMs`: until the first instance is replaced, a single one's subscription brings all messages.",
  },
  "session-lost": {
    level: "warn",
    meaning: "The source's broker has no session for the relay any more. Messages that waited there are gone.",
    remedy:
      "Find out why: the outage was longer than the session expiry, the broker lost its state, or somebody used the client identifier.",
  },
  "session-shortened": {
    level: "warn",
    meaning: "The broker keeps the session for a shorter time than it was asked to.",
    remedy: "Raise the broker's limit, or set `sessionExpirySeconds` to what it gives.",
  },
  "source-takes-qos0-only": {
    level: "warn",
    meaning: "The source's broker takes QoS 0 only, so a dead letter that is published there can be lost.",
    remedy: "Let the broker take QoS 1, or publish dead letters to the destination (`deadLetter.endpointRef`).",
  },
  "filter-granted": { level: "info", meaning: "The broker granted a topic filter that it had refused before." },
  "filter-refused": {
    level: "warn",
    meaning: "The broker did not grant a topic filter as asked for. Its messages don't come; other filters work.",
    remedy: "Give the client the right to subscribe to the `filter`, or remove it. The relay asks again by itself.",
  },
  "filter-removed": { level: "info", meaning: "A filter of an earlier configuration was unsubscribed." },
  "filter-removal-refused": {
    level: "warn",
    meaning: "The broker did not unsubscribe a filter of an earlier configuration. The relay tries again.",
    remedy: "Let the client unsubscribe it; until then its messages come too.",
  },
  "earlier-filters-possible": {
    level: "info",
    meaning: "The session may hold filters of an earlier configuration, and the relay can't know which.",
    remedy: "As the line's `remedy` says, if messages arrive that no filter of the configuration asks for.",
  },
  "earlier-filter-present": {
    level: "warn",
    meaning: "The session still holds a filter of an earlier configuration, which brings messages.",
    remedy: "As the line's `remedy` says.",
  },
  "removed-session-unreachable": {
    level: "warn",
    meaning: "The session of an instance that was scaled away can't be taken up, so what waits in it stays there.",
    remedy: "Do what the `reason` says. Messages are kept there until the session expires.",
  },
  "removed-session-busy": {
    level: "warn",
    meaning: "Messages keep coming into the session of an instance that was scaled away. They are forwarded.",
    remedy: "None as long as it ends. If it does not: look for another client with the same client identifier.",
  },
  "removed-session-ended": {
    level: "info",
    meaning: "The session of an instance that was scaled away was emptied and ended.",
  },
  "status-not-published": {
    level: "warn",
    meaning: "The relay's status could not be published to `relay.status.topic`. Dataflows go on.",
    remedy: "Do what the `reason` says, such as giving the client the right to publish that topic.",
  },
  "connecting-elsewhere": {
    level: "warn",
    meaning: "`--connect-to` sends the connections of a broker to another address.",
    remedy: "Remove the option outside of development.",
  },
} as const satisfies Record<string, LogEvent>;
