import { RawClient } from "./support/raw-client.ts";
import type { TestBroker } from "./support/test-broker.ts";
import { closeBrokers, startBroker } from "./support/test-broker.ts";

afterEach(closeBrokers);

async function connected(broker: TestBroker, clientId = "c"): Promise<RawClient> {
  const { client } = await RawClient.connect(broker.address, { clientId });
  return client;
}

test("refuses as many connections as asked, of one client", async () => {
  const broker = await startBroker();
  broker.faults.refuseConnections(2, 0x97, "c");

  const codes: (number | undefined)[] = [];
  for (const clientId of ["other", "c", "c", "c"]) {
    codes.push((await RawClient.connect(broker.address, { clientId })).connack.reasonCode);
  }

  expect(codes).toEqual([0, 0x97, 0x97, 0]);
  expect(broker.stats().refused).toEqual({ "CONNACK 0x97": 2 });
});

test("leaves a CONNECT unanswered", async () => {
  const broker = await startBroker();
  broker.faults.dropConnacks(1);
  const client = RawClient.open(broker.address);
  client.send({ cmd: "connect", protocolVersion: 5, clientId: "c", clean: true });

  await connected(broker, "other");

  expect(client.count("connack")).toBe(0);
  await client.drop();
});

test("routes a message whose PUBACK it drops", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  await client.subscribe([{ topic: "t", qos: 0 }]);
  broker.faults.dropPubacks(1);

  for (const messageId of [1, 2]) client.publish("t", { qos: 1, messageId });

  expect((await client.next("puback")).messageId).toBe(2);
  expect(client.count("publish")).toBe(2);
});

test("holds PUBACKs until they are released", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  const hold = broker.faults.holdPubacks();
  for (const messageId of [1, 2]) client.publish("t", { qos: 1, messageId });
  await client.settle();
  expect([client.count("puback"), hold.size]).toEqual([0, 2]);

  hold.release();

  expect((await client.next("puback")).messageId).toBe(1);
  expect((await client.next("puback")).messageId).toBe(2);
});

test("carries a SUBSCRIBE out whose SUBACK it drops", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  broker.faults.dropSubacks(1);
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 0 }] });

  client.publish("t");

  await client.next("publish");
  expect(client.count("suback")).toBe(0);
});

test("answers PUBLISHes with a reason code, and drops the message when that is a failure", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  await client.subscribe([{ topic: "t", qos: 0 }]);
  broker.faults.answerPublishes(1, 0x99);
  broker.faults.answerPublishes(1, 0x10);

  for (const messageId of [1, 2, 3]) client.publish("t", { qos: 1, messageId, payload: String(messageId) });
  const codes = [await client.next("puback"), await client.next("puback"), await client.next("puback")];

  expect(codes.map(({ reasonCode }) => reasonCode)).toEqual([0x99, 0x10, 0]);
  expect((await client.next("publish")).payload.toString()).toBe("2");
});

test("grants a lower QoS", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  broker.faults.grantQos(1, 0);

  const suback = await client.subscribe([{ topic: "t", qos: 1 }]);
  client.publish("t", { qos: 1, messageId: 1 });

  expect(suback.granted).toEqual([0]);
  expect((await client.next("publish")).qos).toBe(0);
});

test("closes a socket without DISCONNECT", async () => {
  const broker = await startBroker();
  const client = await connected(broker);

  expect(broker.faults.closeSocket("c")).toBe(true);
  await client.closed;

  expect(client.count("disconnect")).toBe(0);
  expect(broker.faults.closeSocket("c")).toBe(false);
});

test("leaves a stalled connection open and unanswered", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  const other = await connected(broker, "other");

  broker.faults.stall("c");
  client.send({ cmd: "pingreq" });
  await other.settle();

  expect(client.count("pingresp")).toBe(0);
  expect(broker.stats().connected).toBe(2);
});

test("disconnects a client with a reason code", async () => {
  const broker = await startBroker();
  const client = await connected(broker);

  broker.faults.disconnectClient("c", 0x98);

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x98 });
});

test("exceeds a client's Receive Maximum", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c", properties: { receiveMaximum: 1 } });
  await client.subscribe([{ topic: "t", qos: 1 }]);
  broker.faults.ignoreReceiveMaximum(true);

  for (const messageId of [1, 2, 3]) client.publish("t", { qos: 1, messageId });
  await client.settle();

  expect(client.count("publish")).toBe(3);
});

test("forgets a session", async () => {
  const broker = await startBroker();
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 100 } };
  const { client } = await RawClient.connect(broker.address, session);

  broker.faults.forgetSession("c");
  await client.closed;

  expect((await RawClient.connect(broker.address, session)).connack.sessionPresent).toBe(false);
});

test("announces other limits, and holds clients to them", async () => {
  const broker = await startBroker();
  broker.faults.announce({ retainAvailable: false, serverKeepAliveSeconds: 5 });

  const { client, connack } = await RawClient.connect(broker.address, { clientId: "c" });
  client.publish("t", { retain: true });

  expect(connack.properties).toMatchObject({ retainAvailable: false, serverKeepAlive: 5 });
  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x9a });
});

test.each([[[1]], [[2, 3, 5]]])("writes in chunks of %j bytes without changing the stream", async (sizes) => {
  const broker = await startBroker();
  broker.faults.writeInChunks(sizes);
  const client = await connected(broker);
  await client.subscribe([{ topic: "t", qos: 1 }]);

  for (const messageId of [1, 2, 3]) client.publish("t", { qos: 1, messageId, payload: `payload ${messageId}` });

  for (const expected of [1, 2, 3])
    expect((await client.next("publish")).payload.toString()).toBe(`payload ${expected}`);
  await client.end();
});

test("sends bytes as they are", async () => {
  const broker = await startBroker();
  const client = await connected(broker);

  client.judges = false;
  broker.faults.sendBytes("c", Buffer.from([0xf0, 0x02, 0x18, 0x00]));

  expect(await client.next("auth")).toMatchObject({ reasonCode: 0x18 });
});

test("ends every fault at once, and sends what was held", async () => {
  const broker = await startBroker();
  const client = await connected(broker);
  broker.faults.dropPubacks(10, "other");
  broker.faults.refuseConnections(10, 0x97);
  broker.faults.holdPubacks();
  client.publish("t", { qos: 1, messageId: 1 });
  await client.settle();

  broker.faults.clear();

  expect((await client.next("puback")).messageId).toBe(1);
  await connected(broker, "other");
});
