import { setTimeout as delay } from "node:timers/promises";

import { readSubackCode, unavailable } from "../../runtime/connection/filter-answer.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { nameReasonCode } from "../../runtime/contract/reason-codes.ts";
import { subscribedFilters } from "../../runtime/contract/subscriptions.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import type { Client } from "../client/open-client.ts";
import { deliver } from "../explain/delivery.ts";
import { rightOf } from "../explain/rights.ts";
import type { DeclaredTopicSpace } from "../explain/topic-spaces.ts";
import { sampleTopics } from "../sample-topic.ts";
import { azureLogOf } from "./azure-logs.ts";
import type { Cause } from "./causes.ts";
import type { Reporter } from "./finding.ts";

/** An endpoint whose rights are tried. */
export interface JudgedEndpoint {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly client: Client;
  readonly config: RelayConfig;
  /** Topic spaces of the namespace, where a file tells them. */
  readonly topicSpaces: readonly DeclaredTopicSpace[];
}

/** Reason code: Not authorized. */
const notAuthorized = 0x87;
/** Event Grid takes 5 SUBSCRIBE and UNSUBSCRIBE a second from a session. @see Event Grid, MQTT quotas (2025-07-30) */
const eventGridPaceMs = 220;

/** A right that was tried. */
interface Tried {
  readonly topic: string;
  readonly dataflows: readonly string[];
  readonly reasonCode: number | undefined;
}

/**
 * Subscribes to each filter of the dataflows without its share, with their QoS, and unsubscribes at once: messages that come
 * meanwhile are copies, and go nowhere.
 */
export async function checkSubscribing(judged: JudgedEndpoint, reporter: Reporter): Promise<void> {
  const { name, endpoint, client } = judged;
  const tried: Tried[] = [];
  for (const [filter, dataflows] of filtersAt(judged, reporter)) {
    const reasonCode = await client.subscribe(filter, endpoint.mqttSettings.qos);
    tried.push({ topic: filter, dataflows, reasonCode });
    if (endpoint.hostType === HostType.EventGrid) await delay(eventGridPaceMs);
    if (reasonCode !== undefined && reasonCode < 0x80) await client.unsubscribe(filter);
    if (endpoint.hostType === HostType.EventGrid) await delay(eventGridPaceMs);
  }
  const { qos } = endpoint.mqttSettings;
  const isRefused = ({ topic, reasonCode }: Tried) =>
    !readSubackCode(topic, reasonCode, { qos, endpoint: name }).isGranted;
  for (const one of tried) {
    const { isGranted, problem } = readSubackCode(one.topic, one.reasonCode, { qos, endpoint: name });
    if (problem === undefined) reporter.good("subscribe", `the broker grants ${one.topic}${ofDataflows(one)}`);
    else if (isGranted) reporter.warning("subscribe", "qos-lowered", problem);
    else reportRefusal(judged, "subscribe", one, tried.every(isRefused), reporter);
  }
}

/** Filters by their text, with the dataflows that have them; those that the broker can't take are reported at once. */
function filtersAt({ name, client, config }: JudgedEndpoint, reporter: Reporter): Map<string, string[]> {
  const filters = new Map<string, string[]>();
  const { instanceCount } = config.profile;
  for (const [dataflow, settings] of Object.entries(config.dataflows)) {
    const parts = dataflowParts(settings);
    if (settings.mode === "Disabled" || parts?.source.endpointRef !== name) continue;
    for (const filter of subscribedFilters(parts.source.dataSources, { instanceCount, prefix: "", dataflow })) {
      const missing = unavailable(filter, client.limits);
      if (missing !== undefined) reporter.problem("subscribe", "feature-missing", missing);
      const unshared = unsharedFilter(filter);
      filters.set(unshared, [...(filters.get(unshared) ?? []), dataflow]);
    }
  }
  return filters;
}

/** User property that marks what doctor publishes. */
export const doctorProperty = "mqtt-dataflow-doctor";

/** Stands for wildcards in topics that are published to. */
const madeUp = "mqtt-dataflow-doctor";
const expirySeconds = 5;

/** Topics that the right to publish is tried with. */
export interface PublishTrial {
  /** Names of the dataflows by topic. */
  readonly topics: ReadonlyMap<string, readonly string[]>;
  /** Whether the broker has taken another topic from this identity: then it is the topic that it refuses. */
  readonly hasAccepted: boolean;
}

/** How the right to publish is tried. */
export interface PublishOptions {
  /** Whether it may: whoever reads the topic gets the message. */
  readonly publishes: boolean;
  readonly trial?: PublishTrial;
}

