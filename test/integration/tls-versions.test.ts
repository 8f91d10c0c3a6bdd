import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  test("a relay trusts what the system trusts, where no ConfigMap says which CA", async () => {
    const folder = createTemporaryFolder("system-roots");
    const authority = await createCertificateAuthority("plant CA");
    const broker = await startMosquitto(executable, path.join(folder, "broker"), {
      listeners: { secured: { tls: { server: await authority.createServerCertificate(["127.0.0.1"]) } } },
    });
    const roots = path.join(folder, "roots.pem");
    writeFileSync(roots, authority.certificate);
    const start = (env: Readonly<Record<string, string>>) =>
      startRelay({
        folder,
        config: buildConfig({
          endpoints: { edge: plainEndpoint(broker.ports.secured, { tls: { mode: "Enabled" } }) },
          dataflows: { telemetry: buildDataflow(["edge", ["in"]], ["edge", "out"]) },
        }),
        env,
      });

    await (await start({ SSL_CERT_FILE: roots })).untilReady();
    await (await start({})).untilUnready(/which is none of the system's roots/);
  });

  test.each([
    ["TLSv1.2", "mqtt"],
    ["TLSv1.3", "mqtt"],
    ["TLSv1.2", "websockets"],
    ["TLSv1.3", "websockets"],
  ] as const)("messages pass with a client certificate over %s and %s", async (version, protocol) => {
    const folder = createTemporaryFolder("tls-versions");
    const authority = await createCertificateAuthority("plant CA");
    const server = await authority.createServerCertificate(["127.0.0.1"]);
    const { certificate, key } = await authority.createClientCertificate("relay");
    const secured = { server, clientAuthority: authority.certificate };
    const broker = await startMosquitto(executable, path.join(folder, "broker"), {
      listeners: { secured: { protocol, tls: secured }, plain: {} },
      env: { OPENSSL_CONF: writeOpenSslConfig(folder, version) },
    });
    expect(await protocolOf(broker.ports.secured, { ca: authority.certificate, cert: certificate, key })).toBe(version);

    const relay = await startRelay({
      folder,
      config: buildConfig({
        endpoints: {
          edge: {
            endpointType: "Mqtt",
            mqttSettings: {
              host: `127.0.0.1:${broker.ports.secured}`,
              protocol: protocol === "mqtt" ? "Mqtt" : "WebSockets",
              tls: { trustedCaCertificateConfigMapRef: "trust" },
              authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
            },
          },
        },
        dataflows: { telemetry: buildDataflow(["edge", ["in"]], ["edge", "out"]) },
      }),
      mounts: {
        configmaps: { trust: { "ca.crt": authority.certificate } },
        secrets: {
          device: { "client_cert.pem": certificate, "client_key.pem": key, "client_intermediate_certs.pem": "" },
        },
      },
    });
    await relay.untilReady();
    const arrivals = await collect("out", { port: broker.ports.plain });
    const publisher = await connectMqttClient({ port: broker.ports.plain });
    await publisher.publishAsync("in", "1", { qos: 1 });

    expect((await arrivals.untilTopic("out")).payload).toBe("1");
    expect(
      await relay.metric("relay_credential_expiry_timestamp_seconds", { kind: "client_certificate" }),
    ).toBeGreaterThan(Date.now() / 1000);
  });
});

/** Mosquitto's own setting is a least version; OpenSSL's is a most too. */
function writeOpenSslConfig(folder: string, version: string): string {
  const file = path.join(folder, "openssl.cnf");
  const section = [`MinProtocol = ${version}`, `MaxProtocol = ${version}`].join("\n");
  const sections = `[top]\nssl_conf = ssl\n[ssl]\nsystem_default = versions\n[versions]\n${section}\n`;
  writeFileSync(file, `openssl_conf = top\n${sections}`);
  return file;
}

async function protocolOf(port: number, material: { ca: string; cert: string; key: string }): Promise<string | null> {
  const socket = tls.connect({ host: "127.0.0.1", port, ...material });
  await once(socket, "secureConnect");
  const protocol = socket.getProtocol();
  socket.destroy();
  return protocol;
}
