import type { IPublishPacket } from "mqtt-packet";

import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

test("passes every property of a PUBLISH on, but not the topic alias [MQTT-3.1.2-27] [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20]", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 10 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  const passed = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
    contentType: "text/plain",
    responseTopic: "r/1",
    correlationData: Buffer.from([0, 255]),
    userProperties: { b: ["1", "2"], a: "3" },
  };

  client.publish("t", { properties: { ...passed, topicAlias: 2 } });

  const { properties } = await client.next("publish");
  expect(properties).toEqual({ ...passed, userProperties: expect.objectContaining(passed.userProperties) as unknown });
});

test("knows a topic by its alias", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 2 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "#", qos: 0 }]);

  client.publish("long/topic", { properties: { topicAlias: 2 } });
  client.publish("", { properties: { topicAlias: 2 } });

  expect((await client.next("publish")).topic).toBe("long/topic");
  expect((await client.next("publish")).topic).toBe("long/topic");
});

test("answers 0x10 when nobody subscribes to the topic [MQTT-2.2.1-5] [MQTT-3.3.4-1] [MQTT-4.3.2-4]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.publish("t", { qos: 1, messageId: 5 });

  expect(await client.next("puback")).toMatchObject({ messageId: 5, reasonCode: 0x10 });
});

test.each([false, true])(
  "answers 0x91 to a packet identifier that is still in use (DUP: %s) [MQTT-2.2.1-3]",
  async (dup) => {
    const broker = await startBroker();
    const { client } = await RawClient.connect(broker.address, { clientId: "c" });
    broker.faults.dropPubacks(1);

    client.publish("t", { qos: 1, messageId: 5 });
    client.publish("t", { qos: 1, messageId: 5, dup });

    expect(await client.next("puback")).toMatchObject({ messageId: 5, reasonCode: 0x91 });
  },
);

test("takes a PUBLISH again on a new connection [MQTT-4.3.2-4]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  broker.faults.dropPubacks(1);
  client.publish("t", { qos: 1, messageId: 5 });
  await client.settle();
  await client.drop();

  const { client: back } = await RawClient.connect(broker.address, { clientId: "c", clean: false });
  back.publish("t", { qos: 1, messageId: 5, dup: true });

  expect(await back.next("puback")).toMatchObject({ messageId: 5, reasonCode: 0x10 });
});

test.each<[string, Partial<IPublishPacket> & { topic: string }, number]>([
  ["QoS above the announced maximum [MQTT-3.2.2-11]", { topic: "t", qos: 1, messageId: 1 }, 0x9b],
  ["a retained message where none are available [MQTT-3.2.2-14]", { topic: "t", retain: true }, 0x9a],
  [
    "a topic alias beyond the announced maximum [MQTT-3.2.2-17] [MQTT-3.3.2-9]",
    { topic: "t", properties: { topicAlias: 3 } },
    0x94,
  ],
  ["topic alias 0 [MQTT-3.3.2-8]", { topic: "t", properties: { topicAlias: 0 } }, 0x94],
  ["a topic alias that stands for nothing", { topic: "", properties: { topicAlias: 1 } }, 0x82],
  ["an empty topic [MQTT-4.7.3-1]", { topic: "" }, 0x82],
  ["a wildcard in the topic [MQTT-3.3.2-2] [MQTT-4.7.0-1]", { topic: "a/+" }, 0x90],
  ["a packet above the announced size [MQTT-3.2.2-15]", { topic: "t", payload: Buffer.alloc(300) }, 0x95],
])("disconnects for %s", async (_, { topic, ...packet }, reasonCode) => {
  const limits = { maxQos: 0, retainAvailable: false, topicAliasMaximum: 2, maxPacketBytes: 300 };
  const broker = await startBroker({ limits });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.publish(topic, packet);

  expect(await client.next("disconnect")).toMatchObject({ reasonCode });
  await client.closed;
});

test("disconnects a client that exceeds the server's Receive Maximum [MQTT-3.3.4-7]", async () => {
  const broker = await startBroker({ limits: { receiveMaximum: 2 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  broker.faults.holdPubacks();

  for (const messageId of [1, 2, 3]) client.publish("t", { qos: 1, messageId });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x93 });
});

test("disconnects for QoS 2 [MQTT-3.2.2-11]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.publish("t", { qos: 2, messageId: 1 });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x9b });
});

