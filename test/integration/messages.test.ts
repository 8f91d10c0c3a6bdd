import { writeFileSync } from "node:fs";
import path from "node:path";

import {
  createCertificateAuthority,
  type CertificateAndKey,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import { cleanUp } from "../support/integration.ts";
import {
  publishWithMosquitto,
  subscribeWithMosquitto,
  type ClientTarget,
  type MosquittoSubscriber,
} from "../support/mosquitto-clients.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow } from "../support/relay-config.ts";
import { startRelay, type Mounts } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { RawClient, type ClientTls } from "../emulator/support/raw-client.ts";

const host = "127.0.0.1";

describeWithPart("mosquitto_pub", () => {
  describeWithPart("mosquitto", declareTests);
});

function declareTests(executable: string): void {
  let authority: CertificateAuthority;
  let tester: CertificateAndKey;
  let source: Mosquitto<"mqtt">;
  let destination: Mosquitto<"mqtt">;
  let atSource: ClientTarget;
  let atDestination: ClientTarget;
  let arrivals: MosquittoSubscriber;

  beforeAll(async () => {
    const folder = createTemporaryFolder("messages");
    authority = await createCertificateAuthority();
    tester = await authority.createClientCertificate("tester");
    const listener = {
      tls: { server: await authority.createServerCertificate([host]), clientAuthority: authority.certificate },
    };
    source = await startMosquitto(executable, path.join(folder, "source"), { listeners: { mqtt: listener } });
    destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners: { mqtt: listener } });
    const tls = writeClientFiles(folder, authority.certificate, tester);
    atSource = { broker: source, port: source.ports.mqtt, tls };
    atDestination = { broker: destination, port: destination.ports.mqtt, tls };
    arrivals = await subscribeWithMosquitto(atDestination, "#");
    await publishWithMosquitto(atSource, { topic: "keep/early", payload: "before the relay", retain: true });
    await publishWithMosquitto(atSource, { topic: "never/early", payload: "before the relay", retain: true });
    const relay = await startRelay({
      folder,
      config: configOf(source, destination),
      mounts: await issueMounts(authority),
    });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  describe("client certificates", () => {
    test.each([
      ["source", "AIO's keys and an intermediate certificate", "keep-0-source", "relay with intermediate"],
      ["destination", "the keys of a kubernetes.io/tls Secret", "keep-0-destination", "relay"],
      ["source", "the keys of a kubernetes.io/tls Secret", "never-0-source", "relay"],
      ["destination", "AIO's keys and an intermediate certificate", "never-0-destination", "relay with intermediate"],
    ])("the %s knows the relay by its certificate, mounted with %s", (side, _layout, clientId, user) => {
      const broker = side === "source" ? source : destination;

      const connection = broker.log.find((line) => line.includes(` as ${clientId} (`));

      expect(connection).toContain(`u'${user}'`);
    });
  });

  describe("payloads", () => {
    test.each<[string, Buffer]>([
      ["text", Buffer.from("21.5 °C")],
      ["every byte value", Buffer.from(Array.from({ length: 256 }, (_, value) => value))],
      ["no bytes", Buffer.alloc(0)],
      ["200 KB", Buffer.alloc(200_000, "0123456789abcdef-")],
    ])("a payload of %s arrives as it was published", async (name, payload) => {
      const topic = `keep/payload/${name}`;

      await publishWithMosquitto(atSource, { topic, payload });
      const arrived = await arrivals.untilMessage(topic);

      expect(arrived.payload.equals(payload)).toBe(true);
      expect(arrived.qos).toBe(1);
      expect(arrived.properties).toEqual({});
    });
  });

  describe("properties", () => {
    test("content type, response topic, correlation data, payload format indicator and user properties arrive as published", async () => {
      await publishWithMosquitto(atSource, {
        topic: "keep/properties",
        payload: "x",
        properties: [
          ["content-type", "application/json"],
          ["response-topic", "answers/here"],
          ["correlation-data", "request 7"],
          ["payload-format-indicator", "1"],
          ["user-property", "unit", "°C"],
          ["user-property", "line", "4"],
          ["user-property", "unit", "K"],
        ],
      });
      const arrived = await arrivals.untilMessage("keep/properties");

      expect(arrived.properties).toMatchObject({
        "content-type": "application/json",
        "response-topic": "answers/here",
        "correlation-data": "request 7",
        "payload-format-indicator": 1,
      });
      expect(arrived.userPropertiesText).toBe('{"unit":"°C","line":"4","unit":"K"}');
    });

    test("a repeated user property arrives with each of its values, in order", async () => {
      const client = await connectMqttClient({ port: atSource.port, connect: mqttTls(authority, tester) });
      const collector = await collect("keep/repeated", {
        port: atDestination.port,
        connect: mqttTls(authority, tester),
      });

      await client.publishAsync("keep/repeated", "x", {
        qos: 1,
        properties: { userProperties: { tag: ["first", "second", "first"], other: "one" } },
      });
      const { packet } = await collector.untilTopic("keep/repeated");

      expect({ ...packet.properties?.userProperties }).toEqual({ tag: ["first", "second", "first"], other: "one" });
    });

    test("a message arrives byte for byte as the source's broker hands it to its own subscribers", async () => {
      const nearSource = await subscribeRaw(source.ports.mqtt, "near-source", authority, tester);
      const nearDestination = await subscribeRaw(destination.ports.mqtt, "near-destination", authority, tester);

      await publishWithMosquitto(atSource, {
        topic: "keep/bytes",
        payload: Buffer.from([0, 255, 10, 128]),
        properties: [
          ["content-type", "application/octet-stream"],
          ["correlation-data", "\u{1f600}"],
          ["user-property", "b", "1"],
          ["user-property", "a", "2"],
          ["user-property", "b", ""],
          ["user-property", "", "3"],
        ],
      });
      const expected = await nearSource.nextRaw("publish");
      const arrived = await nearDestination.nextRaw("publish");

      expect(arrived.bytes.toString("hex")).toBe(expected.bytes.toString("hex"));
    });

    test("a message expiry interval arrives, and no longer than it was", async () => {
      await publishWithMosquitto(atSource, {
        topic: "keep/expiring",
        payload: "x",
        properties: [["message-expiry-interval", "600"]],
      });
      const { properties } = await arrivals.untilMessage("keep/expiring");

      expect(properties["message-expiry-interval"]).toBeLessThanOrEqual(600);
      expect(properties["message-expiry-interval"]).toBeGreaterThan(500);
    });
  });

  describe("the retain flag", () => {
    test("with retain Keep a message published while the relay runs is retained at the destination", async () => {
      await publishWithMosquitto(atSource, { topic: "keep/late", payload: "x", retain: true });
      await arrivals.untilMessage("keep/late");

      const later = await subscribeWithMosquitto(atDestination, "keep/late");

      expect(await later.untilMessage("keep/late")).toMatchObject({ retain: 1 });
    });

    test("with retain Keep a message retained before the relay came is retained at the destination", async () => {
      await arrivals.untilMessage("keep/early");

      const later = await subscribeWithMosquitto(atDestination, "keep/early");

      expect(await later.untilMessage("keep/early")).toMatchObject({ retain: 1 });
    });

    test("with retain Never a message published while the relay runs is not retained at the destination", async () => {
      await publishWithMosquitto(atSource, { topic: "never/late", payload: "x", retain: true });
      await arrivals.untilMessage("never/late");

      expect(await firstOfLaterSubscriber("never/late")).toBe("sent to the later subscriber");
    });

    test("with retain Never a message retained before the relay came arrives, and is not retained there", async () => {
      await arrivals.untilMessage("never/early");

      expect(await firstOfLaterSubscriber("never/early")).toBe("sent to the later subscriber");
    });

    test("with retain Keep an empty retained message removes the retained message of the destination", async () => {
      const topic = "keep/removed";
      await publishWithMosquitto(atSource, { topic, payload: "stale", retain: true });
      await publishWithMosquitto(atSource, { topic, retain: true });
      await publishWithMosquitto(atSource, { topic: "keep/removed/marker", payload: "x" });
      await arrivals.untilMessage("keep/removed/marker");

      expect(await firstOfLaterSubscriber(topic)).toBe("sent to the later subscriber");
    });

    /** Subscribes anew at the destination: a retained message would be there before the one that is then sent. */
    async function firstOfLaterSubscriber(topic: string): Promise<string> {
      const later = await subscribeWithMosquitto(atDestination, topic);
      await publishWithMosquitto(atDestination, { topic, payload: "sent to the later subscriber" });
      return (await later.untilMessage(topic)).payload.toString();
    }
  });
}

function configOf(source: Mosquitto<"mqtt">, destination: Mosquitto<"mqtt">) {
  const endpoint = (broker: Mosquitto<"mqtt">, secretRef: string, retain: "Keep" | "Never") => ({
    endpointType: "Mqtt" as const,
    mqttSettings: {
      host: `${host}:${broker.ports.mqtt}`,
      authentication: { method: "X509Certificate" as const, x509CertificateSettings: { secretRef } },
      tls: { trustedCaCertificateConfigMapRef: "test-ca" },
      retain,
    },
  });
  return buildConfig({
    endpoints: {
      "source-aio-keys": endpoint(source, "aio-keys", "Keep"),
      "source-tls-keys": endpoint(source, "tls-keys", "Keep"),
      "destination-keep": endpoint(destination, "tls-keys", "Keep"),
      "destination-never": endpoint(destination, "aio-keys", "Never"),
    },
    dataflows: {
      keep: buildDataflow(["source-aio-keys", ["keep/#"]], ["destination-keep", "${inputTopic}"]),
      never: buildDataflow(["source-tls-keys", ["never/#"]], ["destination-never", "${inputTopic}"]),
    },
  });
}

async function issueMounts(authority: CertificateAuthority): Promise<Mounts> {
  const intermediate = await authority.createIntermediate("integration test intermediate");
  const aio = await intermediate.createClientCertificate("relay with intermediate");
  const plain = await authority.createClientCertificate("relay");
  return {
    configmaps: { "test-ca": { "root_ca.crt": authority.certificate } },
    secrets: {
      "aio-keys": {
        "client_cert.pem": aio.certificate,
        "client_key.pem": aio.key,
        "client_intermediate_certs.pem": intermediate.certificate,
      },
      "tls-keys": { "tls.crt": plain.certificate, "tls.key": plain.key },
    },
  };
}

function writeClientFiles(
  folder: string,
  ca: string,
  { certificate, key }: CertificateAndKey,
): NonNullable<ClientTarget["tls"]> {
  const write = (name: string, content: string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  return { ca: write("ca.pem", ca), cert: write("tester.pem", certificate), key: write("tester.key", key) };
}

function mqttTls({ certificate: ca }: CertificateAuthority, { certificate: cert, key }: CertificateAndKey) {
  return { protocol: "mqtts", ca, cert, key } as const;
}

async function subscribeRaw(
  port: number,
  clientId: string,
  { certificate: ca }: CertificateAuthority,
  { certificate, key }: CertificateAndKey,
): Promise<RawClient> {
  const tls: ClientTls = { ca, certificate, key };
  const { client } = await RawClient.connect({ transport: "tcp", isTls: true, host, port, url: "" }, { clientId }, tls);
  await client.subscribe([{ topic: "keep/bytes", qos: 1 }]);
  return client;
}
