import { once } from "node:events";

import { generate } from "mqtt-packet";
import WebSocket from "ws";

import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, createTestTls, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

const connectPacket = generate(
  { cmd: "connect", protocolVersion: 5, clientId: "c", clean: true },
  { protocolVersion: 5 },
);
const listeners = [{ transport: "websocket" }] as const;

test("treats WebSocket frames as a byte stream [MQTT-6.0.0-2] [MQTT-6.0.0-4]", async () => {
  const broker = await startBroker({ listeners });
  const socket = new WebSocket(broker.address.url, "mqtt");
  await once(socket, "open");
  const ping = Buffer.from([0xc0, 0x00]);

  for (const byte of Buffer.concat([connectPacket, ping])) socket.send(Buffer.from([byte]));

  const received: number[] = [];
  await new Promise<void>((resolve) => {
    socket.on("message", (bytes: Buffer) => {
      received.push(...bytes);
      if (received.at(-2) === 0xd0) resolve();
    });
  });
  expect(received[0]).toBe(0x20);
  expect(socket.extensions).toBe("");
  expect(socket.protocol).toBe("mqtt");
  socket.terminate();
});

test("closes a WebSocket without the subprotocol mqtt", async () => {
  const broker = await startBroker({ listeners });
  const socket = new WebSocket(broker.address.url);

  const [code] = (await once(socket, "close")) as [number];

  expect(code).toBe(1002);
});

test("closes a WebSocket that sends text [MQTT-6.0.0-1]", async () => {
  const broker = await startBroker({ listeners });
  const socket = new WebSocket(broker.address.url, "mqtt");
  await once(socket, "open");

  // Else a good CONNECT, all of whose bytes are ASCII.
  socket.send(connectPacket.toString("latin1"));

  await once(socket, "close");
});

test("serves WebSockets at /mqtt only", async () => {
  const broker = await startBroker({ listeners });
  const socket = new WebSocket(broker.address.url.replace("/mqtt", "/"), "mqtt");

  const [error] = (await once(socket, "error")) as [Error];

  expect(error.message).toContain("400");
});

test("refuses to start on a port that is taken", async () => {
  const broker = await startBroker();

  const second = startBroker({ listeners: [{ transport: "tcp", port: broker.address.port }] });

  await expect(second).rejects.toThrow("EADDRINUSE");
});

test("survives a client that goes away in the middle of a packet", async () => {
  const broker = await startBroker();
  const client = RawClient.open(broker.address);
  client.sendBytes(connectPacket.subarray(0, 5));
  await client.drop();

  const { connack } = await RawClient.connect(broker.address, { clientId: "c" });

  expect(connack.reasonCode).toBe(0);
});

test("shows another certificate to the connections to come, and leaves those that are open", async () => {
  const [before, after] = await Promise.all([createTestTls(["127.0.0.1"]), createTestTls(["127.0.0.1"])]);
  const tls = { certificate: before.server.certificate, key: before.server.key };
  const broker = await startBroker({ listeners: [{ transport: "tcp", tls }] });
  const clientTls = (ca: string) => ({ ca, serverName: "127.0.0.1.example" });
  const first = await RawClient.connect(broker.address, { clientId: "first" }, clientTls(before.ca.certificate));

  broker.renewTls({ certificate: after.server.certificate, key: after.server.key });

  const second = await RawClient.connect(broker.address, { clientId: "second" }, clientTls(after.ca.certificate));
  expect(second.connack.reasonCode).toBe(0);
  await first.client.settle();
  await expect(
    RawClient.connect(broker.address, { clientId: "third" }, clientTls(before.ca.certificate)),
  ).rejects.toThrow("closed before a connack");
});
