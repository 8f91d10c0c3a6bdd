import type { Side } from "./connection/side.ts";
import type { DataflowParts } from "./contract/config/dataflow.ts";
import { HostType, parseHost } from "./contract/config/endpoint.ts";
import type { TracedDataflow, TracedSide } from "./report/traces/tracer.ts";

/** Bytes of all user properties of a message. @see Event Grid, Quotas and limits (2025-07-30) */
const eventGridUserPropertyBytes = 32 * 1024;

/** Names a dataflow for its spans, and says what its destination takes. */
export function traced(
  name: string,
  { source: { dataSources }, destination: { dataDestination } }: DataflowParts,
  source: Side,
  destination: Side,
): TracedDataflow {
  const isEventGrid = destination.endpoint.hostType === HostType.EventGrid;
  return {
    name,
    source: tracedSide(source, dataSources.length === 1 ? dataSources[0] : undefined),
    destination: tracedSide(destination, dataDestination),
    ...(isEventGrid ? { maxUserPropertyBytes: eventGridUserPropertyBytes } : {}),
  };
}

function tracedSide({ endpoint, clientId }: Side, template: string | undefined): TracedSide {
  const { host } = endpoint.mqttSettings;
  const { hostname, port } = parseHost(host) ?? { hostname: host, port: 0 };
  return { host: hostname, port, clientId, ...(template === undefined ? {} : { template }) };
}
