/** What a namespace holds at most. @see Event Grid, quotas (2025-07-30) */
export const namespaceQuotas = {
  topicSpaces: 10,
  /** In each topic space. */
  topicTemplates: 10,
  caCertificates: 10,
  clientGroups: 10,
  permissionBindings: 100,
} as const;

/** Throughput units of a namespace, both inclusive. @see Event Grid, quotas (2025-07-30) */
export const capacityBounds = { min: 1, max: 40 } as const;

/** Throughput units of a namespace of which nothing is said. */
export const defaultCapacity = 1;

/** Topics of a namespace, in which MQTT messages can be kept for other readers. @see Event Grid, quotas (2023-11-15) */
export const topicQuotas = {
  perThroughputUnit: 100,
  /** Of one topic. */
  eventSubscriptions: 500,
  retentionDays: { min: 1, max: 7 },
} as const;

/** Bounds of an event subscription whose events are fetched, inclusive. @see Azure REST API, QueueInfo (2025-02-15) */
export const queueBounds = {
  receiveLockSeconds: { min: 60, max: 300 },
  deliveryCount: { min: 1, max: 10 },
} as const;

/** What one throughput unit of a namespace takes in, and gives out, in a second. @see Event Grid, quotas (2025-07-30) */
export const perThroughputUnit = { messages: 1000, bytes: 1_000_000 } as const;

/** Sessions that one throughput unit of a namespace holds, and CONNECTs that it takes in a second. @see Event Grid, quotas (2025-07-30) */
export const sessionsPerThroughputUnit = { sessions: 10_000, connects: 200 } as const;

/** What one session may do in a second, by the end of a dataflow that it is. @see Event Grid, quotas (2025-07-30) */
export const perSession = {
  destination: { messages: 1000, bytes: 1_000_000 },
  source: { messages: 100, bytes: 1_000_000 },
} as const;

/** Names of a namespace and of what is in it, but for clients. @see Azure REST API, Namespaces and TopicSpaces (2025-02-15) */
export const eventGridName = /^[A-Za-z0-9-]{3,50}$/;
export const eventGridNameRule = '3 to 50 letters, digits and "-"';
