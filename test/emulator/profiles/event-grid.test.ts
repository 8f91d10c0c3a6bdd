import { X509Certificate } from "node:crypto";

import type { IConnectPacket, IPublishPacket } from "mqtt-packet";
import { connectAsync } from "mqtt";

import {
  createCertificateAuthority,
  createSelfSignedCertificate,
} from "../../../emulator/certificates/certificate-authority.ts";
import type { CertificateAndKey, CertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createSigningKey } from "../../../emulator/identity/signing-key.ts";
import { neverExpires } from "../../../emulator/limits.ts";
import { createEventGridProfile } from "../../../emulator/profiles/event-grid.ts";
import type { EventGrid } from "../support/event-grid.ts";
import { hostName, principal, startEventGrid } from "../support/event-grid.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ClientTls } from "../support/raw-client.ts";
import { closeBrokers } from "../support/test-broker.ts";

afterEach(closeBrokers);

const userProperties = { k: "v" };
const session = { clean: false, properties: { sessionExpiryInterval: 600 } };

async function publishMany(broker: EventGrid, times: number, payload = "x"): Promise<void> {
  const { client } = await broker.connect({ clientId: "pub" });
  for (let messageId = 1; messageId <= times; messageId += 1) client.publish("t", { qos: 1, messageId, payload });
  await client.settle();
  await client.end();
}

