import { RawClient } from "../support/raw-client.ts";
import type { TestBroker } from "../support/test-broker.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

const persistent = { clientId: "sub", clean: false, properties: { sessionExpiryInterval: 1000 } };

async function subscribeAndLeave(broker: TestBroker): Promise<void> {
  const { client } = await RawClient.connect(broker.address, persistent);
  await client.subscribe([{ topic: "#", qos: 1 }]);
  await client.end();
}

async function publish(broker: TestBroker, payloads: readonly string[], qos: 0 | 1 = 1): Promise<void> {
  const { client } = await RawClient.connect(broker.address, { clientId: "pub" });
  for (const [index, payload] of payloads.entries()) client.publish("t", { qos, payload, messageId: index + 1 });
  await client.settle();
  await client.end();
}

async function payloads(client: RawClient, times: number): Promise<string[]> {
  const all: string[] = [];
  for (let taken = 0; taken < times; taken += 1) all.push((await client.next("publish")).payload.toString());
  return all;
}

test("keeps QoS 1 messages for a client that is away, in order, and no QoS 0 messages [MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-3.1.3-2] [MQTT-3.2.2-3] [MQTT-4.5.0-1] [MQTT-4.6.0-5]", async () => {
  const broker = await startBroker();
  await subscribeAndLeave(broker);
  await publish(broker, ["1", "2"]);
  await publish(broker, ["dropped"], 0);
  await publish(broker, ["3"]);

  const { client, connack } = await RawClient.connect(broker.address, persistent);

  expect(connack.sessionPresent).toBe(true);
  expect(await payloads(client, 3)).toEqual(["1", "2", "3"]);
  expect(broker.stats().dropped.clientOffline).toBe(1);
});

test("forgets the session at Clean Start [MQTT-3.1.2-4] [MQTT-3.1.4-4] [MQTT-3.2.2-2]", async () => {
  const broker = await startBroker();
  await subscribeAndLeave(broker);
  await publish(broker, ["1"]);

  const { client, connack } = await RawClient.connect(broker.address, { ...persistent, clean: true });
  await client.settle();

  expect(connack.sessionPresent).toBe(false);
  expect(client.count("publish")).toBe(0);
});

test("ends a session when its expiry interval has passed [MQTT-4.1.0-2]", async () => {
  const broker = await startBroker({ secondMs: 10 });
  const { client } = await RawClient.connect(broker.address, {
    ...persistent,
    properties: { sessionExpiryInterval: 2 },
  });
  await client.end();

  await broker.until("sessionEnd", ({ why }) => why === "expired");

  expect(broker.stats().sessions).toBe(0);
});

test("takes a new session expiry from DISCONNECT", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, persistent);

  client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  await client.closed;

  expect(broker.stats().sessions).toBe(0);
});

test("does not let DISCONNECT start a session expiry that CONNECT did not", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
});

test("redelivers unacknowledged messages with DUP, the same packet identifiers and in the original order [MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3]", async () => {
  const broker = await startBroker();
  await subscribeAndLeave(broker);
  await publish(broker, ["1", "2", "3", "4"]);
  const { client } = await RawClient.connect(broker.address, {
    ...persistent,
    properties: { receiveMaximum: 3, sessionExpiryInterval: 1000 },
  });
  const first = [await client.next("publish"), await client.next("publish"), await client.next("publish")];
  client.puback(first[1]?.messageId ?? 0);
  await client.next("publish");
  await client.drop();
  await broker.until("disconnect", ({ clientId, reason }) => clientId === "sub" && reason === "ConnectionLost");
  await publish(broker, ["5"]);

  const { client: back } = await RawClient.connect(broker.address, persistent);
  const again = [await back.next("publish"), await back.next("publish"), await back.next("publish")];
  const last = await back.next("publish");

  expect(again.map(({ payload }) => payload.toString())).toEqual(["1", "3", "4"]);
  expect(again.map(({ messageId }) => messageId)).toEqual([1, 3, 4]);
  expect(again.every(({ dup }) => dup)).toBe(true);
  expect(last).toMatchObject({ dup: false, messageId: 5 });
});

