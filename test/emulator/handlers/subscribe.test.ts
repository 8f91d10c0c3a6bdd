import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

test("grants what was asked, but QoS 1 for QoS 2 [MQTT-3.2.2-10] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  const suback = await client.subscribe([
    { topic: "a", qos: 0 },
    { topic: "b", qos: 1 },
    { topic: "c", qos: 2 },
  ]);

  expect(suback.granted).toEqual([0, 1, 1]);
});

test("refuses only the filters that are malformed [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.8.2-1] [MQTT-4.8.2-2] [MQTT-3.9.3-1] [MQTT-3.8.4-5]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  const filters = ["a/#/b", "a+", "$share/g", "$share/+/a", "fine"];
  const suback = await client.subscribe(filters.map((topic) => ({ topic, qos: 1 })));

  expect(suback.granted).toEqual([0x8f, 0x8f, 0x8f, 0x8f, 1]);
  expect(broker.stats().refused).toEqual({ "SUBACK 0x8f": 4 });
});

test("refuses what CONNACK said is not available", async () => {
  const limits = { sharedSubscriptionAvailable: false, wildcardSubscriptionAvailable: false };
  const broker = await startBroker({ limits });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  const suback = await client.subscribe([
    { topic: "$share/g/a", qos: 1 },
    { topic: "a/+", qos: 1 },
  ]);

  expect(suback.granted).toEqual([0x9e, 0xa2]);
});

test("disconnects for No Local on a shared subscription [MQTT-3.8.3-4]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$share/g/a", qos: 1, nl: true }] });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
});

test("sends a client's own message back only without No Local [MQTT-3.8.3-3]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([
    { topic: "quiet", qos: 1, nl: true },
    { topic: "loud", qos: 1 },
  ]);

  client.publish("quiet");
  client.publish("loud");

  expect((await client.next("publish")).topic).toBe("loud");
  await client.settle();
  expect(client.count("publish")).toBe(0);
});

test("sends one copy for overlapping subscriptions, with the highest QoS and every identifier [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]", async () => {
  const broker = await startBroker({ limits: { subscriptionIdentifiersAvailable: true } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  for (const [identifier, topic, qos] of [
    [7, "a/+", 0],
    [9, "a/b", 1],
  ] as const) {
    const properties = { subscriptionIdentifier: identifier };
    client.send({ cmd: "subscribe", messageId: identifier, subscriptions: [{ topic, qos }], properties });
    await client.next("suback");
  }

  client.publish("a/b", { qos: 1, messageId: 1 });
  const publish = await client.next("publish");
  await client.settle();

  expect(publish).toMatchObject({ qos: 1, properties: { subscriptionIdentifier: [7, 9] } });
  expect(client.count("publish")).toBe(0);
});

test("keeps the retain flag only for Retain As Published [MQTT-3.3.1-12] [MQTT-3.3.1-13]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([
    { topic: "kept", qos: 1, rap: true },
    { topic: "cleared", qos: 1 },
  ]);

  client.publish("kept", { retain: true });
  client.publish("cleared", { retain: true });
  client.publish("kept");

  expect((await client.next("publish")).retain).toBe(true);
  expect((await client.next("publish")).retain).toBe(false);
  expect((await client.next("publish")).retain).toBe(false);
});

test.each([
  [0, [1, 2]],
  [1, [1, 1]],
  [2, [0, 0]],
])(
  "with Retain Handling %i has sent %j retained messages after the first and the second SUBSCRIBE [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]",
  async (rh, sent) => {
    const broker = await startBroker();
    const { client } = await RawClient.connect(broker.address, { clientId: "c" });
    client.publish("t", { retain: true, qos: 1, messageId: 1 });
    await client.next("puback");

    const counts: number[] = [];
    for (let times = 0; times < 2; times += 1) {
      await client.subscribe([{ topic: "t", qos: 0, rh }]);
      await client.settle();
      counts.push(client.count("publish"));
    }

    expect(counts).toEqual(sent);
  },
);

test("forgets a retained message when an empty one comes [MQTT-3.3.1-6] [MQTT-3.3.1-7]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  client.publish("t", { retain: true });
  await client.settle();
  const { client: other } = await RawClient.connect(broker.address, { clientId: "other" });
  await other.subscribe([{ topic: "t", qos: 0, rh: 2 }]);
  client.publish("t", { retain: true, payload: "" });

  await client.subscribe([{ topic: "t", qos: 0 }]);
  await client.settle();

  expect((await other.next("publish")).payload).toHaveLength(0);
  expect(client.count("publish")).toBe(0);
  expect(broker.stats().retained).toBe(0);
});

test("sends no retained messages to a shared subscription", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  client.publish("t", { retain: true });

  await client.subscribe([{ topic: "$share/g/t", qos: 0 }]);
  await client.settle();

  expect(client.count("publish")).toBe(0);
});

test("stops sending after UNSUBSCRIBE, and says which filter did not exist [MQTT-3.10.4-2] [MQTT-3.10.4-6] [MQTT-3.11.3-1]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);

  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["t", "never"] });
  const unsuback = await client.next("unsuback");
  client.publish("t");
  await client.settle();

  expect(unsuback.granted).toEqual([0, 0x11]);
  expect(client.count("publish")).toBe(0);
});