/** How each rule of the table shows, by the rule's name. Every rule has to be here. */
const behaviours: Record<string, () => Promise<void>> = {
  "TLS is required, and the client has to name a host of the namespace (SNI)": async () => {
    const broker = await startEventGrid();
    const { ca } = broker.clientTls;
    for (const tls of [{ ca }, { ca, serverName: "other.example" }]) {
      await RawClient.open(broker.address, tls).closed;
    }
    expect(broker.stats().refused).toEqual({ TLS: 2 });
  },
  "QoS 2 is not supported": async () => {
    const broker = await startEventGrid();
    const { client, connack } = await broker.connect();
    expect(connack.properties?.maximumQoS).toBe(1);
    client.publish("t", { qos: 2, messageId: 1 });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x9b });
  },
  "a packet has at most 512 KiB": async () => {
    const broker = await startEventGrid();
    const { client, connack } = await broker.connect();
    expect(connack.properties?.maximumPacketSize).toBe(524_288);
    client.publish("t", { payload: Buffer.alloc(524_288) });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x95 });
  },
  "a client may use 10 topic aliases": async () => {
    const broker = await startEventGrid();
    const { client, connack } = await broker.connect();
    expect(connack.properties?.topicAliasMaximum).toBe(10);
    client.publish("t", { properties: { topicAlias: 11 } });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x94 });
  },
  "subscription identifiers are not supported": async () => {
    const broker = await startEventGrid();
    const { client, connack } = await broker.connect();
    expect(connack.properties?.subscriptionIdentifiersAvailable).toBe(false);
    const subscriptions = [{ topic: "t", qos: 1 as const }];
    client.send({ cmd: "subscribe", messageId: 1, subscriptions, properties: { subscriptionIdentifier: 3 } });
    expect((await client.next("suback")).granted).toEqual([0xa1]);
  },
  "keep alive is at most 1160 s": async () => {
    const broker = await startEventGrid();
    const asked = [0, 60, 1160, 1161];
    const told: (number | undefined)[] = [];
    for (const keepalive of asked) told.push((await broker.connect({ keepalive })).connack.properties?.serverKeepAlive);
    expect(told).toEqual([1160, undefined, undefined, 1160]);
  },
  "a will is delayed by at most 300 s": async () => {
    const limits = { maxSessionExpirySeconds: neverExpires };
    const broker = await startEventGrid({}, { secondMs: 0.2, limits });
    const { client: observer } = await broker.connect({ clientId: "watcher" });
    await observer.subscribe([{ topic: "will", qos: 1 }]);
    const will = { topic: "will", payload: "x", qos: 1 as const, properties: { willDelayInterval: neverExpires } };
    const { client } = await broker.connect({
      clean: false,
      properties: { sessionExpiryInterval: neverExpires },
      will,
    });
    await client.drop();
    // Neither the delay that was asked for nor the end of the session, which sends the will too, comes in time.
    expect(await observer.next("publish")).toMatchObject({ topic: "will" });
  },
  "session expiry is cut down to the namespace's, silently": async () => {
    const broker = await startEventGrid({ maxSessionExpiryHours: 2 });
    const { connack } = await broker.connect({ clean: false, properties: { sessionExpiryInterval: 86_400 } });
    expect(connack.properties?.sessionExpiryInterval).toBeUndefined();
    expect(await broker.until("connect")).toMatchObject({ sessionExpirySeconds: 7200 });
  },
  "a session ends when 100 messages or 1 MB wait in it": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect({ clientId: "sub", ...session });
    await client.subscribe([{ topic: "#", qos: 1 }]);
    await client.end();
    await publishMany(broker, 100);
    expect(broker.stats()).toMatchObject({ overflowed: 0, queued: 100 });
    await publishMany(broker, 1);
    expect(broker.stats()).toMatchObject({ overflowed: 1, queued: 0 });
    expect((await broker.connect({ clientId: "sub", ...session })).connack.sessionPresent).toBe(false);
  },
  "100 messages or 64 KB are in flight to a client": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect({ clientId: "sub" });
    await client.subscribe([{ topic: "#", qos: 1 }]);
    await publishMany(broker, 8, "x".repeat(20 * 1024));
    await client.settle();
    expect(client.count("publish")).toBe(3);
  },
  "1,000 messages are in flight from a client": async () => {
    const broker = await startEventGrid();
    expect((await broker.connect()).connack.properties?.receiveMaximum).toBe(1000);
  },
  "a session gets at most 100 messages a second": async () => {
    const broker = await startEventGrid({}, { secondMs: 500 });
    const { client } = await broker.connect({ clientId: "sub" });
    await client.subscribe([{ topic: "#", qos: 0 }]);
    const startedMs = performance.now();
    await publishMany(broker, 150);
    for (let taken = 0; taken < 150; taken += 1) await client.next("publish");
    expect(performance.now() - startedMs).toBeGreaterThan(240);
  },
  "a session has at most 50 subscriptions": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();
    for (let index = 0; index < 50; index += 1) await client.subscribe([{ topic: `t/${index}`, qos: 1 }]);
    expect((await client.subscribe([{ topic: "t/50", qos: 1 }])).granted).toEqual([0x97]);
    expect((await client.subscribe([{ topic: "t/7", qos: 0 }])).granted).toEqual([0]);
  },
  "a SUBSCRIBE has at most 10 topic filters": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();
    const filters = Array.from({ length: 11 }, (_, index) => ({ topic: `t/${index}`, qos: 1 as const }));
    expect((await client.subscribe(filters)).granted).toEqual(filters.map(() => 0x97));
    expect((await client.subscribe(filters.slice(1))).granted).toEqual(filters.slice(1).map(() => 1));
  },
  "sessions per authentication name are limited, offline ones included": async () => {
    const broker = await startEventGrid({ maxSessionsPerAuthenticationName: 2 });
    await (await broker.connect({ clientId: "one", ...session })).client.end();
    await broker.connect({ clientId: "two", ...session });
    expect((await broker.connect({ clientId: "three" })).connack.reasonCode).toBe(0x97);
    expect((await broker.connect({ clientId: "one", ...session })).connack.reasonCode).toBe(0);
    expect((await broker.connect({ clientId: "three" }, { oid: "someone-else" })).connack.reasonCode).toBe(0);
  },
  "shared subscriptions are a switch": async () => {
    const shared = [{ topic: "$share/g/t", qos: 1 as const }];
    const off = await (await startEventGrid()).connect();
    expect(off.connack.properties?.sharedSubscriptionAvailable).toBe(false);
    expect((await off.client.subscribe(shared)).granted).toEqual([0x9e]);
    const on = await (await startEventGrid({ isSharedSubscriptionAvailable: true })).connect();
    expect((await on.client.subscribe(shared)).granted).toEqual([1]);
  },
  "CONNECT may not have user properties": async () => {
    const broker = await startEventGrid();
    expect((await broker.connect({ properties: { userProperties } })).connack.reasonCode).toBe(0x83);
  },
  "SUBSCRIBE may not have user properties": async () => {
    const { client } = await (await startEventGrid()).connect();
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "t", qos: 1 }],
      properties: { userProperties },
    });
    expect((await client.next("suback")).granted).toEqual([0x83]);
  },
  "UNSUBSCRIBE may not have user properties": async () => {
    const { client } = await (await startEventGrid()).connect();
    client.send({ cmd: "unsubscribe", messageId: 1, unsubscriptions: ["t"], properties: { userProperties } });
    expect((await client.next("unsuback")).granted).toEqual([0x83]);
  },
  "PUBACK may not have user properties": async () => {
    const { client } = await (await startEventGrid()).connect();
    client.send({ cmd: "puback", messageId: 1, reasonCode: 0, properties: { userProperties } });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x83 });
  },
  "AUTH may not have user properties": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();
    const authenticationData = Buffer.from(await broker.createToken());
    const properties = { authenticationMethod: "OAUTH2-JWT", authenticationData, userProperties };
    client.send({ cmd: "auth", reasonCode: 0x19, properties });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x83 });
  },
  "DISCONNECT may not have user properties": async () => {
    const { client } = await (await startEventGrid()).connect();
    client.send({ cmd: "disconnect", reasonCode: 0, properties: { userProperties } });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x83 });
  },
  "authentication data has at most 8 KB": async () => {
    const broker = await startEventGrid();
    expect((await broker.connect({}, { padding: "x".repeat(8192) })).connack.reasonCode).toBe(0x97);
  },
  "authentication data of AUTH has at most 8 KB": async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();
    const authenticationData = Buffer.from(await broker.createToken({ padding: "x".repeat(8192) }));
    client.send({
      cmd: "auth",
      reasonCode: 0x19,
      properties: { authenticationMethod: "OAUTH2-JWT", authenticationData },
    });
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x97 });
  },
  "a client's PUBACK with an error code ends the connection": async () => {
    const { client } = await (await startEventGrid()).connect();
    await client.subscribe([{ topic: "t", qos: 1 }]);
    client.publish("t", { qos: 1, messageId: 1 });
    const { messageId = 0 } = await client.next("publish");
    client.puback(messageId, 0x80);
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x83 });
  },
  "a topic name has at most 256 bytes and 15 segments": async () => {
    const fine = ["x".repeat(256), Array(15).fill("s").join("/")];
    const wrong = ["x".repeat(257), Array(16).fill("s").join("/")];
    expect(await pubackCodes([...fine, ...wrong].map((topic) => ({ topic })))).toEqual([0x10, 0x10, 0x90, 0x90]);
  },
  "a topic filter has at most 256 bytes and 15 segments": async () => {
    const { client } = await (await startEventGrid()).connect();
    const filters = ["x".repeat(256), Array(15).fill("+").join("/"), "x".repeat(257), Array(16).fill("+").join("/")];
    const suback = await client.subscribe(filters.map((topic) => ({ topic, qos: 1 })));
    expect(suback.granted).toEqual([1, 1, 0x8f, 0x8f]);
  },
  "the properties of a PUBLISH are limited in size": async () => {
    const text = "x".repeat(257);
    const codes = await pubackCodes([
      { topic: "t", properties: { responseTopic: text.slice(1), contentType: text.slice(1) } },
      { topic: "t", properties: { responseTopic: text } },
      { topic: "t", properties: { contentType: text } },
      { topic: "t", properties: { correlationData: Buffer.from(text) } },
      { topic: "t", properties: { userProperties: { a: "x".repeat(32_767) } } },
      { topic: "t", properties: { userProperties: { a: "x".repeat(32_768) } } },
    ]);
    expect(codes).toEqual([0x10, 0x97, 0x97, 0x97, 0x10, 0x97]);
  },
  "a retained message has at most 64 KB": async () => {
    const [fine, large] = [Buffer.alloc(65_536), Buffer.alloc(65_537)];
    const codes = await pubackCodes([
      { topic: "t", retain: true, payload: fine },
      { topic: "t", retain: true, payload: large },
      { topic: "t", payload: large },
    ]);
    expect(codes).toEqual([0x10, 0x97, 0x10]);
  },
  "publishing takes the Publisher role on a topic space": async () => {
    const broker = await startEventGrid({
      topicSpaces: [{ name: "telemetry", topicTemplates: ["site/+/telemetry"] }],
      roleAssignments: [{ principalId: principal, role: "subscriber" }],
    });
    const { client } = await broker.connect();
    const send = async (topic: string) => {
      client.publish(topic, { qos: 1, messageId: 1 });
      return (await client.next("puback")).reasonCode;
    };
    expect(await send("site/a/telemetry")).toBe(0x87);
    broker.profile.access.assignRole({ principalId: principal, role: "publisher", topicSpace: "telemetry" });
    expect(await send("site/a/telemetry")).toBe(0x10);
    expect(await send("site/a/other")).toBe(0x87);
    broker.profile.access.removeRole({ principalId: principal, role: "publisher", topicSpace: "telemetry" });
    expect(await send("site/a/telemetry")).toBe(0x87);
  },
  "subscribing takes the Subscriber role on a topic space": async () => {
    const topicTemplates = ["site/+/telemetry", "own/${client.authenticationName}/#"];
    const broker = await startEventGrid({ topicSpaces: [{ name: "telemetry", topicTemplates }] });
    const { client } = await broker.connect();
    const filters = ["site/+/telemetry", "site/a/#", `own/${principal}/x`, "own/other/x", "#"];
    const suback = await client.subscribe(filters.map((topic) => ({ topic, qos: 1 })));
    expect(suback.granted).toEqual([1, 0x87, 1, 0x87, 0x87]);
  },
};

