import { firstLines, quote, type Problem } from "../errors.ts";
import { maxTopicBytes, parseSharedFilter, topicFilterProblem } from "../topic/filter.ts";
import { outputFilter } from "../topic/output-filter.ts";
import { FilterTree } from "../topic/filter-tree.ts";
import { unsharedFilter } from "../topic/overlap.ts";
import { isReservedTopic } from "../topic/topic-space-template.ts";
import { parseTopicTemplate, resolveTopicTemplate, unresolvableLevel, type TopicTemplate } from "../topic/template.ts";
import { dataflowParts, type ParsedDataflow, type DestinationSettings, type SourceSettings } from "./dataflow.ts";
import { HostType, type Endpoint } from "./endpoint.ts";
import { eventGridLimits } from "./endpoint-rules.ts";
import { eventGridSizeProblem, eventGridTopicProblem, reservedTopicProblem } from "./event-grid-topic.ts";
import { list, nearestName } from "./field.ts";
import { checkUndeliverable } from "./undeliverable-rules.ts";

/** What a dataflow is checked against. */
export interface DataflowContext {
  /** The endpoints that could be read; the names of all others are in `endpointNames`. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly endpointNames: ReadonlySet<string>;
  readonly instanceCount: number;
  /** Where the profile stands in what the operator gave. */
  readonly profilePath: string;
}

/** Writes AIO's documented spelling `$shared/…` as the wire has it, `$share/…`. */
export function normalizeFilter(filter: string): string {
  return filter.startsWith("$shared/") ? `$share/${filter.slice("$shared/".length)}` : filter;
}

/** Lists what is wrong with one dataflow among its endpoints; empty when all is well. */
export function checkDataflow(path: string, dataflow: ParsedDataflow, context: DataflowContext): Problem[] {
  const parts = dataflowParts(dataflow);
  if (parts === undefined) {
    const types = dataflow.operations.map((operation) => operation.operationType);
    const remedy = "give a Source, then at most one BuiltInTransformation, then a Destination";
    return [
      {
        path: `${path}.operations`,
        problem: types.length === 0 ? "is empty" : `has ${firstLines(types, String).join(", ")}`,
        remedy,
      },
    ];
  }
  const sourcePath = `${path}.operations[0].sourceSettings`;
  const destinationPath = `${path}.operations[${dataflow.operations.length - 1}].destinationSettings`;
  return [
    ...checkReference(`${sourcePath}.endpointRef`, parts.source.endpointRef, context),
    ...checkReference(`${destinationPath}.endpointRef`, parts.destination.endpointRef, context),
    ...checkSource(sourcePath, parts.source, context),
    ...checkDestination(destinationPath, parts.source, parts.destination, context),
    ...checkUndeliverable(`${path}.relay`, dataflow.relay, parts, context.endpoints),
  ];
}

/** Says that an endpoint doesn't exist, and which was probably meant; empty when it does. */
export function checkReference(
  path: string,
  name: string,
  { endpointNames }: Pick<DataflowContext, "endpointNames">,
): Problem[] {
  if (endpointNames.has(name)) return [];
  const nearest = nearestName(name, endpointNames);
  const known = endpointNames.size === 0 ? "add it" : `use one of ${list([...endpointNames])}, or add it`;
  const remedy = nearest === undefined ? known : `did you mean "${nearest}"?`;
  return [{ path, problem: `names the endpoint ${quote(name)}, which does not exist`, remedy }];
}

function checkSource(
  path: string,
  source: SourceSettings,
  { endpoints, instanceCount, profilePath }: DataflowContext,
): Problem[] {
  const endpoint = endpoints[source.endpointRef];
  const isEventGrid = endpoint?.hostType === HostType.EventGrid;
  const filters = source.dataSources.map(normalizeFilter);
  const problems = filters.flatMap((filter, index) =>
    checkFilter(`${path}.dataSources[${index}]`, filter, isEventGrid),
  );
  const shares = instanceCount > 1 || filters.some((filter) => parseSharedFilter(filter) !== undefined);
  if (isEventGrid && shares && !endpoint.relay.allowSharedSubscriptions) {
    const at = instanceCount > 1 ? `${profilePath}.instanceCount` : `${path}.dataSources`;
    const what = instanceCount > 1 ? `is ${instanceCount}` : "has a shared subscription";
    const without = instanceCount > 1 ? "set instanceCount to 1" : 'give the filters without "$share"';
    const remedy = `${without}, or, where the namespace supports shared subscriptions, set allowSharedSubscriptions of the endpoint ${quote(source.endpointRef)}`;
    problems.push({ path: at, problem: `${what}, and the source ${quote(source.endpointRef)} is Event Grid`, remedy });
  }
  const most = eventGridLimits.maxSubscriptionsPerSession;
  if (isEventGrid && filters.length > most) {
    const problem = `lists ${filters.length} topic filters, more than the ${most} of an Event Grid session`;
    problems.push({ path: `${path}.dataSources`, problem, remedy: "split the dataflow" });
  }
  return problems;
}

