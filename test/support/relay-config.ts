import { tmpdir } from "node:os";
import path from "node:path";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";

/** Settings of an endpoint that a test chooses; the rest is the relay's default. */
export type MqttSettingsInput = Partial<EndpointInput["mqttSettings"]>;

/** A folder that is not there. In the usual one another relay of this machine may have left a spool, which each relay looks after. */
export const nowhere = path.join(tmpdir(), `mqtt-dataflow-no-spool-${process.pid}`);

/** Waits between attempts that a test can sit out. */
export const quickReconnect = { minDelayMs: 20, maxDelayMs: 200 } as const;

/** An endpoint on loopback, without TLS and open to everybody unless `settings` say otherwise. */
export function plainEndpoint(port: number, settings: MqttSettingsInput = {}): EndpointInput {
  return {
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${port}`,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      ...settings,
    },
  };
}

/** A dataflow from topic filters to a topic. */
export function buildDataflow(
  [source, dataSources]: readonly [endpointRef: string, dataSources: string[]],
  [destination, dataDestination]: readonly [endpointRef: string, dataDestination: string],
  more: Omit<Partial<DataflowInput>, "operations"> = {},
): DataflowInput {
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: source, dataSources } },
      { operationType: "Destination", destinationSettings: { endpointRef: destination, dataDestination } },
    ],
    ...more,
  };
}

/** A whole configuration, with waits that a test can sit out. */
export function buildConfig(
  parts: Pick<RelayConfigInput, "endpoints" | "dataflows"> & Partial<RelayConfigInput>,
): RelayConfigInput {
  return { ...parts, relay: { reconnect: quickReconnect, spoolPath: nowhere, ...parts.relay } };
}