async function pubackCodes(packets: (Partial<IPublishPacket> & { topic: string })[]): Promise<(number | undefined)[]> {
  const { client } = await (await startEventGrid()).connect();
  const codes: (number | undefined)[] = [];
  for (const { topic, ...packet } of packets) {
    client.publish(topic, { ...packet, qos: 1, messageId: 1 });
    codes.push((await client.next("puback")).reasonCode);
  }
  return codes;
}

const { rules } = createEventGridProfile({ hostNames: [hostName], topicSpaces: [] });

test.each(rules.map(({ name }) => name))("rule: %s", async (name) => {
  const behaviour = behaviours[name];
  if (!behaviour) throw new Error(`rule "${name}" has no test`);
  await behaviour();
});

test("every rule has a name of its own and a source, and no test is left over", () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  expect(Object.keys(behaviours).filter((name) => !rules.some((rule) => rule.name === name))).toEqual([]);
  expect(rules.filter(({ source }) => !/^Event Grid, [A-Z]/.test(source))).toEqual([]);
});

test("ends the session of a connected client whose queue overflows, with DISCONNECT", async () => {
  const broker = await startEventGrid({}, { limits: { maxQueuedMessages: 5, maxDeliveriesPerSecond: Infinity } });
  const { client } = await broker.connect({ properties: { receiveMaximum: 2 } });
  await client.subscribe([{ topic: "t", qos: 1 }]);

  await publishMany(broker, 8);

  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x97 });
  await broker.until("disconnect", ({ reason }) => reason === "SessionOverflow");
  await broker.until("sessionEnd", ({ why }) => why === "SessionOverflow");
});

