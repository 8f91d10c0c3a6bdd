import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import type * as inputs from "@pulumi/azure-native/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import { EventDeliveryMode } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";
import type { LockArgs } from "./locks.ts";
import { createLock } from "./locks.ts";
import { buildUsedIdentity } from "./namespace-identity.ts";
import { createRoleAssignments } from "./role-assignments.ts";
import type { RoleAssignmentArgs } from "./role-assignments.ts";

/** Where events go that no subscriber takes. */
export interface DeadLetterDestinationArgs {
  /** Resource ID of the storage account. */
  storageAccountId: pulumi.Input<string>;
  /** Container in it. */
  blobContainerName: pulumi.Input<string>;
  /**
   * User-assigned managed identity that writes there, one of the namespace's, with the role Storage Blob Data Contributor. Omitted: its
   * system-assigned one.
   */
  userAssignedIdentityId?: pulumi.Input<string>;
}

/** A queue that a reader fetches events from. */
export interface QueueDeliveryArgs {
  /**
   * How long an event belongs to whoever has fetched it, in seconds, 60 to 300. After that it can be fetched again.
   * @default 60
   */
  receiveLockDurationInSeconds?: pulumi.Input<number>;
  /**
   * How often an event can be fetched, 1 to 10; then it is dropped, or a dead letter.
   * @default 10
   */
  maxDeliveryCount?: pulumi.Input<number>;
  /**
   * How long an event is kept, as an ISO 8601 duration from `"PT1M"` up to the topic's retention.
   * @default the topic's retention
   */
  eventTimeToLive?: pulumi.Input<string>;
  /** Where events go that nobody takes. Omitted: they are dropped. */
  deadLetter?: DeadLetterDestinationArgs;
}

/** Where events are sent to. */
export interface PushDeliveryArgs {
  /**
   * The destination with its `endpointType`, as Azure has it: `{ endpointType: "EventHub", resourceId }`. Event Hubs and webhooks are
   * what namespace topics know. Give a webhook's `endpointUrl` as a secret output where it holds a key.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what Azure takes is a union that Pulumi's schema has no word for
  destination: any;
  /**
   * Whether Event Grid sends with an identity of the namespace, which needs a role at the destination.
   * @default true; false for a webhook
   */
  withIdentity?: boolean;
  /** User-assigned managed identity that it sends with, one of the namespace's. Omitted: its system-assigned one. */
  userAssignedIdentityId?: pulumi.Input<string>;
  /**
   * How often it is tried, 1 to 10; then the event is dropped, or a dead letter.
   * @default 10
   */
  maxDeliveryCount?: pulumi.Input<number>;
  /**
   * How long it is tried, as an ISO 8601 duration from `"PT1M"` up to the topic's retention.
   * @default the topic's retention
   */
  eventTimeToLive?: pulumi.Input<string>;
  /** Where events go that were not delivered. Omitted: they are dropped. */
  deadLetter?: DeadLetterDestinationArgs;
}

/** Who gets the events of a topic. */
export interface EventSubscriptionArgs {
  /**
   * Whether events are fetched or sent.
   * @default "Queue", or "Push" where `push` is given
   */
  deliveryMode?: EventDeliveryMode;
  /** Queue: how events are fetched. */
  queue?: QueueDeliveryArgs;
  /** Push: where events are sent to. */
  push?: PushDeliveryArgs;
  /** Types of events to take, such as `"MQTT.EventPublished"`. Omitted: all. */
  includedEventTypes?: pulumi.Input<string>[];
  /** Filters, each with its `operatorType` as Azure has it: `{ operatorType: "StringBeginsWith", key: "subject", values: ["sites/"] }`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what Azure takes is a union that Pulumi's schema has no word for
  filters?: any[];
  /** When the subscription ends by itself, as an RFC 3339 time. Omitted: never. */
  expirationTimeUtc?: pulumi.Input<string>;
  /** Roles at the subscription, by name. The names are plain, since they decide what exists. */
  roleAssignments?: { [name: string]: RoleAssignmentArgs };
}

/** A topic of the namespace: where MQTT messages can be routed to, for readers that fetch them or to be sent on. */
export interface NamespaceTopicArgs {
  /**
   * Days that events are kept for, 1 to 7.
   * @default 1
   */
  eventRetentionInDays?: pulumi.Input<number>;
  /** Event subscriptions, 500 at most, by name: 3 to 50 letters, digits and `-`. The names are plain, since they decide what exists. */
  eventSubscriptions?: { [name: string]: EventSubscriptionArgs };
  /** Roles at the topic, by name, such as EventGrid Data Receiver for who fetches. The names are plain, since they decide what exists. */
  roleAssignments?: { [name: string]: RoleAssignmentArgs };
  /** A lock of the topic and its event subscriptions. */
  lock?: LockArgs;
}

/** The topics of a namespace that were created, with all that is in them. */
export interface CreatedTopics {
  /** Resource IDs by name. */
  readonly ids: { readonly [name: string]: pulumi.Output<string> };
  readonly resources: readonly pulumi.Resource[];
}

/** Where topics are created. */
interface TopicPlace {
  readonly component: pulumi.ComponentResource;
  readonly name: string;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly namespaceName: pulumi.Input<string>;
}

