import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import type { Cause } from "./causes.ts";

/** @see Azure Monitor, supported logs of Microsoft.EventGrid/namespaces */
const category = {
  connections: "FailedMqttConnections",
  disconnections: "MqttDisconnections",
  publishes: "FailedMqttPublishedMessages",
  subscriptions: "FailedMqttSubscriptionOperations",
} as const;

/** The log of a namespace in which each cause stands, once a connection has come as far as the namespace. */
const logOf: Partial<Record<Cause, string>> = {
  "not-authorized": category.connections,
  "wrong-audience": category.connections,
  "session-limit": category.connections,
  "connection-refused": category.connections,
  "connection-ended": category.disconnections,
};

/** Metrics of a namespace that count a cause. @see Event Grid, Monitor data reference for the MQTT broker */
const metricOf: Partial<Record<Cause, string>> = {
  "load-too-high": "MQTT.ThrottlingEnforcements",
};

/** Says where Azure logs a cause; `undefined` where the broker is not Event Grid, or logs nothing of it. */
export function azureLogOf(endpoint: Endpoint, cause: Cause, act?: "subscribe" | "publish"): string | undefined {
  if (endpoint.hostType !== HostType.EventGrid) return undefined;
  const metric = metricOf[cause];
  if (metric !== undefined) return `the namespace's metric ${metric}`;
  const acts = { subscribe: category.subscriptions, publish: category.publishes };
  const log = act === undefined ? logOf[cause] : acts[act];
  return log === undefined ? undefined : `the namespace's log ${log}, where its diagnostic settings send it`;
}