test("ends a session when more than 1 MB waits in it", async () => {
  const broker = await startEventGrid();
  const { client } = await broker.connect({ clientId: "sub", ...session });
  await client.subscribe([{ topic: "#", qos: 1 }]);
  await client.end();

  await publishMany(broker, 3, "x".repeat(400 * 1024));

  expect(broker.stats().overflowed).toBe(1);
});

test("refuses a session name that belongs to another authentication name, also while that is offline [MQTT-3.1.3-8]", async () => {
  const broker = await startEventGrid();
  await (await broker.connect({ clientId: "c", ...session })).client.end();

  const { client, connack } = await broker.connect({ clientId: "c" }, { oid: "someone-else" });

  expect(connack.reasonCode).toBe(0x87);
  await client.closed;
});

describe("OAUTH2-JWT", () => {
  test.each<[string, Record<string, unknown>, number]>([
    ["an audience with a slash at the end", { aud: "https://eventgrid.azure.net/" }, 0],
    ["another audience", { aud: "https://management.azure.com" }, 0x87],
    ["no audience", { aud: undefined }, 0x87],
    ["an expired token", { exp: Date.now() / 1000 - 1 }, 0x87],
    ["no expiry", { exp: undefined }, 0x87],
    ["another issuer", { iss: "https://other.example" }, 0x87],
    ["sub for want of oid", { oid: undefined, sub: "sub" }, 0],
    ["neither oid nor sub", { oid: undefined }, 0x87],
  ])("with %s", async (_, claims, reasonCode) => {
    const issuer = "https://sts.windows.net/t/";
    const broker = await startEventGrid({ issuer });

    const { connack } = await broker.connect({}, { iss: issuer, ...claims });

    expect(connack.reasonCode).toBe(reasonCode);
  });

  test("refuses a token that another key signed [MQTT-4.12.0-4] [MQTT-3.1.4-2]", async () => {
    const broker = await startEventGrid();
    const other = await createSigningKey();
    const claims = { aud: "https://eventgrid.azure.net", oid: principal, exp: Date.now() / 1000 + 60 };
    const authenticationData = Buffer.from(await other.sign(claims));

    const { client, connack } = await broker.connect({ properties: { authenticationData } });

    expect(connack.reasonCode).toBe(0x87);
    await client.closed;
  });

  test.each<[string, IConnectPacket["properties"], number]>([
    ["without data", { authenticationMethod: "OAUTH2-JWT" }, 0x87],
    ["with data that is no token", { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("x") }, 0x87],
    ["with another method", { authenticationMethod: "K8S-SAT", authenticationData: Buffer.from("x") }, 0x8c],
    ["without any credentials", {}, 0x87],
  ])("refuses CONNECT %s", async (_, properties = {}, reasonCode) => {
    const broker = await startEventGrid();

    const { connack } = await RawClient.connect(broker.address, { clientId: "c", properties }, broker.clientTls);

    expect(connack.reasonCode).toBe(reasonCode);
  });

  test("does not take a token as password", async () => {
    const broker = await startEventGrid();
    const password = Buffer.from(await broker.createToken());

    const connect = { clientId: "c", username: "u", password };
    const { connack } = await RawClient.connect(broker.address, connect, broker.clientTls);

    expect(connack.reasonCode).toBe(0x86);
  });

  test("disconnects at the token's expiry", async () => {
    const broker = await startEventGrid();
    const { client } = await broker.connect({}, { exp: Date.now() / 1000 + 1.2 });

    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x87 });
    await broker.until("disconnect", ({ reason }) => reason === "ClientAuthenticationError");
  });

  const method = "OAUTH2-JWT";

  test("keeps a connection that authenticates again [MQTT-4.12.0-5] [MQTT-3.15.2-2] [MQTT-3.15.2-3]", async () => {
    const broker = await startEventGrid();
    const { client, connack } = await broker.connect({}, { exp: Date.now() / 1000 + 1.2 });
    expect(connack.properties?.authenticationMethod).toBe(method);

    const authenticationData = Buffer.from(await broker.createToken());
    client.send({ cmd: "auth", reasonCode: 0x19, properties: { authenticationMethod: method, authenticationData } });
    const auth = await client.next("auth");
    expect(auth.reasonCode).toBe(0);
    expect(auth.properties).toEqual({ authenticationMethod: method });
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await client.settle();

    expect(broker.stats().connected).toBe(1);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ["an expired token", { exp: 1 }, 0x87],
    ["the token of another principal", { oid: "someone-else" }, 0x87],
  ])("disconnects a client that authenticates again with %s [MQTT-4.12.1-2]", async (_, claims, reasonCode) => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();

    const authenticationData = Buffer.from(await broker.createToken(claims));
    client.send({ cmd: "auth", reasonCode: 0x19, properties: { authenticationMethod: method, authenticationData } });

    expect(await client.next("disconnect")).toMatchObject({ reasonCode });
    await client.closed;
  });

  test.each([
    ["another method [MQTT-4.12.1-1]", 0x19, "K8S-SAT"],
    ["a reason code other than 0x19", 0x18, method],
  ])("takes AUTH with %s for a protocol error", async (_, reasonCode, authenticationMethod) => {
    const broker = await startEventGrid();
    const { client } = await broker.connect();

    client.send({ cmd: "auth", reasonCode, properties: { authenticationMethod } });

    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
  });

  test("lets mqtt.js in", async () => {
    const broker = await startEventGrid();
    const authenticationData = Buffer.from(await broker.createToken());

    const client = await connectAsync({
      host: broker.address.host,
      port: broker.address.port,
      protocol: "mqtts",
      servername: hostName,
      ca: broker.clientTls.ca,
      protocolVersion: 5,
      clientId: "c",
      properties: { authenticationMethod: method, authenticationData },
    });

    expect(client.connected).toBe(true);
    await client.endAsync();
  });
});

