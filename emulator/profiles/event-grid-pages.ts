/** The pages that Event Grid's rules come from, with the date of the copy that was read where it has one. */
export const EventGridPage = {
  mqttSupport: "Event Grid, MQTT support (2025-07-30)",
  quotas: "Event Grid, Quotas and limits (2025-07-30)",
  sharedSubscriptions: "Event Grid, Shared subscriptions (2026-05)",
  certificateAuthentication: "Event Grid, MQTT client authentication using certificates",
  entraAuthentication: "Event Grid, Microsoft Entra JWT authentication",
} as const;
