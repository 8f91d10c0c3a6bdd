import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts, type Dataflow, type DataflowParts } from "../../runtime/contract/config/dataflow.ts";
import type { Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { quote, type Problem } from "../../runtime/contract/errors.ts";
import { matchesTopicFilter, topicNameProblem } from "../../runtime/contract/topic/filter.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { explain } from "../explain/explain.ts";
import { deliver, type Outcome } from "../explain/delivery.ts";
import { describeMiss } from "../explain/nearest-filter.ts";
import { sampleTopics } from "../sample-topic.ts";

/** How one dataflow is tested. */
export interface ProbePlan {
  readonly dataflow: string;
  readonly settings: Dataflow;
  readonly parts: DataflowParts;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Topic that would be published to; omitted: there is none that no machine may use, and none was given. */
  readonly topic?: string;
  /** What the dataflow makes of such a message. */
  readonly outcome?: Outcome;
  /** Dataflows that would take the message on from the destination. */
  readonly onward: readonly string[];
}

/** Stands for wildcards in topics that are published to. */
const madeUp = "mqtt-dataflow-test";

/**
 * Plans the test of the named dataflows, or of all that are enabled.
 * @param topic given by the user; omitted: one that no machine uses, where the filters leave room for one
 */
export function planProbes(
  config: RelayConfig,
  names: readonly string[],
  topic: string | undefined,
): { readonly plans: readonly ProbePlan[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const wanted = names.length > 0 ? names : enabledOf(config);
  const plans = wanted.flatMap((name): ProbePlan[] => {
    const plan = planProbe(config, name, topic);
    if (!("problem" in plan)) return [plan];
    problems.push(plan);
    return [];
  });
  if (topic !== undefined && names.length !== 1 && plans.length !== 1)
    problems.push({ path: "--topic", problem: "is for one dataflow", remedy: "name the dataflow that is to take it" });
  return { plans, problems };
}

function enabledOf({ dataflows }: RelayConfig): string[] {
  return Object.entries(dataflows).flatMap(([name, { mode }]) => (mode === "Enabled" ? [name] : []));
}

function planProbe(config: RelayConfig, name: string, given: string | undefined): ProbePlan | Problem {
  const settings = config.dataflows[name];
  const parts = settings === undefined ? undefined : dataflowParts(settings);
  const source = config.endpoints[parts?.source.endpointRef ?? ""];
  const destination = config.endpoints[parts?.destination.endpointRef ?? ""];
  if (settings === undefined || parts === undefined || source === undefined || destination === undefined) {
    const known = Object.keys(config.dataflows).join(", ");
    return { path: name, problem: "is not a dataflow of the configuration", remedy: `use one of ${known}` };
  }
  if (settings.mode === "Disabled")
    return { path: name, problem: "is disabled", remedy: 'set its mode to "Enabled" and deploy it first' };
  const problem = given === undefined ? undefined : topicProblem(name, parts, given);
  if (problem !== undefined) return problem;
  const flow = { dataflow: name, settings, parts, source, destination };
  const topic = given ?? sampleTopics(settings, madeUp).find(({ isExact }) => !isExact)?.topic;
  if (topic === undefined) return { ...flow, onward: [] };
  const message = { topic, qos: 1, retain: false, userProperties: [], payload: Buffer.alloc(0) } as const;
  const outcome = deliver(name, { dataflow: settings, parts, source, destination }, message);
  const from = parts.source.endpointRef;
  const taken = explain(config, { message, from }).taken.find(({ dataflow }) => dataflow === name);
  return { ...flow, topic, outcome, onward: taken?.next.map(({ dataflow }) => dataflow) ?? [] };
}

function topicProblem(name: string, { source }: DataflowParts, topic: string): Problem | undefined {
  const malformed = topicNameProblem(topic);
  if (malformed !== undefined)
    return { path: "--topic", problem: `${quote(topic)} ${malformed}`, remedy: "give a topic as a publisher has it" };
  if (source.dataSources.some((filter) => matchesTopicFilter(unsharedFilter(filter), topic))) return undefined;
  const [nearest] = source.dataSources
    .map((filter) => describeMiss(filter, topic))
    .sort((a, b) => a.distance - b.distance);
  const why = nearest === undefined ? "" : ` (${nearest.filter}: ${nearest.difference})`;
  return {
    path: "--topic",
    problem: `${quote(topic)} is under no filter of "${name}"${why}`,
    remedy: "give a topic that the dataflow takes",
  };
}
