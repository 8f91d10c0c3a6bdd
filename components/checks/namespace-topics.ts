import type { Problem } from "../../runtime/contract/errors.ts";
import { EventDeliveryMode } from "../enumerations.ts";
import { defaultCapacity, eventGridName, eventGridNameRule, queueBounds, topicQuotas } from "../event-grid/quotas.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
import { deliveryModeOf } from "../event-grid/topics.ts";
import type {
  EventSubscriptionArgs,
  NamespaceTopicArgs,
  PushDeliveryArgs,
  QueueDeliveryArgs,
} from "../event-grid/topics.ts";
import { isKnown } from "../known.ts";
import { iso8601Seconds } from "./iso-duration.ts";
import { byRule } from "./rules.ts";
import { findTwins } from "./twin-names.ts";

/** Lists topics and event subscriptions that Event Grid refuses. */
export function checkTopics({ topics = {}, capacity = defaultCapacity }: EventGridBrokerArgs): Problem[] {
  const names = Object.keys(topics);
  const problems: Problem[] = [];
  if (isKnown(capacity) && names.length > capacity * topicQuotas.perThroughputUnit) {
    const most = capacity * topicQuotas.perThroughputUnit;
    const problem = `lists ${names.length}, more than the ${most} of a namespace with capacity ${capacity}`;
    const remedy = "raise capacity, or let event subscriptions of one topic select events";
    problems.push({ path: "topics", problem, remedy });
  }
  return byRule("namespace-topics", [
    ...Object.entries(topics).flatMap(([name, topic]) => checkTopic(`topics.${name}`, name, topic)),
    ...findTwins("topics", names),
    ...problems,
  ]);
}

function checkTopic(path: string, name: string, topic: NamespaceTopicArgs): Problem[] {
  const { eventRetentionInDays: days, eventSubscriptions = {} } = topic;
  const { min, max } = topicQuotas.retentionDays;
  const problems = [
    ...checkName(path, name, "a topic"),
    ...checkWhole(`${path}.eventRetentionInDays`, days, { min, max }, "days"),
  ];
  const names = Object.keys(eventSubscriptions);
  if (names.length > topicQuotas.eventSubscriptions) {
    const problem = `lists ${names.length}, more than the ${topicQuotas.eventSubscriptions} of a topic`;
    problems.push({ path: `${path}.eventSubscriptions`, problem, remedy: "use another topic" });
  }
  return [
    ...problems,
    ...findTwins(`${path}.eventSubscriptions`, names),
    ...Object.entries(eventSubscriptions).flatMap(([key, subscription]) =>
      checkSubscription(`${path}.eventSubscriptions.${key}`, key, subscription, topic),
    ),
  ];
}

function checkName(path: string, name: string, what: string): Problem[] {
  if (eventGridName.test(name)) return [];
  return [{ path, problem: `is no name for ${what} ("${name}")`, remedy: `name it with ${eventGridNameRule}` }];
}

function checkWhole(
  path: string,
  value: NamespaceTopicArgs["eventRetentionInDays"],
  { min, max }: { readonly min: number; readonly max: number },
  unit: string,
): Problem[] {
  if (value === undefined || !isKnown(value) || (Number.isInteger(value) && value >= min && value <= max)) return [];
  const problem = `is ${value} ${unit}, outside what Event Grid has`;
  return [{ path, problem, remedy: `give a whole number from ${min} to ${max}` }];
}

function checkSubscription(
  path: string,
  name: string,
  subscription: EventSubscriptionArgs,
  topic: NamespaceTopicArgs,
): Problem[] {
  const mode = deliveryModeOf(subscription);
  const { queue, push } = subscription;
  const problems = checkName(path, name, "an event subscription");
  const [own, other] = mode === EventDeliveryMode.Queue ? ["queue", "push"] : ["push", "queue"];
  if ((mode === EventDeliveryMode.Queue ? push : queue) !== undefined) {
    const problem = `is set, and events are delivered by ${mode}`;
    problems.push({ path: `${path}.${other}`, problem, remedy: `remove it, or change deliveryMode` });
  }
  if (mode === EventDeliveryMode.Push && push === undefined) {
    const problem = "is missing, and deliveryMode is Push";
    problems.push({ path: `${path}.${own}`, problem, remedy: "add it with a destination" });
  }
  if (mode === EventDeliveryMode.Queue && queue !== undefined) {
    const { receiveLockDurationInSeconds: seconds } = queue;
    problems.push(
      ...checkWhole(`${path}.queue.receiveLockDurationInSeconds`, seconds, queueBounds.receiveLockSeconds, "s"),
    );
    problems.push(...checkDelivery(`${path}.queue`, queue, topic));
  }
  if (mode === EventDeliveryMode.Push && push !== undefined) {
    problems.push(...checkDestination(`${path}.push`, push), ...checkDelivery(`${path}.push`, push, topic));
  }
  return problems;
}

function checkDestination(path: string, { destination }: PushDeliveryArgs): Problem[] {
  const isObject = typeof destination === "object" && destination !== null;
  if (isObject && (!isKnown(destination as object) || "endpointType" in (destination as object))) return [];
  const problem = "has no endpointType, by which Azure tells destinations apart";
  const remedy = 'add it: { endpointType: "EventHub", resourceId: … }';
  return [{ path: `${path}.destination`, problem, remedy }];
}

function checkDelivery(
  path: string,
  { maxDeliveryCount, eventTimeToLive: text }: Pick<QueueDeliveryArgs, "maxDeliveryCount" | "eventTimeToLive">,
  { eventRetentionInDays = 1 }: NamespaceTopicArgs,
): Problem[] {
  const problems = checkWhole(`${path}.maxDeliveryCount`, maxDeliveryCount, queueBounds.deliveryCount, "deliveries");
  if (text === undefined || !isKnown(text)) return problems;
  const seconds = iso8601Seconds(text);
  const at = `${path}.eventTimeToLive`;
  if (seconds === undefined || seconds < 60) {
    const problem = seconds === undefined ? `is "${text}", which is no duration` : `is "${text}", less than a minute`;
    return [
      ...problems,
      { path: at, problem, remedy: 'give an ISO 8601 duration of a minute or more, such as "PT12H"' },
    ];
  }
  if (!isKnown(eventRetentionInDays) || seconds <= eventRetentionInDays * 86_400) return problems;
  const problem = `is "${text}", longer than the ${eventRetentionInDays} days that the topic keeps events`;
  return [...problems, { path: at, problem, remedy: "shorten it, or raise eventRetentionInDays of the topic" }];
}
