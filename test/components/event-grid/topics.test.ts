import { buildEventSubscription, buildTopic } from "../../../components/event-grid/topics.ts";

const namespace = { resourceGroupName: "rg", namespaceName: "oslo" };

test("a topic keeps events of CloudEvents 1.0 for a day, or as long as it is told", () => {
  expect(buildTopic(namespace, "telemetry", {})).toEqual({
    ...namespace,
    topicName: "telemetry",
    inputSchema: "CloudEventSchemaV1_0",
    publisherType: "Custom",
    eventRetentionInDays: 1,
  });
  expect(buildTopic(namespace, "telemetry", { eventRetentionInDays: 7 })).toMatchObject({ eventRetentionInDays: 7 });
});

test("the events of a subscription are fetched where nothing is said", () => {
  expect(buildEventSubscription("reader", {})).toEqual({
    eventSubscriptionName: "reader",
    eventDeliverySchema: "CloudEventSchemaV1_0",
    deliveryConfiguration: { deliveryMode: "Queue", queue: {} },
  });
});

test("a queue has its bounds and its dead letters, and filters select", () => {
  const filters = [{ operatorType: "StringBeginsWith", key: "subject", values: ["sites/oslo/"] }];

  expect(
    buildEventSubscription("reader", {
      queue: {
        receiveLockDurationInSeconds: 120,
        maxDeliveryCount: 5,
        eventTimeToLive: "PT12H",
        deadLetter: { storageAccountId: "storage-id", blobContainerName: "dead", userAssignedIdentityId: "writer" },
      },
      includedEventTypes: ["MQTT.EventPublished"],
      filters,
      expirationTimeUtc: "2027-01-01T00:00:00Z",
    }),
  ).toEqual({
    eventSubscriptionName: "reader",
    eventDeliverySchema: "CloudEventSchemaV1_0",
    deliveryConfiguration: {
      deliveryMode: "Queue",
      queue: {
        receiveLockDurationInSeconds: 120,
        maxDeliveryCount: 5,
        eventTimeToLive: "PT12H",
        deadLetterDestinationWithResourceIdentity: {
          identity: { type: "UserAssigned", userAssignedIdentity: "writer" },
          deadLetterDestination: { endpointType: "StorageBlob", resourceId: "storage-id", blobContainerName: "dead" },
        },
      },
    },
    filtersConfiguration: { includedEventTypes: ["MQTT.EventPublished"], filters },
    expirationTimeUtc: "2027-01-01T00:00:00Z",
  });
});

test("events are sent with an identity of the namespace, and to a webhook without", () => {
  const eventHub = { endpointType: "EventHub", resourceId: "hub-id" };
  const webhook = { endpointType: "WebHook", endpointUrl: "https://plant.example/events" };

  expect(buildEventSubscription("hub", { push: { destination: eventHub, maxDeliveryCount: 3 } })).toMatchObject({
    deliveryConfiguration: {
      deliveryMode: "Push",
      push: {
        maxDeliveryCount: 3,
        deliveryWithResourceIdentity: { identity: { type: "SystemAssigned" }, destination: eventHub },
      },
    },
  });
  expect(buildEventSubscription("hook", { push: { destination: webhook } }).deliveryConfiguration).toEqual({
    deliveryMode: "Push",
    push: { destination: webhook },
  });
});
