import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

test.each([
  ["a SUBSCRIBE with wrong header flags [MQTT-3.8.1-1]", "800600010000016100", 0x81],
  ["a SUBSCRIBE without filters [MQTT-3.8.3-2]", "8203000100", 0x82],
  ["a SUBSCRIBE with packet identifier 0 [MQTT-2.2.1-3]", "82070000000001" + "6101", 0x82],
  ["an UNSUBSCRIBE without filters [MQTT-3.10.3-2]", "a203000100", 0x82],
  ["a second CONNECT [MQTT-3.1.0-2]", "101000044d5154540502003c00000363636300".slice(0, 36), 0x82],
  ["a second CONNECT of another version [MQTT-3.1.0-2]", "100f00044d5154540402003c0003636363", 0x82],
  ["a PUBACK with packet identifier 0", "40020000", 0x82],
  ["a PUBACK that is cut off", "4000", 0x81],
  ["a PUBACK with wrong header flags [MQTT-2.1.3-1]", "41020001", 0x81],
  ["a PUBACK with bytes left over", "40050001000000", 0x81],
  ["a SUBSCRIBE with Subscription Identifier 0", "82090001020b00000161" + "00", 0x82],
  ["a SUBSCRIBE with two Subscription Identifiers", "820b0001040b010b0200016100", 0x82],
  ["a SUBSCRIBE with a property of a PUBLISH", "82090001020101" + "00016100", 0x81],
  ["a SUBSCRIBE with a filter that is not UTF-8 [MQTT-3.8.3-1] [MQTT-1.5.4-1]", "82070001000001ff00", 0x81],
  ["a SUBSCRIBE with U+0000 in its filter [MQTT-4.7.3-2] [MQTT-1.5.4-2]", "820700010000010000", 0x81],
  ["a SUBSCRIBE with reserved options [MQTT-3.8.3-5]", "820700010000016140", 0x81],
  ["a SUBSCRIBE with QoS 3", "820700010000016103", 0x82],
  ["a SUBSCRIBE with Retain Handling 3", "820700010000016130", 0x82],
  ["a SUBSCRIBE whose filter has no options", "8206000100000161", 0x81],
  ["an UNSUBSCRIBE with wrong header flags [MQTT-3.10.1-1]", "a0060001000001" + "61", 0x81],
  ["a PINGREQ with a body", "c00100", 0x81],
  ["a PUBREL with wrong header flags [MQTT-3.6.1-1]", "60020001", 0x81],
  ["a DISCONNECT whose properties are cut off", "e003000111", 0x81],
  ["a DISCONNECT with a reason code of a server [MQTT-3.14.2-1]", "e0018b", 0x81],
  ["a DISCONNECT with an Assigned Client Identifier", "e0060004120001" + "61", 0x81],
  ["a PUBLISH with DUP and QoS 0 [MQTT-3.3.1-2]", "3804000161" + "00", 0x82],
  ["a Remaining Length that is longer than it needs [MQTT-1.5.5-1]", "c08000", 0x81],
  ["a Property Length that is longer than it needs [MQTT-1.5.5-1]", "3005000161" + "8000", 0x81],
  ["a PUBREL", "62020001", 0x82],
  ["a CONNACK", "2003000000", 0x82],
  ["an AUTH without enhanced authentication [MQTT-4.12.0-7]", "f0021900", 0x82],
  ["a reserved packet type", "0000", 0x81],
  ["a PUBACK with an unknown reason code [MQTT-3.4.2-1]", "400300017f", 0x81],
])("disconnects a client that sends %s [MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT-3.14.4-2]", async (_, hex, reasonCode) => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.sendBytes(Buffer.from(hex, "hex"));

  expect(await client.next("disconnect")).toMatchObject({ reasonCode });
  await client.closed;
});

test("answers PINGREQ [MQTT-3.12.4-1]", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  await expect(client.settle()).resolves.toBeUndefined();
});

test("publishes the will of a client whose DISCONNECT is malformed [MQTT-3.1.2-8]", async () => {
  const broker = await startBroker();
  const { client: observer } = await RawClient.connect(broker.address, { clientId: "observer" });
  await observer.subscribe([{ topic: "will", qos: 0 }]);
  const will = { topic: "will", payload: "gone", qos: 0 as const, retain: false };
  const { client } = await RawClient.connect(broker.address, { clientId: "c", will });

  client.sendBytes(Buffer.from("e003000111", "hex"));

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x81 });
  expect(await observer.next("publish")).toMatchObject({ topic: "will" });
});

test("neither reads nor sends anything behind its DISCONNECT [MQTT-3.14.4-1]", async () => {
  const broker = await startBroker();
  const session = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 1000 } };
  const { client } = await RawClient.connect(broker.address, session);
  await client.subscribe([{ topic: "t", qos: 1 }]);
  const { client: publisher } = await RawClient.connect(broker.address, { clientId: "pub" });

  client.sendBytes(Buffer.from("820700010000016103" + "c000", "hex"));
  await client.next("disconnect");
  publisher.publish("t", { qos: 1, messageId: 1 });
  await publisher.settle();
  await client.closed;

  expect(client.kinds()).toEqual([]);
});

/*
 * The broker never has them, so that none of its packets is ever too large on their account. That AUTH has neither is in
 * profiles/event-grid.test.ts.
 */
test.each([
  ["CONNACK [MQTT-3.2.2-19] [MQTT-3.2.2-20]", "connack", ""],
  ["PUBACK [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.1.2-29]", "puback", "3206000161" + "000700"],
  ["SUBACK [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.1.2-29]", "suback", "8208000700" + "0002612b" + "00"],
  ["UNSUBACK [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.1.2-29]", "unsuback", "a206000700000161"],
  ["DISCONNECT [MQTT-3.14.2-3] [MQTT-3.14.2-4]", "disconnect", "f0021900"],
] as const)("explains itself neither with a Reason String nor with user properties in %s", async (_, cmd, hex) => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);
  if (cmd === "connack") broker.faults.refuseConnections(1, 0x97);
  const properties = { requestProblemInformation: false };
  client.send({ cmd: "connect", protocolVersion: 5, clientId: "c", clean: true, properties });

  client.sendBytes(Buffer.from(hex, "hex"));

  const { properties: answered = {} } = await client.next(cmd);
  expect(Object.keys(answered)).toEqual([]);
});
