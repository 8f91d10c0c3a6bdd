import { parseRelayConfig, type ParsedConfig } from "../../../../runtime/contract/config.ts";
import { ConfigError, formatProblem } from "../../../../runtime/contract/errors.ts";

/**
 * One endpoint of each host type, and a dataflow from the local broker to Event Grid; no problem and no warning in it.
 * `changes` sets values by path, `{ "endpoints.plant.mqttSettings.qos": 2 }`; `undefined` takes a field out.
 */
export function buildDocument(changes: Readonly<Record<string, unknown>> = {}): object {
  const document = {
    endpoints: {
      edge: { endpointType: "Mqtt", mqttSettings: { authentication: { method: "ServiceAccountToken" } } },
      cloud: {
        endpointType: "Mqtt",
        mqttSettings: {
          host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883",
          authentication: { method: "SystemAssignedManagedIdentity" },
          clientIdPrefix: "oslo-",
          retain: "Never",
        },
      },
      plant: {
        endpointType: "Mqtt",
        mqttSettings: { host: "broker.example:8883", authentication: { method: "Anonymous" } },
      },
    },
    dataflows: {
      upward: {
        operations: [
          { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/+/telemetry"] } },
          { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "oslo" } },
        ],
      },
    },
  };
  for (const [path, value] of Object.entries(changes)) setAt(document, path.split("."), value);
  return document;
}

function setAt(object: object, [key = "", ...rest]: readonly string[], value: unknown): void {
  const fields = object as Record<string, unknown>;
  if (rest.length === 0) fields[key] = value;
  else setAt((fields[key] ??= {}), rest, value);
}

/** Parses a document given as a value. */
export function parseDocument(document: unknown): ParsedConfig {
  return parseRelayConfig(JSON.stringify(document), { where: "doc" });
}

/** Every problem of a document in one line each; empty when it parses. */
export function problemsOf(document: unknown): string[] {
  return problemsOfText(JSON.stringify(document));
}

/** {@link problemsOf} a document given as it stands in its file. */
export function problemsOfText(text: string): string[] {
  try {
    parseRelayConfig(text, { where: "doc" });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

/** Every warning of a document in one line each. */
export function warningsOf(document: unknown): string[] {
  return parseDocument(document).warnings.map(formatProblem);
}
