import type { IConnectPacket } from "mqtt-packet";
import { generate } from "mqtt-packet";

import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

test("leaves out of CONNACK what has MQTT's default value [MQTT-3.1.2-28] [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.2.2-9] [MQTT-4.12.0-6] [MQTT-3.1.4-5]", async () => {
  const broker = await startBroker({ limits: { subscriptionIdentifiersAvailable: true } });

  const { connack } = await RawClient.connect(broker.address, { clientId: "c" });

  expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false, properties: { maximumQoS: 1 } });
  expect(Object.keys(connack.properties ?? {})).toEqual(["maximumQoS"]);
});

test("announces its limits", async () => {
  const broker = await startBroker({
    limits: {
      receiveMaximum: 20,
      maxQos: 0,
      retainAvailable: false,
      maxPacketBytes: 1000,
      topicAliasMaximum: 5,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      serverKeepAliveSeconds: 30,
      maxSessionExpirySeconds: 100,
    },
  });

  const properties = { sessionExpiryInterval: 200 };
  const { connack } = await RawClient.connect(broker.address, { clientId: "c", keepalive: 60, properties });

  expect(connack.properties).toEqual({
    receiveMaximum: 20,
    maximumQoS: 0,
    retainAvailable: false,
    maximumPacketSize: 1000,
    topicAliasMaximum: 5,
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    serverKeepAlive: 30,
    sessionExpiryInterval: 100,
  });
});

test("assigns a client identifier to a client without one [MQTT-3.1.3-6] [MQTT-3.2.2-16]", async () => {
  const broker = await startBroker();

  const { connack } = await RawClient.connect(broker.address, { clientId: "" });
  const { connack: other } = await RawClient.connect(broker.address, { clientId: "" });

  expect(connack.properties?.assignedClientIdentifier).toMatch(/^[\w-]{36}$/);
  expect(other.properties?.assignedClientIdentifier).not.toBe(connack.properties?.assignedClientIdentifier);
});

test.each<[string, Partial<IConnectPacket>, number]>([
  ["Receive Maximum 0 [MQTT-4.9.0-1]", { properties: { receiveMaximum: 0 } }, 0x82],
  ["Maximum Packet Size 0", { properties: { maximumPacketSize: 0 } }, 0x82],
  ["Authentication Data alone", { properties: { authenticationData: Buffer.from("x") } }, 0x82],
  [
    "an unknown Authentication Method [MQTT-4.12.0-1] [MQTT-3.2.2-7]",
    { properties: { authenticationMethod: "X" } },
    0x8c,
  ],
  [
    "a user name nobody knows [MQTT-3.1.4-2] [MQTT-4.12.0-4] [MQTT-3.2.2-7]",
    { username: "u", password: Buffer.from("p") },
    0x86,
  ],
  ["a wildcard in the will's topic", { will: { topic: "w/#", payload: "x" } }, 0x90],
  ["a will of QoS 2 [MQTT-3.2.2-12]", { will: { topic: "w", payload: "x", qos: 2 } }, 0x9b],
])("refuses %s", async (_, connect, reasonCode) => {
  const broker = await startBroker();

  const { client, connack } = await RawClient.connect(broker.address, { clientId: "c", ...connect });

  expect(connack.reasonCode).toBe(reasonCode);
  await client.closed;
});

test("refuses MQTT 3.1.1 in the form that MQTT 3.1.1 has [MQTT-3.1.2-2]", async () => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);
  client.judges = false;

  client.sendBytes(generate({ cmd: "connect", protocolVersion: 4, clientId: "c", clean: true }));

  const { bytes } = await client.nextRaw("connack");
  expect(bytes).toEqual(Buffer.from([0x20, 0x02, 0x00, 0x01]));
  await client.closed;
});

