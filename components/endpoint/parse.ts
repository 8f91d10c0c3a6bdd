import { parseRelayConfig } from "../../runtime/config.ts";
import type { Endpoint, HostType } from "../../runtime/config/endpoint.ts";
import { ConfigError } from "../../runtime/errors.ts";
import type { Problem } from "../../runtime/errors.ts";
import { declaredPath } from "../declared-path.ts";
import { buildEndpointConfig } from "./config.ts";
import type { EndpointFields } from "./config.ts";

const endpointName = "endpoint";

/**
 * Fills in the defaults of one endpoint.
 * @throws {ConfigError} with every problem, each with the name of its field as path
 */
export function parseEndpoint(hostType: HostType, fields: EndpointFields): Endpoint {
  // A dataflow of its own makes the document whole, so that every problem in it is the endpoint's.
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: endpointName, dataSources: ["source"] } },
    {
      operationType: "Destination",
      destinationSettings: { endpointRef: endpointName, dataDestination: "destination" },
    },
  ];
  const endpoints = { [endpointName]: buildEndpointConfig(hostType, fields) };
  const document = JSON.stringify({ endpoints, dataflows: { whole: { operations } } });
  const parsed = withFieldPaths(() => parseRelayConfig(document, { where: endpointName })).config.endpoints[
    endpointName
  ];
  if (parsed === undefined) throw new TypeError("the parsed configuration lacks its only endpoint");
  return parsed;
}

/** Lists what is wrong with the values of an endpoint's fields; empty when all is well. */
export function checkEndpointValues(hostType: HostType, fields: EndpointFields): readonly Problem[] {
  try {
    parseEndpoint(hostType, fields);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function withFieldPaths<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map(({ path, ...problem }) => ({
      path: declaredPath(path).replace(`endpoints.${endpointName}.`, ""),
      ...problem,
    }));
    throw new ConfigError(endpointName, problems, { cause: error });
  }
}
