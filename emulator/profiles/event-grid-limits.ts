import type { LimitRule } from "../rules.ts";
import { EventGridPage } from "./event-grid-pages.ts";

const { mqttSupport, quotas, sharedSubscriptions } = EventGridPage;
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

/** The limits of Event Grid's MQTT broker. */
export function eventGridLimits(settings: NamespaceSettings): LimitRule[] {
  return [
    limit("QoS 2 is not supported", mqttSupport, { maxQos: 1 }),
    limit("a packet has at most 512 KiB", quotas, { maxPacketBytes: 512 * kibibyte }),
    limit("a client may use 10 topic aliases", `${mqttSupport}; ${quotas}`, {
      topicAliasMaximum: 10,
    }),
    limit("subscription identifiers are not supported", mqttSupport, {
      subscriptionIdentifiersAvailable: false,
    }),
    limit("keep alive is at most 1160 s", mqttSupport, { maxKeepAliveSeconds: 1160 }),
    limit("a will is delayed by at most 300 s", mqttSupport, { maxWillDelaySeconds: 300 }),
    limit("session expiry is cut down to the namespace's, silently", mqttSupport, {
      maxSessionExpirySeconds: settings.maxSessionExpiryHours * secondsPerHour,
      isSessionExpiryAnnounced: false,
    }),
    limit("a session ends when 100 messages or 1 MB wait in it", mqttSupport, {
      maxQueuedMessages: 100,
      maxQueuedBytes: kibibyte * kibibyte,
    }),
    // Sources disagree: Event Grid, Troubleshoot MQTT errors (2023) says 16 messages.
    limit("100 messages or 64 KB are in flight to a client", quotas, {
      maxInflightMessages: 100,
      maxInflightBytes: 64 * kibibyte,
    }),
    // That CONNACK announces it as Receive Maximum is an inference.
    limit("1,000 messages are in flight from a client", quotas, { receiveMaximum: 1000 }),
    limit("a session gets at most 100 messages a second", quotas, { maxDeliveriesPerSecond: 100 }),
    limit("a session has at most 50 subscriptions", quotas, { maxSubscriptionsPerSession: 50 }),
    limit("a SUBSCRIBE has at most 10 topic filters", quotas, { maxFiltersPerSubscribe: 10 }),
    limit("sessions per authentication name are limited, offline ones included", mqttSupport, {
      maxSessionsPerAuthenticationName: settings.maxSessionsPerAuthenticationName,
    }),
    // Sources disagree: the first page says supported; the second, and Azure IoT Operations, Configure MQTT data flow
    // endpoints (2025-06-13), say not.
    limit("shared subscriptions are a switch", `${sharedSubscriptions}; ${mqttSupport}`, {
      sharedSubscriptionAvailable: settings.isSharedSubscriptionAvailable,
    }),
  ];
}

function limit(name: string, source: string, limits: LimitRule["limits"]): LimitRule {
  return { about: "limits", name, source, limits };
}