test.each([
  ["a PINGREQ", "c000"],
  ["the first byte of a large PUBLISH", "30"],
  ["the first byte of an HTTP request", "47"],
  ["a CONNECT with wrong flags", "11"],
])("closes without a packet at %s that comes first [MQTT-3.1.0-1] [MQTT-3.14.0-1]", async (_, hex) => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);

  client.sendBytes(Buffer.from(hex, "hex"));

  await client.closed;
  expect(client.count("connack") + client.count("disconnect")).toBe(0);
  expect(broker.events).toEqual([expect.objectContaining({ kind: "refuse" })]);
});

test("keeps at most a megabyte of a client that it does not know", async () => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);

  client.sendBytes(Buffer.from("10ffffff7f", "hex"));

  await client.closed;
  expect(client.count("connack")).toBe(0);
});

test("handles packets that come before CONNACK was sent", async () => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);

  client.send({ cmd: "connect", protocolVersion: 5, clientId: "c", clean: true });
  client.send({ cmd: "subscribe", messageId: 4, subscriptions: [{ topic: "t", qos: 1 }] });

  expect(await client.next("suback")).toMatchObject({ messageId: 4, granted: [1] });
});

test("ends a connection that is silent for 1.5 times its keep alive [MQTT-3.1.2-22] [MQTT-3.2.2-22]", async () => {
  const broker = await startBroker({ secondMs: 20 });
  const startedMs = performance.now();
  const { client, connack } = await RawClient.connect(broker.address, { clientId: "c", keepalive: 2 });

  expect(connack.properties?.serverKeepAlive).toBeUndefined();
  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x8d });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(60);
});

test("keeps a connection with PINGREQ alive", async () => {
  // Silence would end it after 600 ms: each wait is far below that even on a busy machine, all of them are above it.
  const broker = await startBroker({ secondMs: 400 });
  const { client } = await RawClient.connect(broker.address, { clientId: "c", keepalive: 1 });

  for (let pings = 0; pings < 4; pings += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    await client.settle();
  }

  expect(broker.stats().connected).toBe(1);
});

test("tells the old connection of a client identifier that it was taken over [MQTT-3.1.4-3]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  await RawClient.connect(broker.address, { clientId: "c" });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x8e });
  await client.closed;
  await broker.until("disconnect", ({ reason }) => reason === "SessionTakenOver");
});

/** A CONNECT with a will, whose properties are given. */
function connectWithWill(willProperties: string): Buffer {
  const content = "00044d51545405" + "06" + "003c" + "00" + "000163" + willProperties + "000177" + "000178";
  return Buffer.from(`10${(content.length / 2).toString(16).padStart(2, "0")}${content}`, "hex");
}

test.each([
  ["an unknown property", "0299ff", 0x81],
  ["a property that is cut off", "0126", 0x81],
  ["a property of a PUBLISH alone", "03230001", 0x81],
  ["a Will Delay Interval twice", "0a18000000011800000001", 0x82],
  ["a Payload Format Indicator of 2", "020102", 0x82],
  ["a Response Topic with a wildcard", "0408000123", 0x82],
])("answers a will with %s by CONNACK", async (_, willProperties, reasonCode) => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);

  client.sendBytes(connectWithWill(willProperties));

  expect(await client.next("connack")).toMatchObject({ reasonCode });
  await client.closed;
});

test("publishes a will with its user properties in the order they were sent [MQTT-3.1.3-10]", async () => {
  const broker = await startBroker();
  const { client: observer } = await RawClient.connect(broker.address, { clientId: "observer" });
  await observer.subscribe([{ topic: "w", qos: 1 }]);
  const pair = (name: string) => `2600016${name}000131`;
  const client = RawClient.open(broker.address);
  client.sendBytes(connectWithWill(`15${pair("2")}${pair("1")}${pair("2")}`));
  await client.next("connack");

  await client.drop();

  const { bytes } = await observer.nextRaw("publish");
  expect(bytes.toString("hex")).toContain(pair("2") + pair("1") + pair("2"));
});

test("sends no CONNACK that is larger than the client takes [MQTT-3.1.2-24]", async () => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);

  client.send({ cmd: "connect", protocolVersion: 5, clientId: "", clean: true, properties: { maximumPacketSize: 20 } });

  await client.closed;
  expect(client.count("connack")).toBe(0);
});