/** Publishes one small marked message to each topic, or says to which it would. */
export async function checkPublishing(
  judged: JudgedEndpoint,
  { publishes, trial }: PublishOptions,
  reporter: Reporter,
): Promise<void> {
  const { topics, hasAccepted } = trial ?? { topics: topicsAt(judged), hasAccepted: false };
  if (topics.size === 0) return;
  if (!publishes) {
    const list = [...topics.keys()].join(", ");
    const remedy = "give --publish to publish one small marked message to each: whoever reads the topic gets it";
    reporter.unknown("publish", `the right to publish was not tried; it would be to ${list}`, remedy);
    return;
  }
  const tried: Tried[] = [];
  for (const [topic, dataflows] of topics) {
    const message = { topic, payload: "{}", userProperties: { [doctorProperty]: "1" }, expirySeconds };
    const { reasonCode } = await judged.client.publish(message);
    tried.push({ topic, dataflows, reasonCode });
  }
  const isRefused = ({ reasonCode = 0 }: Tried) => reasonCode >= 0x80;
  for (const one of tried) {
    if (isRefused(one)) reportRefusal(judged, "publish", one, !hasAccepted && tried.every(isRefused), reporter);
    else reporter.good("publish", `the broker takes ${one.topic}${ofDataflows(one)}`);
  }
}

/** Topics that the relay may publish to at an endpoint, with the dataflows: made by its own rewriting. */
export function topicsAt({ name, config }: Pick<JudgedEndpoint, "name" | "config">): Map<string, string[]> {
  const topics = new Map<string, string[]>();
  const add = (topic: string, dataflow: string) => {
    topics.set(topic, [...new Set([...(topics.get(topic) ?? []), dataflow])]);
  };
  const { status } = config.relay;
  if (status?.endpointRef === name) add(`${status.topic}/0`, "the relay's status");
  for (const [dataflowName, dataflow] of Object.entries(config.dataflows)) {
    const parts = dataflowParts(dataflow);
    const source = config.endpoints[parts?.source.endpointRef ?? ""];
    const destination = config.endpoints[parts?.destination.endpointRef ?? ""];
    if (dataflow.mode === "Disabled" || parts === undefined || source === undefined || destination === undefined)
      continue;
    const { deadLetter } = dataflow.relay;
    if (deadLetter?.endpointRef === name && deadLetter.topic !== undefined) add(deadLetter.topic, dataflowName);
    if (parts.destination.endpointRef !== name) continue;
    for (const { topic } of sampleTopics(dataflow, madeUp)) {
      const message = { topic, qos: 1, retain: false, userProperties: [], payload: Buffer.from("{}") } as const;
      const outcome = deliver(dataflowName, { dataflow, parts, source, destination }, message);
      if (outcome.kind === "delivered") add(outcome.message.topic, dataflowName);
    }
  }
  return topics;
}

function ofDataflows({ dataflows }: Tried): string {
  return ` (${dataflows.join(", ")})`;
}

/** @param isAll whether the broker refuses all that was tried there: then it is the identity, and else the topic */
function reportRefusal(
  judged: JudgedEndpoint,
  act: "subscribe" | "publish",
  tried: Tried,
  isAll: boolean,
  reporter: Reporter,
): void {
  const { name, endpoint, topicSpaces } = judged;
  const { topic, reasonCode } = tried;
  const right = rightOf({ name, settings: endpoint }, act, topic, topicSpaces);
  const code = reasonCode === undefined ? "no answer for it" : nameReasonCode(reasonCode);
  const isEventGrid = endpoint.hostType === HostType.EventGrid;
  const isOutside = right.topicSpaces === undefined ? !isAll : right.topicSpaces.length === 0;
  const cause: Cause =
    reasonCode !== notAuthorized || !isEventGrid
      ? "access-denied"
      : isOutside
        ? "topic-outside-topic-space"
        : "missing-role";
  const azure = azureLogOf(endpoint, cause, act);
  reporter.problem(act, cause, `may not ${act} to ${topic}${ofDataflows(tried)}: ${code}`, {
    remedy: remedyOf(cause, act, right),
    ...(azure === undefined ? {} : { azure }),
  });
}

function remedyOf(cause: Cause, act: "subscribe" | "publish", right: ReturnType<typeof rightOf>): string {
  const { grant, identity, topicSpaces } = right;
  if (cause === "topic-outside-topic-space") {
    const covers = act === "subscribe" ? "takes the whole filter in" : "takes the topic in";
    return `add a topic template that ${covers} to a topic space in which ${identity} has its role, or give it ${grant}`;
  }
  const where = topicSpaces === undefined || topicSpaces.length === 0 ? "" : ` (${topicSpaces.join(", ")})`;
  const wait = cause === "missing-role" ? "; a new one takes minutes to arrive" : "";
  const other =
    cause === "missing-role" && topicSpaces === undefined ? ", and see that a topic template takes the topic in" : "";
  return `give ${identity} ${grant}${where}${other}${wait}`;
}
