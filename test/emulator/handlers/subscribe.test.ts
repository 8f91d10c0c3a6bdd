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

  expect((await client.next("publish")).retain).toBe(true);
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
