import type { LimitRule } from "../rules.ts";

const kibibyte = 1024;
const secondsPerHour = 3600;

/** Limits that the namespace's own settings decide. */
export interface NamespaceSettings {
  /** `maximumClientSessionsPerAuthenticationName`. */
  readonly maxSessionsPerAuthenticationName: number;
  /** `maximumSessionExpiryInHours`. */
  readonly maxSessionExpiryHours: number;
  readonly isSharedSubscriptionAvailable: boolean;
}

/** The limits of Event Grid's MQTT broker. Sources are keys of `azure.md`. */
export function eventGridLimits(settings: NamespaceSettings): LimitRule[] {
  return [
    limit("QoS 2 is not supported", "§5.2 EGSUP", { maxQos: 1 }),
    limit("a packet has at most 512 KiB", "§5.3 EGLIM", { maxPacketBytes: 512 * kibibyte }),
    limit("a client may use 10 topic aliases", "§5.2 EGSUP, §5.3 EGLIM", { topicAliasMaximum: 10 }),
    limit("subscription identifiers are not supported", "§5.2 EGSUP", { subscriptionIdentifiersAvailable: false }),
    limit("keep alive is at most 1160 s", "§5.2 EGSUP", { maxKeepAliveSeconds: 1160 }),
    limit("a will is delayed by at most 300 s", "§5.2 EGSUP", { maxWillDelaySeconds: 300 }),
    limit("session expiry is cut down to the namespace's, silently", "§5.2 EGSUP", {
      maxSessionExpirySeconds: settings.maxSessionExpiryHours * secondsPerHour,
      isSessionExpiryAnnounced: false,
    }),
    limit("a session ends when 100 messages or 1 MB wait in it", "§5.2 EGSUP", {
      maxQueuedMessages: 100,
      maxQueuedBytes: kibibyte * kibibyte,
    }),
    limit("100 messages or 64 KB are in flight to a client", "§5.3 EGLIM", {
      maxInflightMessages: 100,
      maxInflightBytes: 64 * kibibyte,
    }),
    // That CONNACK announces it as Receive Maximum is an inference.
    limit("1,000 messages are in flight from a client", "§5.3 EGLIM", { receiveMaximum: 1000 }),
    limit("a session gets at most 100 messages a second", "§5.3 EGLIM", { maxDeliveriesPerSecond: 100 }),
    limit("a session has at most 50 subscriptions", "§5.3 EGLIM", { maxSubscriptionsPerSession: 50 }),
    limit("a SUBSCRIBE has at most 10 topic filters", "§5.3 EGLIM", { maxFiltersPerSubscribe: 10 }),
    limit("sessions per authentication name are limited, offline ones included", "§5.1 EGSUP, §8.3", {
      maxSessionsPerAuthenticationName: settings.maxSessionsPerAuthenticationName,
    }),
    // Sources disagree: EGSHARE (2026-05) says supported, EGSUP and MQTT-GA say not.
    limit("shared subscriptions are a switch", "§5.2 EGSHARE, EGSUP", {
      sharedSubscriptionAvailable: settings.isSharedSubscriptionAvailable,
    }),
  ];
}

function limit(name: string, source: string, limits: LimitRule["limits"]): LimitRule {
  return { about: "limits", name, source: `azure.md ${source}`, limits };
}
