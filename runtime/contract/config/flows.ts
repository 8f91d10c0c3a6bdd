import { outputFilter } from "../topic/output-filter.ts";
import { unsharedFilter } from "../topic/overlap.ts";
import { parseTopicTemplate, type TopicTemplate } from "../topic/template.ts";
import { dataflowParts, type ParsedDataflow } from "./dataflow.ts";
import { brokerOf, type Endpoint } from "./endpoint.ts";

/** An enabled dataflow as far as the way of its messages is concerned. */
export interface Flow {
  readonly name: string;
  /** Broker of its source; the same text for the same broker, whatever endpoint leads there. */
  readonly from: string;
  /** Its topic filters without their share. */
  readonly filters: readonly string[];
  readonly to: string;
  readonly template: TopicTemplate;
  /** Where its dead letters are published; omitted: nowhere. */
  readonly deadLetter?: { readonly broker: string; readonly topic: string };
}

/** The enabled dataflows that could be read. An endpoint that could not is a broker of its own. */
export function listFlows(
  dataflows: Readonly<Record<string, ParsedDataflow>>,
  endpoints: Readonly<Record<string, Endpoint>>,
): Flow[] {
  const brokers = new Map(
    Object.entries(endpoints).map(([name, { hostType, mqttSettings }]) => [
      name,
      brokerOf(hostType, mqttSettings.host),
    ]),
  );
  const brokerAt = (endpoint: string) => brokers.get(endpoint) ?? `endpoint "${endpoint}"`;
  return Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    const template = parseTopicTemplate(parts?.destination.dataDestination ?? "");
    if (dataflow.mode !== "Enabled" || parts === undefined || "problem" in template) return [];
    const { endpointRef, topic } = dataflow.relay.deadLetter ?? {};
    const isPublished = dataflow.relay.undeliverableMessages === "DeadLetter" && endpointRef !== undefined;
    return [
      {
        name,
        from: brokerAt(parts.source.endpointRef),
        filters: parts.source.dataSources.map(unsharedFilter),
        to: brokerAt(parts.destination.endpointRef),
        template,
        ...(isPublished && topic !== undefined ? { deadLetter: { broker: brokerAt(endpointRef), topic } } : {}),
      },
    ];
  });
}

/** Filters that take in all topics that a dataflow publishes its messages to. */
export function outputsOf({ template, filters }: Flow): string[] {
  return filters.map((filter) => outputFilter(template, filter)).filter((filter) => filter !== undefined);
}