test.each([
  ["a/b", "a/b", true],
  ["a/b", "a/b/c", false],
  ["a/b", "a", false],
  ["a/b", "A/b", false],
  ["a/+", "a/b", true],
  ["a/+", "a/", true],
  ["a/+", "a/b/c", false],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["a/#", "ab", false],
  ["+", "/a", false],
  ["#", "a", true],
])("filter %s brings the topic %s: %j [MQTT-3.3.2-3] [MQTT-4.5.0-1]", async (filter, topic, isBrought) => {
  expect(await isDelivered(filter, topic)).toBe(isBrought);
});

test.each([
  ["#", "$x", false],
  ["+/a", "$x/a", false],
  ["$share/g/#", "$x", false],
  ["$x/#", "$x/a", true],
])("filter %s brings the topic %s: %j [MQTT-4.7.2-1]", async (filter, topic, isBrought) => {
  expect(await isDelivered(filter, topic)).toBe(isBrought);
});

test.each([
  ["é as one character, and as two", "\u00e9", "e\u0301", false],
  ["two characters", "e\u0301", "e\u0301", true],
  ["a character outside of the Basic Multilingual Plane", "\u{1f600}", "\u{1f600}", true],
])("compares topics as they are: %s [MQTT-4.7.3-4]", async (_, filter, topic, isBrought) => {
  expect(await isDelivered(filter, topic)).toBe(isBrought);
});

test.each([
  ["fits itself", "\ufeffa", "\ufeffa", true],
  ["is not left out", "a", "\ufeffa", false],
])("U+FEFF at the beginning of a topic %s [MQTT-1.5.4-3]", async (_, filter, topic, isBrought) => {
  expect(await isDelivered(filter, topic)).toBe(isBrought);
});

test("passes a topic name of 65,535 bytes on [MQTT-4.7.3-3]", async () => {
  expect(await isDelivered("#", "x".repeat(65_535))).toBe(true);
});

/** Whether a message of the topic comes, under just that topic. */
async function isDelivered(filter: string, topic: string): Promise<boolean> {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  expect((await client.subscribe([{ topic: filter, qos: 0 }])).granted).toEqual([0]);
  client.publish(topic);
  await client.settle();
  if (client.count("publish") === 0) return false;
  const { bytes } = await client.nextRaw("publish");
  expect(bytes.includes(Buffer.from(topic))).toBe(true);
  return true;
}

test("answers with the packet identifier that it was asked with [MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.10.4-4] [MQTT-3.10.4-5]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  const suback = await client.subscribe([{ topic: "t", qos: 0 }], 77);
  client.send({ cmd: "unsubscribe", messageId: 65_535, unsubscriptions: ["never"] });

  expect(suback.messageId).toBe(77);
  expect((await client.next("unsuback")).messageId).toBe(65_535);
});

test.each([
  [0, 1, 0],
  [1, 0, 0],
  [1, 1, 1],
] as const)("granted QoS %i, a message of QoS %i comes with QoS %i [MQTT-3.8.4-8]", async (granted, published, qos) => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: granted }]);

  client.publish("t", { qos: published, messageId: 1 });

  expect((await client.next("publish")).qos).toBe(qos);
});

test("puts a subscription in the place of one with the same filter [MQTT-3.8.4-3]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  await client.subscribe([{ topic: "t", qos: 0 }]);

  client.publish("t", { qos: 1, messageId: 1 });
  await client.settle();

  expect(client.count("publish")).toBe(1);
  expect((await client.next("publish")).qos).toBe(0);
});

test("loses no message when a subscription is replaced [MQTT-3.8.4-4]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties: { receiveMaximum: 1 } });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  for (const messageId of [1, 2, 3]) client.publish("t", { qos: 1, messageId, payload: String(messageId) });
  await client.settle();

  await client.subscribe([{ topic: "t", qos: 0 }]);

  const payloads: string[] = [];
  for (let taken = 0; taken < 3; taken += 1) {
    const { payload, messageId = 0 } = await client.next("publish");
    payloads.push(payload.toString());
    client.puback(messageId);
  }
  expect(payloads).toEqual(["1", "2", "3"]);
});

test("UNSUBSCRIBE deletes just the filter that it names [MQTT-3.10.4-1]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([
    { topic: "a/+", qos: 0 },
    { topic: "a/b", qos: 0 },
  ]);

  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["A/b", "a/#", "a/+"] });
  expect((await client.next("unsuback")).granted).toEqual([0x11, 0x11, 0]);
  for (const topic of ["a/c", "a/b"]) client.publish(topic);
  await client.settle();

  expect(client.count("publish")).toBe(1);
  expect((await client.next("publish")).topic).toBe("a/b");
});

test("a copy for a shared subscription and one for another have each its own identifier [MQTT-3.3.4-5] [MQTT-3.3.4-3]", async () => {
  const broker = await startBroker({ limits: { subscriptionIdentifiersAvailable: true } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  for (const [identifier, topic] of [
    [7, "t"],
    [9, "$share/g/t"],
  ] as const) {
    const properties = { subscriptionIdentifier: identifier };
    client.send({ cmd: "subscribe", messageId: identifier, subscriptions: [{ topic, qos: 0 }], properties });
    await client.next("suback");
  }

  client.publish("t");

  const copies = [await client.next("publish"), await client.next("publish")];
  expect(copies.map(({ properties }) => properties?.subscriptionIdentifier).sort()).toEqual([7, 9]);
});
