import { filtersOverlap, unsharedFilter } from "../topic/overlap.ts";
import { parseTopicTemplate, type TopicTemplate } from "../topic/template.ts";
import { dataflowParts, type Dataflow, type DrainRates, type ParsedDataflow } from "./dataflow.ts";
import { HostType, type Endpoint } from "./endpoint.ts";

type Dataflows = Readonly<Record<string, ParsedDataflow>>;

/** Hops that a message may have made where the dataflows of one configuration can send it round. */
const hopsInLoop = 8;

/** Fills in the defaults that depend on the endpoints and on the other dataflows. */
export function resolveDataflow(
  name: string,
  dataflows: Dataflows,
  endpoints: Readonly<Record<string, Endpoint>>,
): Dataflow {
  const dataflow = dataflows[name];
  if (dataflow === undefined) throw new TypeError(`there is no dataflow "${name}"`);
  const { spool, maxHops, ...rest } = dataflow.relay;
  const parts = dataflowParts(dataflow);
  const source = endpoints[parts?.source.endpointRef ?? ""];
  const destination = endpoints[parts?.destination.endpointRef ?? ""];
  const keeps = source?.hostType === HostType.EventGrid || dataflow.requestDiskPersistence === "Enabled";
  const mode = spool.mode ?? (keeps ? "Enabled" : "Disabled");
  const hops = maxHops ?? (leadsBack(name, dataflows) ? hopsInLoop : undefined);
  return {
    ...dataflow,
    relay: {
      ...rest,
      spool: { ...spool, mode, ...drainRates(spool, destination) },
      ...(hops === undefined ? {} : { maxHops: hops }),
    },
  };
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

/** One way that messages go: between which endpoints, under which filters, and what topics they leave with. */
interface Way {
  readonly from: string;
  readonly to: string;
  readonly takes: readonly string[];
  readonly gives: readonly string[];
}

/** Tells whether a message of a dataflow may come back to it through the dataflows that are enabled. */
function leadsBack(name: string, dataflows: Dataflows): boolean {
  const ways = new Map(
    Object.entries(dataflows).flatMap(([key, dataflow]) => {
      const way = dataflow.mode === "Enabled" ? wayOf(dataflow) : undefined;
      return way === undefined ? [] : [[key, way] as const];
    }),
  );
  const start = ways.get(name);
  const seen = new Set<string>();
  for (const next = start === undefined ? [] : [start]; next.length > 0;) {
    const { to, gives } = next.pop() ?? { to: "", gives: [] };
    for (const [key, way] of ways) {
      if (
        way.from !== to ||
        seen.has(key) ||
        !gives.some((given) => way.takes.some((taken) => filtersOverlap(given, taken)))
      )
        continue;
      if (key === name) return true;
      seen.add(key);
      next.push(way);
    }
  }
  return false;
}

function wayOf(dataflow: ParsedDataflow): Way | undefined {
  const parts = dataflowParts(dataflow);
  const template = parseTopicTemplate(parts?.destination.dataDestination ?? "");
  if (parts === undefined || "problem" in template) return undefined;
  const takes = parts.source.dataSources.map(unsharedFilter);
  const gives = takes.map((filter) => outputFilter(template, filter));
  return { from: parts.source.endpointRef, to: parts.destination.endpointRef, takes, gives };
}

/** A filter that takes in every topic that the template makes of topics under `filter`. */
function outputFilter({ pieces }: TopicTemplate, filter: string): string {
  const made = pieces
    .map((piece) => (piece.kind === "text" ? piece.text : piece.kind === "topic" ? filter : "+"))
    .join("");
  const levels = made.split("/").map((level) => (level.includes("#") ? "#" : level.includes("+") ? "+" : level));
  const rest = levels.indexOf("#");
  return (rest < 0 ? levels : levels.slice(0, rest + 1)).join("/");
}
