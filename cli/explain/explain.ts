import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts, type Dataflow, type DataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { brokerOf, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { nearestName } from "../../runtime/contract/config/field.ts";
import { quote } from "../../runtime/contract/errors.ts";
import { matchesTopicFilter, topicNameProblem } from "../../runtime/contract/topic/filter.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { deliver, type Outcome } from "./delivery.ts";
import { describeMiss, type NearFilter } from "./nearest-filter.ts";
import { rightOf, type Right } from "./rights.ts";
import type { SampleMessage } from "./sample-message.ts";
import type { DeclaredTopicSpace } from "./topic-spaces.ts";

/** What is asked. */
export interface Question {
  readonly message: SampleMessage;
  /** Name of the endpoint at whose broker the message is published; omitted: at any. */
  readonly from?: string | undefined;
  /** Topic spaces of the namespace, where a file tells them. */
  readonly topicSpaces?: readonly DeclaredTopicSpace[];
}

/** What becomes of a message. */
export interface Explanation {
  readonly topic: string;
  /** What is wrong with the question itself; nothing else is said then. */
  readonly problem?: string;
  /** Enabled dataflows that take it, in the order of the configuration. */
  readonly taken: readonly Taken[];
  /** Other dataflows, the nearest first. */
  readonly notTaken: readonly NotTaken[];
}

/** A dataflow that takes a message. */
export interface Taken {
  readonly dataflow: string;
  readonly source: Place;
  readonly destination: Place;
  /** Its filters that take the message in; more than one may bring it more than once. */
  readonly filters: readonly string[];
  readonly outcome: Outcome;
  /** What the brokers have to allow. */
  readonly rights: readonly Right[];
  /** Dataflows that take it on from the destination. */
  readonly next: readonly Taken[];
  /** Dataflows that would take it on and have had it before. */
  readonly loops: readonly string[];
}

/** An endpoint and its broker. */
export interface Place {
  readonly endpoint: string;
  readonly host: string;
}

/** A dataflow that does not take a message. */
export interface NotTaken {
  readonly dataflow: string;
  readonly source: Place;
  /** Why: it is disabled, its source is another broker, or no filter fits. */
  readonly reason: "disabled" | "another source" | "no filter";
  /** Its filter that comes nearest; with `disabled` and `another source` only where none takes it in. */
  readonly nearest?: NearFilter;
}

/** Dataflows that a message passes one after the other, at most. */
const maxHopsShown = 8;

/** Says what the dataflows of a configuration do with a message: by the relay's own matching and rewriting. Never throws. */
export function explain(config: RelayConfig, question: Question): Explanation {
  const { topic } = question.message;
  const problem = problemOf(config, question);
  if (problem !== undefined) return { topic, problem, taken: [], notTaken: [] };
  const flows = listFlows(config);
  const brokers = question.from === undefined ? undefined : brokerAt(config, question.from);
  const taken = flows.filter((flow) => takes(flow, topic, brokers));
  return {
    topic,
    taken: taken.map((flow) => follow(flow, question.message, { flows, question, passed: [] })),
    notTaken: flows
      .filter((flow) => !taken.includes(flow))
      .map((flow) => miss(flow, topic, brokers))
      .sort((a, b) => rank(a) - rank(b)),
  };
}

function problemOf({ endpoints }: RelayConfig, { message, from }: Question): string | undefined {
  const problem = topicNameProblem(message.topic);
  if (problem !== undefined) return `the topic ${quote(message.topic)} ${problem}; give a topic as a publisher has it`;
  if (from === undefined || endpoints[from] !== undefined) return undefined;
  const nearest = nearestName(from, Object.keys(endpoints));
  const remedy =
    nearest === undefined ? `use one of ${Object.keys(endpoints).join(", ")}` : `did you mean "${nearest}"?`;
  return `--from names the endpoint ${quote(from)}, which does not exist; ${remedy}`;
}

/** A dataflow and its two endpoints. */
interface Flow {
  readonly name: string;
  readonly dataflow: Dataflow;
  readonly parts: DataflowParts;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

function listFlows({ dataflows, endpoints }: RelayConfig): Flow[] {
  return Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    const source = endpoints[parts?.source.endpointRef ?? ""];
    const destination = endpoints[parts?.destination.endpointRef ?? ""];
    if (parts === undefined || source === undefined || destination === undefined) return [];
    return [{ name, dataflow, parts, source, destination }];
  });
}

