import path from "node:path";

import type { MqttClient } from "mqtt";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint, type MqttSettingsInput } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const password = "correct horse";
const accessToken = "token-of-the-relay";
/** Several frames over WebSockets, of which mosquitto 2.0.11 sends 4096 bytes every 100 ms. */
const payloadBytes = 10_000;
/** A host name that only the relay's `--connect-to` resolves. */
const customHost = "broker.plant.example";

/** Each way to a broker; every one is used as a source and as a destination. */
const ways = {
  plain: { listener: "plain", user: undefined, what: "anonymous MQTT with TLS disabled" },
  tls: { listener: "tls", user: undefined, what: "MQTT over TLS" },
  certificate: { listener: "mutual", user: "relay", what: "MQTT over TLS with a client certificate" },
  "web-socket": { listener: "ws", user: undefined, what: "WebSockets with TLS disabled" },
  "secure-web-socket": { listener: "wss", user: undefined, what: "WebSockets over TLS" },
  path: { listener: "wss", user: undefined, what: "WebSockets over TLS with a path of their own" },
  password: { listener: "passwords", user: "plant", what: "a user name and a password" },
  token: { listener: "passwords", user: "token-user", what: "an access token" },
  custom: { listener: "tls", user: undefined, what: "a host of type CustomMqtt that is named in its certificate" },
} as const;
type Way = keyof typeof ways;
type Listener = (typeof ways)[Way]["listener"];

describeWithPart("mosquitto", (executable) => {
  let broker: Mosquitto<Listener>;
  let publisher: MqttClient;
  let arrivals: Collector;
  let relay: RelayProcess;

  beforeAll(async () => {
    const folder = createTemporaryFolder("transports");
    const authority = await createCertificateAuthority();
    broker = await startBroker(executable, path.join(folder, "broker"), authority);
    publisher = await connectMqttClient({ port: broker.ports.plain });
    arrivals = await collect("out/#", { port: broker.ports.plain });
    const client = await authority.createClientCertificate("relay");
    relay = await startRelay({
      folder,
      config: configOf(broker.ports),
      connectTo: [`${customHost}:8883=127.0.0.1:${broker.ports.tls}`],
      mounts: {
        configmaps: { "test-ca": { "ca.crt": authority.certificate } },
        secrets: {
          "client-certificate": { "tls.crt": client.certificate, "tls.key": client.key },
          // The line break is what an editor leaves; it is no part of the password.
          "user-name-and-password": { username: "plant", password: `${password}\n` },
          "access-token": { accessToken },
        },
      },
    });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  const names = Object.keys(ways) as Way[];
  test.each(names.map((name) => ({ name, ...ways[name] })))(
    "messages pass from and to a broker over $what",
    async ({ name, user }) => {
      const payload = "p".repeat(payloadBytes);

      await publisher.publishAsync(`in/${name}`, payload, { qos: 1 });
      const arrived = await arrivals.untilTopic(`out/${name}`);

      expect(arrived.payload === payload).toBe(true);
      for (const side of ["source", "destination"]) {
        const connection = broker.log.find((line) => line.includes(` as ${name}-0-${side} (p5`));
        expect(/u'(?<user>.*)'/.exec(connection ?? "")?.groups?.["user"]).toBe(user);
      }
    },
  );

  test("neither a password nor a token stands in the log", () => {
    const log = relay.process.lines.join("\n");

    expect(log).not.toContain(password);
    expect(log).not.toContain(accessToken);
  });

  test("a credential that is sent in clear text draws a warning", () => {
    const warnings = relay.log.filter(({ level }) => level === "warn").map(({ msg }) => msg);

    expect(warnings).toContainEqual(
      expect.stringMatching(/: endpoints\.password\.mqttSettings\.tls\.mode: .*clear text/),
    );
  });
});

async function startBroker(
  executable: string,
  folder: string,
  authority: CertificateAuthority,
): Promise<Mosquitto<Listener>> {
  const tls = { server: await authority.createServerCertificate(["127.0.0.1", customHost]) };
  return startMosquitto(executable, folder, {
    listeners: {
      plain: {},
      tls: { tls },
      mutual: { tls: { ...tls, clientAuthority: authority.certificate } },
      ws: { protocol: "websockets" },
      wss: { protocol: "websockets", tls },
      passwords: { passwords: { plant: password, "token-user": accessToken } },
    },
  });
}

function configOf(ports: Readonly<Record<Listener, number>>): RelayConfigInput {
  const trusted = { tls: { trustedCaCertificateConfigMapRef: "test-ca" } };
  const plain = (listener: Listener, settings?: MqttSettingsInput) => plainEndpoint(ports[listener], settings);
  const endpoints: Record<Way, EndpointInput> = {
    plain: plain("plain"),
    tls: plain("tls", trusted),
    certificate: plain("mutual", {
      ...trusted,
      authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "client-certificate" } },
    }),
    "web-socket": plain("ws", { protocol: "WebSockets" }),
    "secure-web-socket": plain("wss", { ...trusted, protocol: "WebSockets" }),
    path: plain("wss", { ...trusted, protocol: "WebSockets", host: `127.0.0.1:${ports.wss}/edge/mqtt` }),
    password: plain("passwords", {
      authentication: {
        method: "UsernamePassword",
        usernamePasswordSettings: { secretRef: "user-name-and-password" },
      },
    }),
    token: {
      ...plain("passwords", {
        authentication: { method: "AccessToken", accessTokenSettings: { secretRef: "access-token" } },
      }),
      relay: { username: "token-user" },
    },
    custom: { ...plain("tls", { ...trusted, host: `${customHost}:8883` }), hostType: "CustomMqtt" },
  };
  const dataflows = Object.keys(ways).map((name) => [
    name,
    buildDataflow([name, [`in/${name}`]], [name, `out/${name}`]),
  ]);
  return buildConfig({ endpoints, dataflows: Object.fromEntries(dataflows) as RelayConfigInput["dataflows"] });
}
