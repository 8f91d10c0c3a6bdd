import { writeFileSync } from "node:fs";
import path from "node:path";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import {
  createCertificateAuthority,
  type CertificateAndKey,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import { findFreePort } from "../support/free-port.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint, type MqttSettingsInput } from "../support/relay-config.ts";
import { startRelay, writeMounts, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

type Listener = "mutual" | "plain" | "passwords" | "otherName";

const refusedPassword = "tr0ub4dor";
/** With TLS 1.3 the connection ends after the handshake: sometimes the alert is read, sometimes only the reset. */
const reset = "before CONNACK; see the broker's log: it may refuse the client certificate";

/** What is wrong with the source of a dataflow, and what the relay says about it. */
const refusals = {
  "wrong-ca": {
    what: "a broker whose CA the relay doesn't trust",
    reason: /comes from the CA "mqtt-dataflow emulator CA", and only "foreign root" is trusted/,
  },
  "no-ca": { what: "a trusted CA that is not mounted", reason: /no-such-config-map has no files; mount the ConfigMap/ },
  "other-name": {
    what: "a certificate for another host name",
    reason: /is for "another.example"[^;]*, and not for "127.0.0.1"; correct host/,
  },
  "foreign-client": {
    what: "a client certificate of a foreign CA",
    reason: new RegExp(`its CA is not known there; register|${reset}`),
  },
  "no-client": {
    what: "no client certificate where the broker requires one",
    reason: new RegExp(`demands a client certificate; set|${reset}`),
  },
  "no-secret": {
    what: "a client certificate that is not mounted",
    reason: /Secret "no-such-secret" has no client cert/,
  },
  "wrong-password": { what: "a wrong password", reason: /refused the connection: 0x87 Not authorized/ },
  "not-anonymous": {
    what: "a broker that is not open to everybody",
    reason: /refused the connection: 0x87 Not author/,
  },
  "nobody-there": { what: "a port that nobody listens on", reason: /can't be reached: connect ECONNREFUSED/ },
  "plain-to-tls": { what: "a broker that speaks TLS, addressed without", reason: /before CONNACK; .* or want TLS/ },
  "tls-to-plain": {
    what: "a broker without TLS, addressed with",
    reason: /can't be reached: the connection was closed during the TLS handshake; /,
  },
} as const;
type Refusal = keyof typeof refusals;

describe("a configuration that is wrong", () => {
  let relay: RelayProcess;

  beforeAll(async () => {
    const config = {
      endpoints: {
        source: { endpointType: "Mqtt", mqttSettings: { host: "no-port", authentication: { method: "Anonymous" } } },
        destination: { endpointType: "Mqtt", mqttSettings: { authentication: { method: "Token" }, keepAlive: 5 } },
      },
      dataflows: { telemetry: buildDataflow(["sorce", ["a/#/b"]], ["destination", "${topic}"]) },
    };
    const folder = createTemporaryFolder("refusals");
    relay = await startRelay({ folder, config: JSON.stringify(config) });
  });

  afterAll(cleanUp);

  test("ends the process with 2", async () => {
    expect(await relay.ended).toEqual({ code: 2, signal: null });
  });

  test.each([
    'endpoints.source.mqttSettings.host: is "no-port"',
    "endpoints.destination.mqttSettings.authentication.method:",
    "endpoints.destination.mqttSettings.keepAlive:",
    'dataflows.telemetry.operations[0].sourceSettings.endpointRef: names the endpoint "sorce"',
    'dataflows.telemetry.operations[0].sourceSettings.dataSources[0]: "a/#/b"',
    "dataflows.telemetry.operations[1].destinationSettings.dataDestination:",
  ])("is reported on standard error with all its problems, %s among them", async (problem) => {
    await relay.ended;

    expect(
      relay.process.errorLines.filter((line) => line.replace(/^ {2}\S+:\d+:\d+: /, "").startsWith(problem)),
    ).toHaveLength(1);
  });

  test("is reported without a stack trace, and nowhere else", async () => {
    await relay.ended;

    expect(relay.process.lines.filter((line) => /^\s+at /.test(line))).toEqual([]);
    expect(relay.process.lines).toEqual(relay.process.errorLines);
  });
});

describeWithPart("mosquitto", (executable) => {
  let broker: Mosquitto<Listener>;
  let relay: RelayProcess;
  let authority: CertificateAuthority;
  let foreign: CertificateAndKey;
  let mountFolder: string;

  beforeAll(async () => {
    const folder = createTemporaryFolder("refusals");
    mountFolder = path.join(folder, "mounts");
    authority = await createCertificateAuthority();
    const foreignAuthority = await createCertificateAuthority("foreign root");
    foreign = await foreignAuthority.createClientCertificate("relay");
    broker = await startBroker(executable, path.join(folder, "broker"), authority);
    relay = await startRelay({
      folder,
      config: configOf(broker.ports, await findFreePort()),
      mounts: {
        configmaps: {
          "test-ca": { "ca.crt": authority.certificate },
          "foreign-ca": { "ca.crt": foreignAuthority.certificate },
        },
        secrets: {
          "foreign-client": { "tls.crt": foreign.certificate, "tls.key": foreign.key },
          "wrong-password": { username: "plant", password: refusedPassword },
        },
      },
    });
    await relay.untilLog(
      ({ msg, dataflow, side }) => msg === "connected" && dataflow === "healthy" && side === "source",
    );
  });

  afterAll(cleanUp);

  const names = Object.keys(refusals) as Refusal[];
  test.each(names.map((name) => ({ name, ...refusals[name] })))(
    "$what is the reason in the log, and /readyz says it with 503",
    async ({ name, reason }) => {
      const answer = await relay.untilUnready(new RegExp(`^${name}: source is down, .*${reason.source}`, "m"));
      const line = await relay.untilLog(
        ({ msg, dataflow }) => msg === "could not connect, will retry" && dataflow === name,
      );

      expect(line).toMatchObject({
        level: "warn",
        side: "source",
        endpoint: name,
        reason: expect.stringMatching(reason),
      });
      expect(answer).not.toMatch(/^healthy: /m);
    },
  );

  test("a password that is refused does not stand in the log", () => {
    expect(relay.process.lines.join("\n")).not.toContain(refusedPassword);
  });

  test("a CA and a client certificate that are corrected in place are taken without a restart", async () => {
    const client = await authority.createClientCertificate("relay");
    writeFileSync(path.join(mountFolder, "configmaps/foreign-ca/ca.crt"), authority.certificate);
    writeMounts(mountFolder, {
      secrets: { "foreign-client": { "tls.crt": client.certificate, "tls.key": client.key } },
    });

    for (const dataflow of ["wrong-ca", "foreign-client"]) {
      const line = await relay.untilLog((entry) => entry.msg === "connected" && entry["endpoint"] === dataflow);
      expect(line).toMatchObject({ dataflow, side: "source" });
    }
  });
});

async function startBroker(
  executable: string,
  folder: string,
  authority: CertificateAuthority,
): Promise<Mosquitto<Listener>> {
  const server = await authority.createServerCertificate(["127.0.0.1"]);
  return startMosquitto(executable, folder, {
    listeners: {
      mutual: { tls: { server, clientAuthority: authority.certificate } },
      otherName: { tls: { server: await authority.createServerCertificate(["another.example"]) } },
      passwords: { passwords: { plant: "the right word" } },
      plain: {},
    },
  });
}

function configOf(ports: Readonly<Record<Listener, number>>, unusedPort: number): RelayConfigInput {
  const trusting = (ref: string): MqttSettingsInput => ({ tls: { trustedCaCertificateConfigMapRef: ref } });
  const certificate = (secretRef: string): MqttSettingsInput => ({
    authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef } },
  });
  const endpoints: Record<Refusal, EndpointInput> = {
    "wrong-ca": plainEndpoint(ports.mutual, { ...trusting("foreign-ca"), ...certificate("foreign-client") }),
    "no-ca": plainEndpoint(ports.mutual, trusting("no-such-config-map")),
    "other-name": plainEndpoint(ports.otherName, trusting("test-ca")),
    "foreign-client": plainEndpoint(ports.mutual, { ...trusting("test-ca"), ...certificate("foreign-client") }),
    "no-client": plainEndpoint(ports.mutual, trusting("test-ca")),
    "no-secret": plainEndpoint(ports.mutual, { ...trusting("test-ca"), ...certificate("no-such-secret") }),
    "wrong-password": plainEndpoint(ports.passwords, {
      authentication: { method: "UsernamePassword", usernamePasswordSettings: { secretRef: "wrong-password" } },
    }),
    "not-anonymous": plainEndpoint(ports.passwords),
    "nobody-there": plainEndpoint(unusedPort),
    "plain-to-tls": plainEndpoint(ports.mutual),
    "tls-to-plain": plainEndpoint(ports.plain, trusting("test-ca")),
  };
  const healthy = buildDataflow(["destination", ["healthy/#"]], ["destination", "well"]);
  const refused = Object.keys(refusals).map((name) => [name, buildDataflow([name, ["#"]], ["destination", "out"])]);
  return buildConfig({
    endpoints: { ...endpoints, destination: plainEndpoint(ports.plain) },
    dataflows: { healthy, ...(Object.fromEntries(refused) as RelayConfigInput["dataflows"]) },
    relay: { connectTimeoutSeconds: 5, reconnect: { minDelayMs: 100, maxDelayMs: 500 } },
  });
}
