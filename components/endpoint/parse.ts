import { parseRelayConfig } from "../../runtime/contract/config.ts";
import type { Endpoint, HostType } from "../../runtime/contract/config/endpoint.ts";
import { depthProblem } from "../../runtime/contract/config/limits.ts";
import { resourceName } from "../../runtime/contract/config/field.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { declaredRemedy } from "../declared-remedy.ts";
import { buildEndpointConfig, endpointPlaces } from "./config.ts";
import type { EndpointFields } from "./config.ts";

const anyName = "endpoint";

/**
 * Fills in the defaults of one endpoint.
 * @throws {ConfigError} with every problem, each with the name of its field as path
 */
export function parseEndpoint(hostType: HostType, fields: EndpointFields, endpointName = anyName): Endpoint {
  const tooDeep = depthProblem(fields, "fields");
  if (tooDeep !== undefined) throw new ConfigError(endpointName, [tooDeep]);
  // A dataflow of its own makes the document whole, so that every problem in it is the endpoint's: no name of one is shorter.
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: endpointName, dataSources: ["source"] } },
    {
      operationType: "Destination",
      destinationSettings: { endpointRef: endpointName, dataDestination: "destination" },
    },
  ];
  const endpoints = { [endpointName]: buildEndpointConfig(hostType, fields) };
  const document = JSON.stringify({ endpoints, dataflows: { one: { operations } } });
  try {
    const parsed = parseRelayConfig(document, { where: endpointName }).config.endpoints[endpointName];
    if (parsed === undefined) throw new TypeError("the parsed configuration lacks its only endpoint");
    return parsed;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      path: fieldName(problem.path, endpointName),
      remedy: declaredRemedy(problem.remedy),
    }));
    throw new ConfigError(endpointName, problems, { cause: error });
  }
}

function fieldName(path: string, endpointName: string): string {
  const endpoint = `endpoints.${endpointName}`;
  if (path === endpoint) return "endpointName";
  const rendered = path.replace(`${endpoint}.`, "");
  return endpointPlaces.declaredPath(rendered) ?? rendered;
}

/** Lists what is wrong with the values of an endpoint's fields; empty when all is well. */
export function checkEndpointValues(
  hostType: HostType,
  fields: EndpointFields,
  endpointName = anyName,
): readonly Problem[] {
  try {
    parseEndpoint(hostType, fields, endpointName);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Refuses a name that AIO's `DataflowEndpoint` and the relay's configuration do not take. */
export function checkEndpointName(endpointName: string): readonly Problem[] {
  if (resourceName.test(endpointName)) return [];
  return checkEndpointValues("LocalBroker", { authenticationMethod: "Anonymous" }, endpointName);
}
