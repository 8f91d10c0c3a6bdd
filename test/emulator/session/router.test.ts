import { RawClient } from "../support/raw-client.ts";
import type { TestBroker } from "../support/test-broker.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

async function member(broker: TestBroker, clientId: string): Promise<RawClient> {
  const properties = { sessionExpiryInterval: 1000 };
  const { client } = await RawClient.connect(broker.address, { clientId, clean: false, properties });
  await client.subscribe([{ topic: "$share/g/t/#", qos: 1 }]);
  return client;
}

async function publish(broker: TestBroker, times: number): Promise<void> {
  const { client } = await RawClient.connect(broker.address, { clientId: "pub" });
  for (let messageId = 1; messageId <= times; messageId += 1) client.publish("t/x", { qos: 1, messageId });
  await client.settle();
  await client.end();
}

test("gives the members of a shared subscription their messages in turn", async () => {
  const broker = await startBroker();
  const members = [await member(broker, "a"), await member(broker, "b"), await member(broker, "c")];

  await publish(broker, 6);
  for (const client of members) await client.settle();

  expect(members.map((client) => client.count("publish"))).toEqual([2, 2, 2]);
});

test("gives every group its own copy", async () => {
  const broker = await startBroker();
  const one = await member(broker, "a");
  const { client: other } = await RawClient.connect(broker.address, { clientId: "b" });
  await other.subscribe([{ topic: "$share/other/t/x", qos: 1 }]);

  await publish(broker, 1);

  expect((await one.next("publish")).topic).toBe("t/x");
  expect((await other.next("publish")).topic).toBe("t/x");
});

test("passes over members that are away", async () => {
  const broker = await startBroker();
  const [a, b] = [await member(broker, "a"), await member(broker, "b")];
  await a.end();

  await publish(broker, 4);
  await b.settle();

  expect(b.count("publish")).toBe(4);
});

test("keeps messages while no member is connected", async () => {
  const broker = await startBroker();
  await (await member(broker, "a")).end();

  await publish(broker, 2);
  const back = await member(broker, "a");
  await back.settle();

  expect(back.count("publish")).toBe(2);
});

test("gives what a member did not acknowledge to another one when its session ends", async () => {
  const broker = await startBroker();
  const [a, b] = [await member(broker, "a"), await member(broker, "b")];
  await publish(broker, 2);
  await b.next("publish");
  await a.next("publish");

  broker.faults.forgetSession("a");

  expect((await b.next("publish")).topic).toBe("t/x");
});

test("sends a shared message at the QoS that its member was granted [MQTT-4.8.2-3]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "a" });
  await client.subscribe([{ topic: "$share/g/t/#", qos: 0 }]);

  await publish(broker, 1);

  expect((await client.next("publish")).qos).toBe(0);
});

test("gives what a member refused to nobody else [MQTT-4.8.2-6]", async () => {
  const broker = await startBroker();
  const a = await member(broker, "a");
  await publish(broker, 1);
  const b = await member(broker, "b");
  a.puback((await a.next("publish")).messageId ?? 0, 0x83);
  await a.settle();

  broker.faults.forgetSession("a");
  await b.settle();

  expect(b.count("publish")).toBe(0);
});
