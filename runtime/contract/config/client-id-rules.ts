import { clientId, maxClientIdBytes, maxInstances, shareGroup } from "../client-id.ts";
import { quote, type Problem } from "../errors.ts";
import { maxTopicBytes, parseSharedFilter } from "../topic/filter.ts";
import { dataflowParts, type ParsedDataflow } from "./dataflow.ts";
import { HostType, type Endpoint } from "./endpoint.ts";
import { clientIdPrefixProblem, eventGridLimits } from "./endpoint-rules.ts";

/** Where one of the two clients of a dataflow is declared. */
interface ClientEnd {
  readonly path: string;
  readonly side: "source" | "destination";
  readonly endpointRef: string;
}

/**
 * Lists the clients of a dataflow whose identifiers are longer than their broker takes. Sessions of instances that are removed are
 * taken up by the others, so the largest number of an instance counts.
 */
export function checkClientIds(
  path: string,
  name: string,
  dataflow: ParsedDataflow,
  endpoints: Readonly<Record<string, Endpoint>>,
): Problem[] {
  const parts = dataflowParts(dataflow);
  if (parts === undefined) return [];
  const last = dataflow.operations.length - 1;
  const ends: ClientEnd[] = [
    {
      path: `${path}.operations[0].sourceSettings.endpointRef`,
      side: "source",
      endpointRef: parts.source.endpointRef,
    },
    {
      path: `${path}.operations[${last}].destinationSettings.endpointRef`,
      side: "destination",
      endpointRef: parts.destination.endpointRef,
    },
  ];
  return ends.flatMap((end) => {
    const endpoint = Object.hasOwn(endpoints, end.endpointRef) ? endpoints[end.endpointRef] : undefined;
    // A prefix that is too long for any dataflow is a problem of the endpoint.
    if (endpoint === undefined || clientIdPrefixProblem(endpoint) !== undefined) return [];
    return checkLength(end, name, endpoint, parts.source.dataSources);
  });
}

function checkLength(
  { path, side, endpointRef }: ClientEnd,
  dataflow: string,
  { hostType, mqttSettings: { clientIdPrefix: prefix } }: Endpoint,
  dataSources: readonly string[],
): Problem[] {
  const id = clientId({ prefix, dataflow, ordinal: maxInstances - 1, side });
  const remedy = (excess: number) =>
    `shorten clientIdPrefix of the endpoint ${quote(endpointRef)} by ${excess}, or the dataflow's name`;
  const characters = Array.from(id).length;
  const most = eventGridLimits.maxClientIdCharacters;
  if (hostType === HostType.EventGrid && characters > most) {
    const problem = `has client identifiers of up to ${characters} characters, and Event Grid takes ${most}`;
    return [{ path, problem, remedy: remedy(characters - most) }];
  }
  const bytes = Buffer.byteLength(id);
  if (bytes > maxClientIdBytes) {
    const problem = `has client identifiers of up to ${bytes} bytes, and MQTT takes ${maxClientIdBytes}`;
    return [{ path, problem, remedy: remedy(bytes - maxClientIdBytes) }];
  }
  if (side === "destination") return [];
  // With several instances the group of the shared subscriptions begins with the prefix too.
  const group = Buffer.byteLength(`$share/${shareGroup({ prefix, dataflow })}/`);
  const own = dataSources.filter((filter) => parseSharedFilter(filter.replace(/^\$shared\//, "$share/")) === undefined);
  const excess = Math.max(0, ...own.map((filter) => group + Buffer.byteLength(filter) - maxTopicBytes));
  if (excess === 0) return [];
  const problem = `has shared subscriptions of up to ${maxTopicBytes + excess} bytes, and MQTT takes ${maxTopicBytes}`;
  return [{ path, problem, remedy: remedy(excess) }];
}
