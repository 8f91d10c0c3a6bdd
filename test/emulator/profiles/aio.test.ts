import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import type { AioProfileOptions } from "../../../emulator/profiles/aio.ts";
import { RawClient } from "../support/raw-client.ts";
import { closeBrokers, startBroker } from "../support/test-broker.ts";

afterEach(closeBrokers);

function startAio(options: AioProfileOptions) {
  return startBroker({ profile: createAioProfile(options) });
}

async function connackOf(options: AioProfileOptions, connect: Parameters<typeof RawClient.connect>[1]) {
  const broker = await startAio(options);
  return (await RawClient.connect(broker.address, connect)).connack;
}

const who = { namespace: "factory", serviceAccount: "relay" };

test("takes a service account token for its audience, and names the client by it", async () => {
  const issuer = await createClusterIssuer();
  const broker = await startAio({ keySet: issuer.keySet, issuer: issuer.issuer });
  const authenticationData = Buffer.from(await issuer.createToken({ ...who, audiences: ["aio-internal"] }));

  const properties = { authenticationMethod: "K8S-SAT", authenticationData };
  await RawClient.connect(broker.address, { clientId: "c", properties });

  const authenticationName = "system:serviceaccount:factory:relay";
  expect(await broker.until("connect")).toMatchObject({ authenticationName, method: "K8S-SAT" });
});

test.each([
  ["another audience", { audiences: ["other"] }, 0x87],
  ["an expired token", { audiences: ["aio-internal"], expirySeconds: -1 }, 0x87],
  ["the second of several audiences", { audiences: ["other", "aio-internal"] }, 0],
])("with %s", async (_, token, reasonCode) => {
  const issuer = await createClusterIssuer();
  const authenticationData = Buffer.from(await issuer.createToken({ ...who, ...token }));
  const properties = { authenticationMethod: "K8S-SAT", authenticationData };

  const connack = await connackOf({ keySet: issuer.keySet }, { clientId: "c", properties });

  expect(connack.reasonCode).toBe(reasonCode);
});

test("refuses a token of another cluster", async () => {
  const [issuer, other] = [await createClusterIssuer(), await createClusterIssuer()];
  const authenticationData = Buffer.from(await other.createToken({ ...who, audiences: ["aio-internal"] }));
  const properties = { authenticationMethod: "K8S-SAT", authenticationData };

  expect((await connackOf({ keySet: issuer.keySet }, { clientId: "c", properties })).reasonCode).toBe(0x87);
});

test("takes anonymous clients only when it is told to", async () => {
  expect((await connackOf({}, { clientId: "c" })).reasonCode).toBe(0x87);
  expect((await connackOf({ isAnonymousAllowed: true }, { clientId: "c" })).reasonCode).toBe(0);
});

test.each([
  ["right", "secret", 0],
  ["wrong", "other", 0x86],
])("takes a user name only with its password: %s", async (_, password, reasonCode) => {
  const connect = { clientId: "c", username: "line-1", password: Buffer.from(password) };

  expect((await connackOf({ passwords: { "line-1": "secret" } }, connect)).reasonCode).toBe(reasonCode);
});

test("takes client certificates of its client CA", async () => {
  const ca = await createCertificateAuthority();
  const { certificate, key } = await ca.createServerCertificate(["localhost"]);
  const tls = { certificate, key, clientCa: ca.certificate };
  const profile = createAioProfile({ isX509Allowed: true });
  const broker = await startBroker({ profile, listeners: [{ transport: "tcp", tls }] });

  const { connack } = await RawClient.connect(
    broker.address,
    { clientId: "c" },
    { ca: ca.certificate, serverName: "localhost", ...(await ca.createClientCertificate("device-1")) },
  );

  expect(connack.reasonCode).toBe(0);
  expect(await broker.until("connect")).toMatchObject({ authenticationName: "device-1", method: "X509" });
});

test("rule: topic aliases and subscription identifiers are not supported", async () => {
  const { properties } = await connackOf({ isAnonymousAllowed: true }, { clientId: "c" });

  expect(properties?.topicAliasMaximum).toBeUndefined();
  expect(properties?.subscriptionIdentifiersAvailable).toBe(false);
});

test("rule: QoS 2 is not supported", async () => {
  expect((await connackOf({ isAnonymousAllowed: true }, { clientId: "c" })).properties?.maximumQoS).toBe(1);
});

test("rule: session expiry, keep alive and Receive Maximum have the limits of the deployment", async () => {
  const limits = { maxSessionExpirySeconds: 100, maxKeepAliveSeconds: 30, maxReceiveMaximum: 1 };
  const broker = await startAio({ isAnonymousAllowed: true, ...limits });
  const properties = { sessionExpiryInterval: 200, receiveMaximum: 10 };
  const { client, connack } = await RawClient.connect(broker.address, { clientId: "c", keepalive: 60, properties });
  await client.subscribe([{ topic: "t", qos: 1 }]);

  for (const messageId of [1, 2]) client.publish("t", { qos: 1, messageId });
  await client.settle();

  expect(connack.properties).toMatchObject({ sessionExpiryInterval: 100, serverKeepAlive: 30 });
  expect(client.count("publish")).toBe(1);
});

test("queues without a limit", async () => {
  const broker = await startAio({ isAnonymousAllowed: true });
  const session = { clientId: "sub", clean: false, properties: { sessionExpiryInterval: 100 } };
  const { client } = await RawClient.connect(broker.address, session);
  await client.subscribe([{ topic: "t", qos: 1 }]);
  await client.end();

  const { client: publisher } = await RawClient.connect(broker.address, { clientId: "pub" });
  for (let messageId = 1; messageId <= 2000; messageId += 1) publisher.publish("t", { qos: 1, messageId });
  await publisher.settle();

  expect(broker.stats()).toMatchObject({ queued: 2000, overflowed: 0 });
});
