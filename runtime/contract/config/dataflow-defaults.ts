import type { Dataflow, DrainRates, ParsedDataflow } from "./dataflow.ts";
import { dataflowParts } from "./dataflow.ts";
import { HostType, type Endpoint } from "./endpoint.ts";
import { listFlows, outputsOf } from "./flows.ts";
import { findCircles } from "./ways.ts";

type Dataflows = Readonly<Record<string, ParsedDataflow>>;
type Endpoints = Readonly<Record<string, Endpoint>>;

/** Hops that a message may have made where the dataflows of one configuration can send it round. */
const hopsInLoop = 8;

/** Fills in the defaults that depend on the endpoints and on the other dataflows. */
export function resolveDataflows(dataflows: Dataflows, endpoints: Endpoints): Record<string, Dataflow> {
  const looping = dataflowsInLoops(dataflows, endpoints);
  return Object.fromEntries(
    Object.entries(dataflows).map(([name, dataflow]) => [
      name,
      resolveDataflow(dataflow, endpoints, looping.has(name) ? hopsInLoop : undefined),
    ]),
  );
}

function resolveDataflow(dataflow: ParsedDataflow, endpoints: Endpoints, defaultHops: number | undefined): Dataflow {
  const { spool, maxHops, ...rest } = dataflow.relay;
  const parts = dataflowParts(dataflow);
  const source = endpoints[parts?.source.endpointRef ?? ""];
  const destination = endpoints[parts?.destination.endpointRef ?? ""];
  const keeps = source?.hostType === HostType.EventGrid || dataflow.requestDiskPersistence === "Enabled";
  const mode = spool.mode ?? (keeps ? "Enabled" : "Disabled");
  const hops = maxHops ?? defaultHops;
  return {
    ...dataflow,
    relay: {
      ...rest,
      spool: { ...spool, mode, ...drainRates(spool, destination) },
      ...(hops === undefined ? {} : { maxHops: hops }),
    },
  };
}

/** The dataflows whose messages may come back to them through those that are enabled. */
function dataflowsInLoops(dataflows: Dataflows, endpoints: Endpoints): ReadonlySet<string> {
  const flows = listFlows(dataflows, endpoints);
  const circles = findCircles(
    flows.map((flow) => ({
      takes: { broker: flow.from, filters: flow.filters },
      gives: [{ broker: flow.to, filters: outputsOf(flow) }],
    })),
  );
  return new Set(flows.flatMap(({ name }, index) => (circles[index] === undefined ? [] : [name])));
}

/**
 * Event Grid takes 1,000 messages and 1 MB a second from a session, and throttles one that sends more: a spool drains just
 * below that. Other brokers have no limit that is known here, so there a spool drains as fast as the broker takes it.
 * @see Event Grid, MQTT quotas (2025-07-30)
 */
function drainRates(
  { drainMessagesPerSecond, drainBytesPerSecond }: ParsedDataflow["relay"]["spool"],
  destination: Endpoint | undefined,
): DrainRates {
  const isEventGrid = destination?.hostType === HostType.EventGrid;
  return {
    drainMessagesPerSecond: drainMessagesPerSecond ?? (isEventGrid ? 900 : 0),
    drainBytesPerSecond: drainBytesPerSecond ?? (isEventGrid ? 900_000 : 0),
  };
}