function brokerAt({ endpoints }: RelayConfig, name: string): string | undefined {
  const endpoint = endpoints[name];
  return endpoint === undefined ? undefined : brokerOf(endpoint.hostType, endpoint.mqttSettings.host);
}

function sourceBroker({ source }: Flow): string {
  return brokerOf(source.hostType, source.mqttSettings.host);
}

function matching({ parts }: Flow, topic: string): string[] {
  return parts.source.dataSources.filter((filter) => matchesTopicFilter(unsharedFilter(filter), topic));
}

function takes(flow: Flow, topic: string, broker: string | undefined): boolean {
  if (flow.dataflow.mode === "Disabled") return false;
  return (broker === undefined || sourceBroker(flow) === broker) && matching(flow, topic).length > 0;
}

interface Walk {
  readonly flows: readonly Flow[];
  readonly question: Question;
  /** Dataflows that the message has passed. */
  readonly passed: readonly string[];
}

function follow(flow: Flow, message: SampleMessage, walk: Walk): Taken {
  const { name, parts, source, destination, dataflow } = flow;
  const { topicSpaces } = walk.question;
  const filters = matching(flow, message.topic);
  const outcome = deliver(name, { dataflow, parts, source, destination }, message);
  const passed = [...walk.passed, name];
  const onward = outcome.kind === "delivered" ? onwards(flow, outcome.message, walk) : [];
  const isNew = (next: Flow) => !passed.includes(next.name) && passed.length < maxHopsShown;
  const next = outcome.kind === "delivered" ? outcome.message : message;
  return {
    dataflow: name,
    source: placeOf(parts.source.endpointRef, source),
    destination: placeOf(parts.destination.endpointRef, destination),
    filters,
    outcome,
    rights: [
      ...filters.map((filter) =>
        rightOf({ name: parts.source.endpointRef, settings: source }, "subscribe", filter, topicSpaces),
      ),
      ...(outcome.kind === "delivered"
        ? [
            rightOf(
              { name: parts.destination.endpointRef, settings: destination },
              "publish",
              outcome.message.topic,
              topicSpaces,
            ),
          ]
        : []),
    ],
    next: onward.filter(isNew).map((flowOn) => follow(flowOn, { ...message, ...next }, { ...walk, passed })),
    loops: onward.filter(({ name: other }) => passed.includes(other)).map(({ name: other }) => other),
  };
}

function onwards({ destination }: Flow, { topic }: { readonly topic: string }, { flows }: Walk): Flow[] {
  const broker = brokerOf(destination.hostType, destination.mqttSettings.host);
  return flows.filter((flow) => takes(flow, topic, broker));
}

function placeOf(endpoint: string, { mqttSettings: { host } }: Endpoint): Place {
  return { endpoint, host };
}

function miss(flow: Flow, topic: string, broker: string | undefined): NotTaken {
  const { name, parts, source, dataflow } = flow;
  const isDisabled = dataflow.mode === "Disabled";
  const isElsewhere = broker !== undefined && sourceBroker(flow) !== broker;
  const near = matching(flow, topic).length > 0 ? undefined : nearestOf(parts.source.dataSources, topic);
  return {
    dataflow: name,
    source: placeOf(parts.source.endpointRef, source),
    reason: isElsewhere ? "another source" : isDisabled ? "disabled" : "no filter",
    ...(near === undefined ? {} : { nearest: near }),
  };
}

function nearestOf(filters: readonly string[], topic: string): NearFilter | undefined {
  return filters.map((filter) => describeMiss(filter, topic)).sort((a, b) => a.distance - b.distance)[0];
}

/** What is nearest comes first: a dataflow that would take it but for one thing. */
function rank({ reason, nearest }: NotTaken): number {
  return (nearest?.distance ?? 0) + (reason === "another source" ? 1 : 0);
}