describe("X.509", () => {
  const clients = [
    { authenticationName: "device-1", permissionBindings: [{ topicSpace: "all", permission: "publisher" as const }] },
    { authenticationName: "device-2", permissionBindings: [] },
  ];

  const hourMs = 60 * 60 * 1000;

  async function tlsOf({ certificateAuthority, clientTls }: EventGrid, commonName: string): Promise<ClientTls> {
    return { ...clientTls, ...(await certificateAuthority.createClientCertificate(commonName)) };
  }

  test.each([
    ["its own name as CN", "device-1", "device-1", 0],
    ["another CN", "device-1", "device-2", 0x87],
    ["a name that nobody registered", "device-9", "device-9", 0x87],
    ["no user name", "device-1", undefined, 0x87],
  ])("takes the user name as authentication name: %s", async (_, commonName, username, reasonCode) => {
    const broker = await startEventGrid({ clients });

    const connect = { clientId: "c", ...(username === undefined ? {} : { username }) };
    const { connack } = await RawClient.connect(broker.address, connect, await tlsOf(broker, commonName));

    expect(connack.reasonCode).toBe(reasonCode);
  });

  test("takes a name in another case for the same, from CONNECT and from the certificate, and keeps its own in topics", async () => {
    const topicSpaces = [{ name: "own", topicTemplates: ["own/${client.authenticationName}/#"] }];
    const permissionBindings = [{ topicSpace: "own", permission: "subscriber" as const }];
    const broker = await startEventGrid({
      topicSpaces,
      clients: [{ authenticationName: "Device-1", permissionBindings }],
    });

    const connect = { clientId: "c", username: "DEVICE-1" };
    const { client, connack } = await RawClient.connect(broker.address, connect, await tlsOf(broker, "device-1"));
    const filters = ["own/Device-1/a", "own/DEVICE-1/a"].map((topic) => ({ topic, qos: 1 as const }));

    expect(connack.reasonCode).toBe(0);
    expect((await client.subscribe(filters)).granted).toEqual([1, 0x87]);
  });

  test("fills attributes and a text behind a variable into topic templates", async () => {
    const topicTemplates = ["machines/${client.authenticationName|.factory1}/temp", "area/${client.attributes.area}/#"];
    const topicSpaces = [{ name: "own", topicTemplates }];
    const permissionBindings = [{ topicSpace: "own", permission: "subscriber" as const }];
    const registered = { authenticationName: "device-1", attributes: { area: "section1" }, permissionBindings };
    const broker = await startEventGrid({ topicSpaces, clients: [registered] });

    const connect = { clientId: "c", username: "device-1" };
    const { client } = await RawClient.connect(broker.address, connect, await tlsOf(broker, "device-1"));
    const wanted = ["machines/device-1.factory1/temp", "machines/device-1/temp", "area/section1/a", "area/section2/a"];

    const { granted } = await client.subscribe(wanted.map((topic) => ({ topic, qos: 1 as const })));
    expect(granted).toEqual([1, 0x87, 1, 0x87]);
  });

  /** A certificate that has another name in each field. */
  const named = {
    subject: "press-2",
    dns: "press-2.plant.example",
    uri: "urn:plant:press-2",
    ip: "2001:DB8:0:0:0:0:0:2",
    email: "press-2@plant.example",
  };
  const alternativeNames = [
    { type: "dns", value: named.dns },
    { type: "url", value: named.uri },
    { type: "ip", value: named.ip },
    { type: "email", value: named.email },
  ] as const;
  const fields = [
    ["Subject", named.subject],
    ["Dns", named.dns],
    ["Uri", named.uri],
    ["Ip", "2001:db8::2"],
    ["Email", named.email],
  ] as const;

  async function connectNamed(broker: EventGrid, username?: string) {
    const { certificateAuthority, clientTls } = broker;
    const issued = await certificateAuthority.createClientCertificate(named.subject, { alternativeNames });
    const connect = { clientId: username ?? "c", ...(username === undefined ? {} : { username }) };
    return RawClient.connect(broker.address, connect, { ...clientTls, ...issued });
  }

  test.each(fields)("with %sMatchesAuthenticationName takes the name in that field alone", async (field, name) => {
    const validationScheme = `${field}MatchesAuthenticationName` as const;
    const names = fields.map(([, value]) => value);
    const registered = names.map((authenticationName) => ({
      authenticationName,
      validationScheme,
      permissionBindings: [],
    }));
    const broker = await startEventGrid({ clients: registered });

    const answers = await Promise.all(names.map((username) => connectNamed(broker, username)));

    expect(answers.map(({ connack }) => connack.reasonCode)).toEqual(names.map((own) => (own === name ? 0 : 0x87)));
  });

  test.each(fields)("with ClientCertificate%s takes the authentication name from that field", async (field, name) => {
    const registered = {
      authenticationName: name,
      validationScheme: `${field}MatchesAuthenticationName` as const,
      permissionBindings: [],
    };
    const broker = await startEventGrid({
      clients: [registered],
      authenticationNameSources: [`ClientCertificate${field}`],
    });

    const { connack } = await connectNamed(broker);

    expect(connack.reasonCode).toBe(0);
    expect(await broker.until("connect")).toMatchObject({ authenticationName: name, method: "X509" });
  });

  test("takes the first of its sources that the certificate has, and a user name before any", async () => {
    const broker = await startEventGrid({
      clients: [
        { authenticationName: named.dns, validationScheme: "DnsMatchesAuthenticationName", permissionBindings: [] },
        { authenticationName: named.subject, permissionBindings: [] },
        { authenticationName: "device-1", permissionBindings: [] },
      ],
      authenticationNameSources: ["ClientCertificateDns", "ClientCertificateSubject"],
    });

    const both = await connectNamed(broker);
    const subjectOnly = await RawClient.connect(broker.address, { clientId: "d" }, await tlsOf(broker, "device-1"));
    const userName = await connectNamed(broker, named.subject);

    expect([both, subjectOnly, userName].map(({ connack }) => connack.reasonCode)).toEqual([0, 0, 0]);
    expect(broker.events.filter(({ kind }) => kind === "connect")).toMatchObject(
      [named.dns, "device-1", named.subject].map((authenticationName) => ({ authenticationName })),
    );
  });

  test("refuses a certificate that has none of the fields which hold names", async () => {
    const broker = await startEventGrid({ clients, authenticationNameSources: ["ClientCertificateUri"] });

    const { connack } = await RawClient.connect(broker.address, { clientId: "c" }, await tlsOf(broker, "device-1"));

    expect(connack.reasonCode).toBe(0x87);
  });

  describe("with ThumbprintMatch", () => {
    async function connectWith(certificate: CertificateAndKey, allowedThumbprints: readonly string[]) {
      const client = { authenticationName: "device-1", allowedThumbprints, permissionBindings: [] };
      const broker = await startEventGrid({ clients: [{ ...client, validationScheme: "ThumbprintMatch" }] });
      const tls = { ...broker.clientTls, ...certificate };
      const { connack } = await RawClient.connect(broker.address, { clientId: "c", username: "device-1" }, tls);
      return connack.reasonCode;
    }

    function thumbprintsOf({ certificate }: CertificateAndKey): { sha1: string; sha256: string } {
      const { fingerprint, fingerprint256 } = new X509Certificate(certificate);
      const [sha1, sha256] = [fingerprint, fingerprint256].map((text) => text.replaceAll(":", ""));
      return { sha1: sha1!, sha256: sha256! };
    }

    test("takes a self-signed certificate by either thumbprint, beside another one, whatever its subject", async () => {
      const own = await createSelfSignedCertificate("any name");
      const next = await createSelfSignedCertificate("any name");
      const { sha1, sha256 } = thumbprintsOf(own);

      expect(await connectWith(own, [sha1])).toBe(0);
      expect(await connectWith(own, [thumbprintsOf(next).sha256, sha256.toLowerCase()])).toBe(0);
    });

    test("refuses one with the right name and another thumbprint", async () => {
      const [own, other] = [
        await createSelfSignedCertificate("device-1"),
        await createSelfSignedCertificate("device-1"),
      ];

      expect(await connectWith(other, Object.values(thumbprintsOf(own)))).toBe(0x87);
      expect(await connectWith(own, [])).toBe(0x87);
    });

    test("refuses one that has expired", async () => {
      const own = await createSelfSignedCertificate("device-1", { notAfter: new Date(Date.now() - hourMs) });

      expect(await connectWith(own, Object.values(thumbprintsOf(own)))).toBe(0x87);
    });

    test("refuses a self-signed certificate where another scheme wants a CA", async () => {
      const broker = await startEventGrid({ clients });
      const tls = { ...broker.clientTls, ...(await createSelfSignedCertificate("device-1")) };

      const { connack } = await RawClient.connect(broker.address, { clientId: "c", username: "device-1" }, tls);

      expect(connack.reasonCode).toBe(0x87);
    });
  });

  test.each<[string, (ca: CertificateAuthority) => Promise<CertificateAndKey>]>([
    [
      "that the client CA did not sign",
      async () => (await createCertificateAuthority("someone else")).createClientCertificate("device-1"),
    ],
    ["that has expired", (ca) => ca.createClientCertificate("device-1", { notAfter: new Date(Date.now() - hourMs) })],
    [
      "that does not hold yet",
      (ca) => ca.createClientCertificate("device-1", { notBefore: new Date(Date.now() + hourMs) }),
    ],
  ])("refuses a certificate %s", async (_, createCertificate) => {
    const broker = await startEventGrid({ clients });

    const tls = { ...broker.clientTls, ...(await createCertificate(broker.certificateAuthority)) };
    const { connack } = await RawClient.connect(broker.address, { clientId: "c", username: "device-1" }, tls);

    expect(connack.reasonCode).toBe(0x87);
  });

  test("takes a certificate of an intermediate authority that the client shows along", async () => {
    const broker = await startEventGrid({ clients });
    const intermediate = await broker.certificateAuthority.createIntermediate("factory CA");
    const { certificate, key } = await intermediate.createClientCertificate("device-1");

    const tls = { ...broker.clientTls, certificate: certificate + intermediate.certificate, key };
    const { connack } = await RawClient.connect(broker.address, { clientId: "c", username: "device-1" }, tls);

    expect(connack.reasonCode).toBe(0);
  });

  test("may do what permission bindings say", async () => {
    const broker = await startEventGrid({ clients });
    const { client } = await RawClient.connect(
      broker.address,
      { clientId: "c", username: "device-1" },
      await tlsOf(broker, "device-1"),
    );

    client.publish("t", { qos: 1, messageId: 1 });
    const suback = await client.subscribe([{ topic: "t", qos: 1 }]);

    expect((await client.next("puback")).reasonCode).toBe(0x10);
    expect(suback.granted).toEqual([0x87]);
  });
});

test("names every topic space and template that is wrong when the profile is made", () => {
  const make = () =>
    createEventGridProfile({
      hostNames: [hostName],
      topicSpaces: [{ name: "a", topicTemplates: ["a/#/b"] }],
      roleAssignments: [{ principalId: principal, role: "publisher", topicSpace: "b" }],
    });

  expect(make).toThrow(
    'topic space "a": topic template "a/#/b" has "#" before the last level; ' +
      'topic space "b" does not exist; add it to topicSpaces',
  );
});