function checkFilter(path: string, filter: string, isEventGrid: boolean): Problem[] {
  const malformed = topicFilterProblem(filter);
  if (malformed === undefined && isEventGrid && isReservedTopic(unsharedFilter(filter))) {
    return [
      { path, problem: `${quote(filter)} ${reservedTopicProblem}`, remedy: 'give topics that do not begin with "$"' },
    ];
  }
  const problem = malformed ?? (isEventGrid ? eventGridSizeProblem(filter) : undefined);
  return problem === undefined ? [] : [{ path, problem: `${quote(filter)} ${problem}`, remedy: "give a topic filter" }];
}

function checkDestination(
  path: string,
  source: SourceSettings,
  destination: DestinationSettings,
  { endpoints }: DataflowContext,
): Problem[] {
  const at = `${path}.dataDestination`;
  const template = parseTopicTemplate(destination.dataDestination);
  if ("problem" in template) return [{ path: at, ...template }];
  const filters = source.dataSources.map(normalizeFilter).filter((filter) => topicFilterProblem(filter) === undefined);
  const problems: Problem[] = [];
  const isEventGrid = endpoints[source.endpointRef]?.hostType === HostType.EventGrid;
  const mostLevels = isEventGrid ? eventGridLimits.maxTopicSegments : undefined;
  for (const filter of filters.map(unsharedFilter)) {
    const level = unresolvableLevel(template, filter, mostLevels);
    if (level === undefined) continue;
    const problem = `asks for level ${level}, which no topic under ${quote(filter)} has`;
    problems.push({ path: at, problem, remedy: "ask for a level that exists, or change the topic filter" });
  }
  if (endpoints[destination.endpointRef]?.hostType === HostType.EventGrid) {
    problems.push(...checkEventGridDestination(at, template, filters.map(unsharedFilter)));
  }
  const returns = findLoop(template, filters.map(unsharedFilter));
  if (source.endpointRef === destination.endpointRef && returns !== undefined) {
    const problem = `${quote(template.text)} goes back to the same endpoint under the dataflow's own filter ${quote(returns)}, an endless loop`;
    problems.push({
      path: at,
      problem,
      remedy: "publish to a topic that the dataflow does not subscribe to, or narrow its dataSources",
    });
  }
  return problems;
}

/** Which topics a template makes is known where it is static; that they all begin with "$", its source filters tell too. */
function checkEventGridDestination(path: string, template: TopicTemplate, filters: readonly string[]): Problem[] {
  const made = filters.map((filter) => outputFilter(template, filter));
  const reserved = made.find((topics) => topics !== undefined && isReservedTopic(topics));
  if (reserved !== undefined) {
    const remedy = 'begin it with another level, such as "system/"';
    return [{ path, problem: `${quote(reserved)} ${reservedTopicProblem}`, remedy }];
  }
  const problem = template.isStatic ? eventGridTopicProblem(template.text) : undefined;
  return problem === undefined ? [] : [{ path, problem: `${quote(template.text)} ${problem}`, remedy: "shorten it" }];
}

/** Rounds that a message has to make before its way counts as endless. */
const loopRounds = 20;

/**
 * The filter under which a message comes back to its own dataflow, round after round; `undefined` when it leaves.
 * Follows one made-up message of each filter, so it reports no loop that isn't there and may miss one of rare topics.
 */
function findLoop(template: TopicTemplate, filters: readonly string[]): string | undefined {
  const tree = new FilterTree<true>();
  for (const filter of filters) tree.add(filter, true);
  return filters.find((filter) => {
    let topic: string | undefined = sampleTopic(filter);
    for (let round = 0; round < loopRounds; round += 1) {
      topic = resolveTopicTemplate(template, topic);
      // One that has grown until no topic can be that long was in the loop until then.
      if (topic !== undefined && topic.length > maxTopicBytes) return round > 0;
      if (topic === undefined || tree.overlapping(topic).next().value === undefined) return false;
    }
    return true;
  });
}

/** A topic under a filter: `a/+/#` → `a/x/x/x/…`, as deep as any template may ask. */
function sampleTopic(filter: string): string {
  const deep = Array<string>(eventGridLimits.maxTopicSegments).fill("x").join("/");
  return filter
    .split("/")
    .map((level) => (level === "+" ? "x" : level === "#" ? deep : level))
    .join("/");
}
