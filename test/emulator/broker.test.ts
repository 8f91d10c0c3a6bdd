import { connectAsync } from "mqtt";

import { createBroker } from "../../emulator/broker.ts";
import { createEventGridProfile } from "../../emulator/profiles/event-grid.ts";
import { RawClient } from "./support/raw-client.ts";
import { closeBrokers, createTestTls, startBroker } from "./support/test-broker.ts";

afterEach(closeBrokers);

test.each([
  ["TCP", "tcp", false],
  ["TLS", "tcp", true],
  ["WebSocket", "websocket", false],
  ["WebSocket over TLS", "websocket", true],
] as const)("carries a message between mqtt.js clients over %s [MQTT-4.2.0-1]", async (_, transport, isTls) => {
  const { ca, server } = await createTestTls(["localhost", "127.0.0.1"]);
  const broker = await startBroker({ listeners: [{ transport, ...(isTls ? { tls: server } : {}) }] });
  const options = { protocolVersion: 5, ca: ca.certificate, forceNativeWebSocket: false } as const;
  const client = await connectAsync(broker.address.url, { ...options, clientId: "one" });
  const received = new Promise<string>((resolve) => {
    client.on("message", (topic, payload) => {
      resolve(`${topic} ${payload.toString()}`);
    });
  });

  await client.subscribeAsync("a/#", { qos: 1 });
  await client.publishAsync("a/b", "hello", { qos: 1 });

  expect(await received).toBe("a/b hello");
  await client.endAsync();
});

test("listens on loopback and returns the port it was given", async () => {
  const broker = await startBroker();

  expect(broker.address).toMatchObject({ host: "127.0.0.1", isTls: false, transport: "tcp" });
  expect(broker.address.port).toBeGreaterThan(0);
});

test("refuses to start when the profile needs TLS and a listener has none", async () => {
  const profile = createEventGridProfile({ hostNames: ["ns.example"], topicSpaces: [] });

  const starting = createBroker({ profile, listeners: [{ transport: "tcp" }] });

  await expect(starting).rejects.toThrow('listeners[0]: profile "event-grid" needs TLS; set "tls"');
});

test("counts sessions, connections and messages", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  client.publish("t", { qos: 1, messageId: 1, retain: true });
  const { messageId = 0 } = await client.next("publish");
  client.puback(messageId);
  await client.settle();

  expect(broker.stats()).toMatchObject({
    sessions: 1,
    connected: 1,
    retained: 1,
    queued: 0,
    connects: 1,
    published: 1,
    delivered: 1,
    acknowledged: 1,
  });
});

test("tells events in the order they happen", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  client.publish("t", { qos: 1, messageId: 7, properties: { userProperties: { k: ["1", "2"] } } });
  const { messageId = 0 } = await client.next("publish");
  client.puback(messageId);
  await client.end();
  await broker.until("sessionEnd");

  expect(broker.events).toMatchObject([
    { kind: "connect", clientId: "c", authenticationName: "anonymous", cleanStart: true, sessionPresent: false },
    { kind: "subscribe", filters: [{ filter: "t", reasonCode: 1 }] },
    { kind: "deliver", clientId: "c", topic: "t", qos: 1, dup: false },
    {
      kind: "publish",
      packetIdentifier: 7,
      reasonCode: 0,
      message: {
        topic: "t",
        userProperties: [
          ["k", "1"],
          ["k", "2"],
        ],
      },
    },
    { kind: "puback", topic: "t", reasonCode: 0 },
    { kind: "disconnect", reason: "ClientInitiatedDisconnect", reasonCode: 0 },
    { kind: "sessionEnd", why: "expired" },
  ]);
});

test("comes back on the same port with its sessions after it was suspended", async () => {
  const broker = await startBroker();
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 60 } };
  const { client } = await RawClient.connect(broker.address, session);

  await broker.suspend();
  await client.closed;
  await broker.resume();
  const { connack } = await RawClient.connect(broker.address, session);

  expect(connack.sessionPresent).toBe(true);
});

test("says goodbye to every client when it is closed", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  await broker.close();

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x8b });
});
