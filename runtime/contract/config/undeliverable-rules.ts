import { quote, type Problem } from "../errors.ts";
import { matchesTopicFilter, topicNameProblem } from "../topic/filter.ts";
import { unsharedFilter } from "../topic/overlap.ts";
import type { DataflowParts, ParsedDataflow } from "./dataflow.ts";
import { brokerOf, HostType, type Endpoint } from "./endpoint.ts";
import { eventGridTopicProblem } from "./event-grid-topic.ts";

type Endpoints = Readonly<Record<string, Endpoint>>;

/** Lists what is wrong with the settings for messages that can't be delivered; empty when all is well. */
export function checkUndeliverable(
  path: string,
  { undeliverableMessages: policy, deadLetter, spool }: ParsedDataflow["relay"],
  parts: DataflowParts,
  endpoints: Endpoints,
): Problem[] {
  const problems: Problem[] = [];
  if (spool.maxAgeSeconds !== undefined && policy === "Stop") {
    const remedy = 'set undeliverableMessages to "DeadLetter" or "Discard", or leave maxAgeSeconds out';
    const problem = `is ${spool.maxAgeSeconds} s, and the first message of that age would stop the dataflow`;
    problems.push({ path: `${path}.spool.maxAgeSeconds`, problem, remedy });
  }
  if (deadLetter === undefined) return problems;
  const at = `${path}.deadLetter`;
  if (policy !== "DeadLetter") {
    const problem = `is set, and undeliverableMessages is "${policy}"`;
    problems.push({ path: at, problem, remedy: 'remove it, or set undeliverableMessages to "DeadLetter"' });
  }
  const { endpointRef, topic } = deadLetter;
  if ((endpointRef === undefined) !== (topic === undefined)) {
    const missing = endpointRef === undefined ? "endpointRef" : "topic";
    const remedy = "add it, or leave both out to write dead letters to the disk";
    problems.push({ path: `${at}.${missing}`, problem: "is missing", remedy });
  }
  if (endpointRef === undefined || topic === undefined) return problems;
  return [...problems, ...checkDeadLetterTopic(at, { endpointRef, topic }, parts, endpoints)];
}

/** Under the filter "#" no topic of the same broker will do. */
const elsewhere =
  "give a topic that the dataflow does not subscribe to, give its other end, or leave both out to write dead letters to the disk";

function checkDeadLetterTopic(
  at: string,
  { endpointRef, topic }: { readonly endpointRef: string; readonly topic: string },
  parts: DataflowParts,
  endpoints: Endpoints,
): Problem[] {
  const problems: Problem[] = [];
  const ends = [...new Set([parts.source.endpointRef, parts.destination.endpointRef])];
  if (!ends.includes(endpointRef)) {
    const problem = `names the endpoint ${quote(endpointRef)}, which is no end of this dataflow`;
    problems.push({ path: `${at}.endpointRef`, problem, remedy: `give ${ends.map(quote).join(" or ")}` });
  }
  const isEventGrid = endpoints[endpointRef]?.hostType === HostType.EventGrid;
  const problem = topicNameProblem(topic) ?? (isEventGrid ? eventGridTopicProblem(topic) : undefined);
  if (problem !== undefined) {
    const remedy = "give a topic name to publish to";
    problems.push({ path: `${at}.topic`, problem: `${quote(topic)} ${problem}`, remedy });
  }
  const returns = parts.source.dataSources.find((filter) => matchesTopicFilter(unsharedFilter(filter), topic));
  if (isSameBroker(endpointRef, parts.source.endpointRef, endpoints) && returns !== undefined) {
    const problem = `${quote(topic)} is under the dataflow's own filter ${quote(returns)}, so it would take its dead letters again`;
    problems.push({ path: `${at}.topic`, problem, remedy: elsewhere });
  }
  return problems;
}

function isSameBroker(one: string, other: string, endpoints: Endpoints): boolean {
  const [first, second] = [endpoints[one], endpoints[other]];
  if (one === other || first === undefined || second === undefined) return one === other;
  const brokers = [first, second].map(({ hostType, mqttSettings }) => brokerOf(hostType, mqttSettings.host));
  return brokers[0] === brokers[1];
}
