import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

test.each([
  ["a SUBSCRIBE with wrong header flags", "800600010000016100", 0x81],
  ["a SUBSCRIBE without filters", "8203000100", 0x82],
  ["a SUBSCRIBE with packet identifier 0", "82070000000001" + "6101", 0x82],
  ["an UNSUBSCRIBE without filters", "a203000100", 0x82],
  ["a second CONNECT", "101000044d5154540502003c00000363636300".slice(0, 36), 0x82],
  ["a PUBREL", "62020001", 0x82],
  ["a CONNACK", "2003000000", 0x82],
  ["an AUTH without enhanced authentication", "f0021900", 0x82],
  ["a reserved packet type", "0000", 0x81],
  ["a PUBACK with an unknown reason code", "400300017f", 0x81],
])("disconnects a client that sends %s", async (_, hex, reasonCode) => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  client.sendBytes(Buffer.from(hex, "hex"));

  expect(await client.next("disconnect")).toMatchObject({ reasonCode });
  await client.closed;
});

test("answers PINGREQ", async () => {
  const broker = await startBroker();
  const { client } = await RawClient.connect(broker.address, { clientId: "c" });

  await expect(client.settle()).resolves.toBeUndefined();
});