test("never has more in flight than the client's Receive Maximum, also after a resume with a smaller one [MQTT-4.9.0-1] [MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-2] [MQTT-4.9.0-3]", async () => {
  const broker = await startBroker();
  await subscribeAndLeave(broker);
  await publish(broker, ["1", "2", "3", "4", "5"]);
  const { client } = await RawClient.connect(broker.address, {
    ...persistent,
    properties: { receiveMaximum: 4, sessionExpiryInterval: 1000 },
  });
  await client.settle();
  expect(client.count("publish")).toBe(4);
  await client.end();

  const { client: back } = await RawClient.connect(broker.address, {
    ...persistent,
    properties: { receiveMaximum: 2, sessionExpiryInterval: 1000 },
  });
  await back.settle();

  expect(back.count("publish")).toBe(2);
  const { messageId = 0 } = await back.next("publish");
  back.puback(messageId);
  // PINGREQ and SUBSCRIBE are answered all the same.
  await back.subscribe([{ topic: "other", qos: 0 }]);
  await back.settle();
  expect(back.count("publish")).toBe(2);
});

test("does not send a message that exceeds the client's Maximum Packet Size [MQTT-3.1.2-24] [MQTT-3.1.2-25]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties: { maximumPacketSize: 100 } });
  await client.subscribe([{ topic: "t", qos: 1 }]);

  client.publish("t", { payload: Buffer.alloc(200) });
  client.publish("t", { payload: "small" });

  expect((await client.next("publish")).payload.toString()).toBe("small");
  expect(broker.stats().dropped.tooLarge).toBe(1);
});

test("redelivers a message that expired while it was in flight", async () => {
  const broker = await startBroker({ secondMs: 10 });
  const { client } = await RawClient.connect(broker.address, persistent);
  await client.subscribe([{ topic: "t", qos: 1 }]);
  client.publish("t", { qos: 1, messageId: 1, properties: { messageExpiryInterval: 1 } });
  await client.next("publish");
  await client.drop();
  await new Promise((resolve) => setTimeout(resolve, 20));

  const { client: back } = await RawClient.connect(broker.address, persistent);

  expect(await back.next("publish")).toMatchObject({ dup: true, properties: { messageExpiryInterval: 1 } });
});

test("counts PUBACKs that are unknown or out of order", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  for (const messageId of [1, 2]) client.publish("t", { qos: 1, messageId });
  await client.next("publish");
  const second = await client.next("publish");

  client.puback(second.messageId ?? 0);
  client.puback(99);
  await client.settle();

  expect(broker.stats()).toMatchObject({ outOfOrderPubacks: 1, unknownPubacks: 1 });
});

test("completes a delivery that began before UNSUBSCRIBE [MQTT-3.10.4-3]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, persistent);
  await client.subscribe([{ topic: "t", qos: 1 }]);
  await publish(broker, ["1"]);
  const { messageId } = await client.next("publish");
  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["t"] });
  await client.next("unsuback");
  await client.drop();

  const { client: back } = await RawClient.connect(broker.address, persistent);

  expect(await back.next("publish")).toMatchObject({ dup: true, messageId });
});

test("takes a PUBACK with a failure for an acknowledgement [MQTT-4.4.0-2]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, persistent);
  await client.subscribe([{ topic: "t", qos: 1 }]);
  await publish(broker, ["1"]);
  client.puback((await client.next("publish")).messageId ?? 0, 0x80);
  await client.settle();
  await client.drop();

  const { client: back } = await RawClient.connect(broker.address, persistent);
  await back.settle();

  expect(back.count("publish")).toBe(0);
});

test("sends nothing again while the connection lasts [MQTT-4.4.0-1]", async () => {
  const broker = await startBroker({ secondMs: 1 });
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  await publish(broker, ["1", "2"]);
  await client.next("publish");
  client.puback((await client.next("publish")).messageId ?? 0);

  await new Promise((resolve) => setTimeout(resolve, 100)); // 100 s of the broker
  await client.settle();

  expect(client.count("publish")).toBe(0);
});

test("keeps a session that is connected again longer than its expiry interval [MQTT-4.1.0-1]", async () => {
  const broker = await startBroker({ secondMs: 500 });
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 1 } };
  await (await RawClient.connect(broker.address, session)).client.end();

  const { client, connack } = await RawClient.connect(broker.address, session);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await client.settle();

  expect(connack.sessionPresent).toBe(true);
  expect(broker.stats().sessions).toBe(1);
});

