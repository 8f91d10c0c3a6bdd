/**
 * The numbers and switches of a broker. The core enforces them all, and announces in CONNACK those that MQTT 5 has a
 * property for. `Infinity` means that there is no limit.
 */
export interface Limits {
  /** QoS 1 PUBLISHes that a client may have unacknowledged, 1 to 65535. @see MQTT 5.0 §3.2.2.3.3 */
  readonly receiveMaximum: number;
  /** Highest QoS, 0 or 1. @see MQTT 5.0 §3.2.2.3.4 */
  readonly maxQos: number;
  readonly retainAvailable: boolean;
  /** Largest packet that a client may send, in bytes, fixed header included. @see MQTT 5.0 §3.2.2.3.6 */
  readonly maxPacketBytes: number;
  /** Topic aliases that a client may use, 0 for none. @see MQTT 5.0 §3.2.2.3.8 */
  readonly topicAliasMaximum: number;
  readonly wildcardSubscriptionAvailable: boolean;
  readonly subscriptionIdentifiersAvailable: boolean;
  readonly sharedSubscriptionAvailable: boolean;
  /** Longest keep alive; a client that asks for more, or for none, is told this one. */
  readonly maxKeepAliveSeconds: number;
  /** Keep alive that every client is told, whatever it asked for; `undefined` leaves it to the client. */
  readonly serverKeepAliveSeconds: number | undefined;
  /** Longest session expiry interval; a longer one is cut down to it. */
  readonly maxSessionExpirySeconds: number;
  /** Whether CONNACK tells a session expiry interval that was cut down. */
  readonly isSessionExpiryAnnounced: boolean;
  /** Longest will delay interval; a longer one is cut down to it. */
  readonly maxWillDelaySeconds: number;
  /** Messages that may wait in a session; one more ends the session. */
  readonly maxQueuedMessages: number;
  /** Bytes that may wait in a session; one more ends the session. */
  readonly maxQueuedBytes: number;
  /** QoS 1 messages on their way to a client; the client's own Receive Maximum bounds them too. */
  readonly maxInflightMessages: number;
  /** Bytes on their way to a client; one message is always let through. */
  readonly maxInflightBytes: number;
  /** Messages a second to one session; what exceeds it waits in the queue. */
  readonly maxDeliveriesPerSecond: number;
  /** Sessions of one authentication name, offline ones included. */
  readonly maxSessionsPerAuthenticationName: number;
  readonly maxSubscriptionsPerSession: number;
  readonly maxFiltersPerSubscribe: number;
}

/** Largest Receive Maximum, and what holds when none is announced. @see MQTT 5.0 §3.2.2.3.3 */
export const defaultReceiveMaximum = 65_535;

/** Session expiry interval that means "never". @see MQTT 5.0 §3.1.2.11.2 */
export const neverExpires = 0xffff_ffff;

/** Largest packet that MQTT can frame: 268,435,455 bytes after a fixed header of 5. @see MQTT 5.0 §2.1.4 */
const largestPacketBytes = 268_435_460;

/** What MQTT 5 allows when a profile has no rule, except QoS 2, which this broker lacks. */
export const unlimited: Limits = {
  receiveMaximum: defaultReceiveMaximum,
  maxQos: 1,
  retainAvailable: true,
  maxPacketBytes: largestPacketBytes,
  topicAliasMaximum: 65_535,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
  maxKeepAliveSeconds: Infinity,
  serverKeepAliveSeconds: undefined,
  maxSessionExpirySeconds: neverExpires,
  isSessionExpiryAnnounced: true,
  maxWillDelaySeconds: neverExpires,
  maxQueuedMessages: Infinity,
  maxQueuedBytes: Infinity,
  maxInflightMessages: defaultReceiveMaximum,
  maxInflightBytes: Infinity,
  maxDeliveriesPerSecond: Infinity,
  maxSessionsPerAuthenticationName: Infinity,
  maxSubscriptionsPerSession: Infinity,
  maxFiltersPerSubscribe: Infinity,
};