test("counts down the message expiry interval while a message waits [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async () => {
  const broker = await startBroker({ secondMs: 20 });
  const session = { clientId: "sub", clean: false, properties: { sessionExpiryInterval: 0xffff_ffff } };
  const { client: subscriber } = await RawClient.connect(broker.address, session);
  await subscriber.subscribe([{ topic: "t", qos: 1 }]);
  await subscriber.end();
  const { client: publisher } = await RawClient.connect(broker.address, { clientId: "pub" });
  publisher.publish("t", { qos: 1, messageId: 1, payload: "short", properties: { messageExpiryInterval: 1 } });
  publisher.publish("t", { qos: 1, messageId: 2, payload: "long", properties: { messageExpiryInterval: 1000 } });
  await publisher.settle();
  await new Promise((resolve) => setTimeout(resolve, 50));

  const { client: back } = await RawClient.connect(broker.address, session);
  const { payload, properties } = await back.next("publish");

  expect(payload.toString()).toBe("long");
  expect(properties?.messageExpiryInterval).toBeLessThanOrEqual(998);
  expect(properties?.messageExpiryInterval).toBeGreaterThan(900);
  expect(broker.stats().dropped.expired).toBe(1);
});

test("takes every topic alias up to its maximum [MQTT-3.3.2-12]", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 10 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "#", qos: 0 }]);
  const aliases = Array.from({ length: 10 }, (_, index) => index + 1);

  for (const topicAlias of aliases) client.publish(`t/${topicAlias}`, { properties: { topicAlias } });
  for (const topicAlias of aliases) client.publish("", { properties: { topicAlias } });

  const topics: string[] = [];
  for (let taken = 0; taken < 20; taken += 1) topics.push((await client.next("publish")).topic);
  const expected = aliases.map((alias) => `t/${alias}`);
  expect(topics).toEqual([...expected, ...expected]);
});

test("forgets topic aliases with the connection [MQTT-3.3.2-7]", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 2 } });
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 1000 } };
  const { client } = await RawClient.connect(broker.address, session);
  client.publish("t", { properties: { topicAlias: 2 } });
  await client.settle();
  await client.drop();

  const { client: back } = await RawClient.connect(broker.address, session);
  back.publish("", { properties: { topicAlias: 2 } });

  expect(await back.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
});

test("disconnects for a topic alias where none was announced [MQTT-3.2.2-18]", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 0 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.publish("t", { properties: { topicAlias: 1 } });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x94 });
});

test("sends no topic alias to a client that takes some [MQTT-3.1.2-26] [MQTT-3.3.2-11]", async () => {
  const broker = await startBroker({ limits: { topicAliasMaximum: 2 } });
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties: { topicAliasMaximum: 1 } });
  await client.subscribe([{ topic: "t", qos: 0 }]);

  client.publish("t", { properties: { topicAlias: 2 } });

  const { topic, properties } = await client.next("publish");
  expect(topic).toBe("t");
  expect(properties?.topicAlias).toBeUndefined();
});

test("passes a message on without the DUP that it came with [MQTT-3.3.1-3] [MQTT-4.3.2-2]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);

  client.publish("t", { qos: 1, messageId: 1, dup: true });

  expect(await client.next("publish")).toMatchObject({ qos: 1, dup: false });
});

test("sends QoS 0 without packet identifier and DUP, and no properties as a length of 0 [MQTT-2.2.1-2] [MQTT-2.2.2-1] [MQTT-4.3.1-1] [MQTT-3.3.1-2]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 0 }]);

  client.publish("t", { qos: 1, messageId: 1, dup: true, payload: "p" });

  expect((await client.nextRaw("publish")).bytes.toString("hex")).toBe("3005" + "000174" + "00" + "70");
});

test("takes a packet identifier that it acknowledged for a new message [MQTT-4.3.2-5]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 0 }]);

  for (const payload of ["1", "2"]) {
    client.publish("t", { qos: 1, messageId: 5, dup: true, payload });
    expect(await client.next("puback")).toMatchObject({ messageId: 5, reasonCode: 0 });
    expect((await client.next("publish")).payload.toString()).toBe(payload);
  }
});

test("passes user properties on as they came, in their order [MQTT-3.3.2-17] [MQTT-3.3.2-18]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 0 }]);
  const pair = (name: string, value: string) => `260001${name}0001${value}`;
  const packet = "301a" + "000174" + "15" + pair("62", "31") + pair("61", "32") + pair("62", "33") + "70";

  client.sendBytes(Buffer.from(packet, "hex"));

  expect((await client.nextRaw("publish")).bytes.toString("hex")).toBe(packet);
});

test("keeps the last message with RETAIN, whatever comes without [MQTT-3.3.1-5] [MQTT-3.3.1-8]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  client.publish("t", { retain: true, payload: "1" });
  client.publish("t", { retain: true, payload: "2" });
  client.publish("t", { payload: "3" });

  await client.subscribe([{ topic: "t", qos: 0 }]);
  await client.settle();

  expect(client.kinds()).toEqual(["publish"]);
  const { payload, retain } = await client.next("publish");
  expect([payload.toString(), retain]).toEqual(["2", true]);
});