test("keeps the order of a client's messages over topics [MQTT-4.6.0-5] [MQTT-4.6.0-6]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties: { receiveMaximum: 2 } });
  await client.subscribe([{ topic: "#", qos: 1 }]);
  const sent = Array.from({ length: 30 }, (_, index) => `t/${index % 3} ${index}`);

  for (const [index, text] of sent.entries()) {
    const [topic = "", payload = ""] = text.split(" ");
    client.publish(topic, { qos: 1, payload, messageId: index + 1 });
  }

  const received: string[] = [];
  while (received.length < sent.length) {
    const { topic, payload, messageId = 0 } = await client.next("publish");
    received.push(`${topic} ${payload.toString()}`);
    client.puback(messageId);
  }
  expect(received).toEqual(sent);
});

describe("will message", () => {
  const will = { topic: "will", payload: "gone", qos: 1, properties: { contentType: "text/plain" } } as const;

  async function watcher(broker: TestBroker): Promise<RawClient> {
    const { client } = await RawClient.connect(broker.address, { clientId: "watcher" });
    await client.subscribe([{ topic: "will", qos: 1 }]);
    return client;
  }

  test("is sent when the connection is lost [MQTT-3.1.2-8]", async () => {
    const broker = await startBroker();
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, { clientId: "c", will });

    await client.drop();

    const message = await observer.next("publish");
    expect(message).toMatchObject({ topic: "will", properties: { contentType: "text/plain" } });
  });

  test("is sent when the client disconnects with 0x04 [MQTT-3.1.2-8]", async () => {
    const broker = await startBroker();
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, { clientId: "c", will });

    await client.end(0x04);

    expect((await observer.next("publish")).payload.toString()).toBe("gone");
  });

  test("is not sent when the client disconnects normally [MQTT-3.1.2-10] [MQTT-3.14.4-3]", async () => {
    const broker = await startBroker();
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, { clientId: "c", will });

    await client.end();
    await observer.settle();

    expect(observer.count("publish")).toBe(0);
  });

  const delayed = { ...will, properties: { willDelayInterval: 3 } };
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 1000 }, will: delayed };

  test("waits for its delay [MQTT-3.1.2-7] [MQTT-3.1.2-8]", async () => {
    const broker = await startBroker({ secondMs: 20 });
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, session);

    await client.drop();
    const lostMs = performance.now();
    await observer.next("publish");

    expect(performance.now() - lostMs).toBeGreaterThanOrEqual(50);
  });

  test("is not sent when the client is back before its delay is over [MQTT-3.1.3-9]", async () => {
    const broker = await startBroker({ secondMs: 20 });
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, session);
    await client.drop();
    await broker.until("disconnect", ({ clientId }) => clientId === "c");

    await RawClient.connect(broker.address, session);
    await new Promise((resolve) => setTimeout(resolve, 80));
    await observer.settle();

    expect(observer.count("publish")).toBe(0);
  });

  test("is sent when the session ends before its delay is over [MQTT-3.1.2-8]", async () => {
    const broker = await startBroker();
    const observer = await watcher(broker);
    const { client } = await RawClient.connect(broker.address, session);
    await client.drop();
    await broker.until("disconnect", ({ clientId }) => clientId === "c");

    await RawClient.connect(broker.address, { clientId: "c", clean: true });

    expect((await observer.next("publish")).payload.toString()).toBe("gone");
  });

  test.each([true, false])("is retained as Will Retain says: %j [MQTT-3.1.2-14] [MQTT-3.1.2-15]", async (retain) => {
    const broker = await startBroker();
    const { client: observer } = await RawClient.connect(broker.address, { clientId: "watcher" });
    await observer.subscribe([{ topic: "will", qos: 1, rap: true }]);
    const { client } = await RawClient.connect(broker.address, { clientId: "c", will: { ...will, retain } });

    await client.drop();

    expect((await observer.next("publish")).retain).toBe(retain);
    expect(broker.stats().retained).toBe(retain ? 1 : 0);
  });

  test("is sent once, though the session lasts [MQTT-3.1.2-10]", async () => {
    const broker = await startBroker({ secondMs: 20 });
    const observer = await watcher(broker);
    const properties = { sessionExpiryInterval: 2 };
    const { client } = await RawClient.connect(broker.address, { clientId: "c", clean: false, properties, will });
    await client.drop();
    await observer.next("publish");

    await broker.until("sessionEnd");
    await observer.settle();

    expect(observer.count("publish")).toBe(0);
  });
});
