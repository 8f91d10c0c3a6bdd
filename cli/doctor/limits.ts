import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import type { ServerLimits } from "../../runtime/mqtt/connect.ts";
import type { Reporter } from "./finding.ts";

/** A connection whose limits are judged. */
export interface JudgedConnection {
  /** Name of the endpoint. */
  readonly name: string;
  readonly limits: ServerLimits;
  /** Milliseconds that the broker took for CONNACK: about one round trip. */
  readonly connectMs: number;
}

/** Says what CONNACK announces, and what of it is less than the configuration asks for. */
export function checkLimits(connection: JudgedConnection, config: RelayConfig, reporter: Reporter): void {
  const { name, limits, connectMs } = connection;
  const endpoint = config.endpoints[name];
  if (endpoint === undefined) return;
  reporter.good("limits", limitsText(limits), { ...limits, maximumPacketBytes: shownBytes(limits.maximumPacketBytes) });
  const { qos, retain, maxInflightMessages, sessionExpirySeconds } = endpoint.mqttSettings;
  const isDestination = usesAs(config, name, "destination");
  const path = `endpoints.${name}.mqttSettings`;
  if (limits.maximumQoS < qos) {
    const text = `the broker takes QoS ${limits.maximumQoS} at most, and ${path}.qos is ${qos}`;
    reporter.problem("limits", "qos-not-supported", text, { remedy: `set it to ${limits.maximumQoS}` });
  }
  if (isDestination && !limits.retainAvailable && retain === "Keep") {
    const text = "the broker keeps no retained messages, and the relay clears their flag";
    reporter.warning("limits", "retain-not-supported", text, { remedy: `set ${path}.retain to "Never"` });
  }
  if (isDestination && qos > 0 && limits.receiveMaximum < maxInflightMessages) {
    const rate = Math.floor((limits.receiveMaximum * 1000) / Math.max(1, connectMs));
    const text = `the broker takes ${limits.receiveMaximum} messages before it acknowledges one (Receive Maximum), and ${path}.maxInflightMessages is ${maxInflightMessages}: at ${Math.ceil(connectMs)} ms a round trip no dataflow delivers more than about ${rate} messages/s`;
    const remedy = `raise Receive Maximum at the broker (mosquitto: max_inflight_messages), or set maxInflightMessages to ${limits.receiveMaximum} where that rate is enough`;
    reporter.warning("limits", "receive-maximum", text, { remedy });
  }
  const given = limits.sessionExpirySeconds;
  if (given !== undefined && given < sessionExpirySeconds && usesAs(config, name, "source")) {
    const text = `the broker keeps a session for ${given} s, and ${path}.sessionExpirySeconds is ${sessionExpirySeconds}: after a longer outage what waited is lost`;
    reporter.warning("limits", "session-expiry", text, { remedy: `raise it at the broker, or set it to ${given}` });
  }
}

function limitsText(limits: ServerLimits): string {
  const { receiveMaximum, maximumQoS, retainAvailable, maximumPacketBytes, sessionExpirySeconds } = limits;
  const missing = [
    ...(retainAvailable ? [] : ["retained messages"]),
    ...(limits.sharedSubscriptionAvailable ? [] : ["shared subscriptions"]),
    ...(limits.wildcardSubscriptionAvailable ? [] : ["wildcards"]),
    ...(limits.subscriptionIdentifiersAvailable ? [] : ["subscription identifiers"]),
  ];
  return [
    `Receive Maximum ${receiveMaximum}`,
    `Maximum QoS ${maximumQoS}`,
    `packets of ${shownBytes(maximumPacketBytes)}${Number.isFinite(maximumPacketBytes) ? " at most" : ""}`,
    ...(sessionExpirySeconds === undefined ? [] : [`sessions kept for ${sessionExpirySeconds} s`]),
    ...(missing.length === 0 ? [] : [`no ${missing.join(", no ")}`]),
  ].join(", ");
}

function shownBytes(bytes: number): string {
  return Number.isFinite(bytes) ? `${bytes} bytes` : "any size";
}

function usesAs({ dataflows }: RelayConfig, name: string, side: "source" | "destination"): boolean {
  return Object.values(dataflows).some((dataflow) => {
    const parts = dataflowParts(dataflow);
    return dataflow.mode === "Enabled" && parts?.[side].endpointRef === name;
  });
}