/** Creates the topics of a namespace, their event subscriptions, roles and locks. */
export function createTopics(
  place: TopicPlace,
  topics: { readonly [name: string]: NamespaceTopicArgs } | undefined,
): CreatedTopics {
  const created = Object.entries(topics ?? {}).map(([key, topic]) => [key, createTopic(place, key, topic)] as const);
  return {
    ids: Object.fromEntries(created.map(([key, { id }]) => [key, id])),
    resources: created.flatMap(([, { resources }]) => resources),
  };
}

function createTopic(place: TopicPlace, key: string, args: NamespaceTopicArgs) {
  const { component, name, ...namespace } = place;
  const parent = { parent: component };
  const prefix = `${name}-topic-${key}`;
  const path = `topics.${key}`;
  const topic = new eventgrid.NamespaceTopic(prefix, buildTopic(namespace, key, args), parent);
  const subscriptions = Object.entries(args.eventSubscriptions ?? {}).flatMap(([subscriptionName, given]) => {
    const own = `${prefix}-${subscriptionName}`;
    const built = { ...namespace, topicName: topic.name, ...buildEventSubscription(subscriptionName, given) };
    const subscription = new eventgrid.NamespaceTopicEventSubscription(own, built, parent);
    const at = { component, name, path: `${path}.eventSubscriptions.${subscriptionName}.roleAssignments`, prefix: own };
    return [subscription, ...createRoleAssignments({ ...at, scope: subscription.id }, given.roleAssignments)];
  });
  const at = { component, name, path: `${path}.roleAssignments`, prefix, scope: topic.id };
  const inside = [topic, ...subscriptions, ...createRoleAssignments(at, args.roleAssignments)];
  const lock = createLock(`${prefix}-lock`, topic.id, args.lock, { ...parent, after: inside });
  return { id: topic.id, resources: [...inside, ...lock] };
}

/** One of the kind of each that Azure has: events in CloudEvents 1.0, from whoever has a role. */
export function buildTopic(
  namespace: { readonly resourceGroupName: pulumi.Input<string>; readonly namespaceName: pulumi.Input<string> },
  topicName: string,
  { eventRetentionInDays }: NamespaceTopicArgs,
): eventgrid.NamespaceTopicArgs {
  return {
    ...namespace,
    topicName,
    inputSchema: "CloudEventSchemaV1_0",
    publisherType: "Custom",
    eventRetentionInDays: eventRetentionInDays ?? 1,
  };
}

export function buildEventSubscription(
  eventSubscriptionName: string,
  args: EventSubscriptionArgs,
): Omit<eventgrid.NamespaceTopicEventSubscriptionArgs, "resourceGroupName" | "namespaceName" | "topicName"> {
  const { includedEventTypes, filters, expirationTimeUtc } = args;
  const filtersConfiguration = withoutUndefined({ includedEventTypes, filters });
  return {
    eventSubscriptionName,
    eventDeliverySchema: "CloudEventSchemaV1_0",
    deliveryConfiguration: buildDelivery(args),
    ...(Object.keys(filtersConfiguration).length === 0 ? {} : { filtersConfiguration }),
    ...withoutUndefined({ expirationTimeUtc }),
  };
}

/** How the events of a subscription get to whoever reads them. */
export function deliveryModeOf({ deliveryMode, push }: EventSubscriptionArgs): EventDeliveryMode {
  return deliveryMode ?? (push === undefined ? EventDeliveryMode.Queue : EventDeliveryMode.Push);
}

function buildDelivery(args: EventSubscriptionArgs): inputs.eventgrid.DeliveryConfigurationArgs {
  const deliveryMode = deliveryModeOf(args);
  if (deliveryMode === EventDeliveryMode.Queue || args.push === undefined) {
    const { deadLetter, ...queue } = args.queue ?? {};
    return { deliveryMode, queue: { ...withoutUndefined(queue), ...buildDeadLetter(deadLetter) } };
  }
  const { maxDeliveryCount, eventTimeToLive, deadLetter } = args.push;
  return {
    deliveryMode,
    push: {
      ...withoutUndefined({ maxDeliveryCount, eventTimeToLive }),
      ...buildDestination(args.push),
      ...buildDeadLetter(deadLetter),
    },
  };
}

function buildDestination(push: PushDeliveryArgs): inputs.eventgrid.PushInfoArgs {
  const destination = push.destination as NonNullable<inputs.eventgrid.DeliveryWithResourceIdentityArgs["destination"]>;
  if (!sendsWithIdentity(push)) return { destination };
  return { deliveryWithResourceIdentity: { identity: buildUsedIdentity(push.userAssignedIdentityId), destination } };
}

/** Whether events are sent with an identity of the namespace. */
export function sendsWithIdentity({ withIdentity, destination }: PushDeliveryArgs): boolean {
  return withIdentity ?? (destination as { readonly endpointType?: unknown } | undefined)?.endpointType !== "WebHook";
}

function buildDeadLetter(deadLetter: DeadLetterDestinationArgs | undefined) {
  if (deadLetter === undefined) return {};
  const { storageAccountId: resourceId, blobContainerName, userAssignedIdentityId } = deadLetter;
  return {
    deadLetterDestinationWithResourceIdentity: {
      identity: buildUsedIdentity(userAssignedIdentityId),
      deadLetterDestination: { endpointType: "StorageBlob" as const, resourceId, blobContainerName },
    },
  };
}