test("sends no SUBACK that is larger than the client takes [MQTT-3.1.2-24]", async () => {
  const broker = await startBroker();
  const properties = { maximumPacketSize: 20 };
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties });
  const subscriptions = Array.from({ length: 20 }, (_, index) => ({ topic: `t/${index}`, qos: 0 as const }));

  client.send({ cmd: "subscribe", messageId: 1, subscriptions });

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x83 });
  expect(client.count("suback")).toBe(0);
});

const persistent = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 1000 } };

test("refuses without a word of the session, and processes nothing that comes behind [MQTT-3.2.2-6] [MQTT-3.1.4-6]", async () => {
  const broker = await startBroker();
  await (await RawClient.connect(broker.address, persistent)).client.end();
  broker.faults.refuseConnections(1, 0x97);
  const client = RawClient.open(broker.address);

  client.send({ cmd: "connect", protocolVersion: 5, keepalive: 0, ...persistent });
  client.publish("t", { retain: true });

  expect(await client.next("connack")).toMatchObject({ reasonCode: 0x97, sessionPresent: false });
  await client.closed;
  expect(broker.stats()).toMatchObject({ retained: 0, published: 0 });
});

test("sends CONNACK before all that waits in the session, and once [MQTT-3.2.0-1] [MQTT-3.2.0-2]", async () => {
  const broker = await startBroker();
  const { client: before } = await RawClient.connect(broker.address, persistent);
  await before.subscribe([{ topic: "t", qos: 1 }]);
  await before.end();
  const { client: publisher } = await RawClient.connect(broker.address, { clientId: "pub" });
  publisher.publish("t", { qos: 1, messageId: 1 });
  await publisher.settle();
  const client = RawClient.open(broker.address);

  client.send({ cmd: "connect", protocolVersion: 5, keepalive: 0, ...persistent });
  await client.settle();

  expect(client.kinds()).toEqual(["connack", "publish"]);
});

test("begins a session without Clean Start where there is none [MQTT-3.1.2-6] [MQTT-3.2.2-3]", async () => {
  const broker = await startBroker();

  const { connack } = await RawClient.connect(broker.address, persistent);

  expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false });
  expect(broker.stats().sessions).toBe(1);
});

test.each(["0", "abcdefghijklmnopqrstuvw", "xyzABCDEFGHIJKLMNOPQRST", "UVWXYZ0123456789"])(
  "takes the client identifier %s [MQTT-3.1.3-5]",
  async (clientId) => {
    const broker = await startBroker();

    expect((await RawClient.connect(broker.address, { clientId })).connack.reasonCode).toBe(0);
  },
);

test("knows the session of an identifier that it assigned [MQTT-3.1.3-7] [MQTT-3.1.3-2]", async () => {
  const broker = await startBroker();
  const { client, connack } = await RawClient.connect(broker.address, {
    ...persistent,
    clientId: "",
    clean: true,
  });
  await client.end();

  const clientId = connack.properties?.assignedClientIdentifier ?? "";
  const { connack: back } = await RawClient.connect(broker.address, { ...persistent, clientId });

  expect(back.sessionPresent).toBe(true);
});

test("refuses a will with RETAIN where nothing is retained [MQTT-3.2.2-13]", async () => {
  const broker = await startBroker({ limits: { retainAvailable: false } });

  const will = { topic: "w", payload: "x", retain: true };
  const { client, connack } = await RawClient.connect(broker.address, { clientId: "c", will });

  expect(connack.reasonCode).toBe(0x9a);
  await client.closed;
});

test("closes without a CONNACK that refuses and is larger than the client takes [MQTT-3.1.2-24] [MQTT-4.13.2-1]", async () => {
  const broker = await startBroker();
  broker.faults.refuseConnections(1, 0x97);
  const client = RawClient.open(broker.address);

  client.send({ cmd: "connect", protocolVersion: 5, clientId: "c", clean: true, properties: { maximumPacketSize: 4 } });

  await client.closed;
  expect(client.count("connack")).toBe(0);
});
