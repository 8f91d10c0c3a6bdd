import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { connectAsync } from "mqtt";

import type { Finding } from "../../cli/doctor/finding.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { cloudHost, startCloud, type Cloud, type CloudOptions } from "../support/cloud.ts";
import { runCommand, type CommandOptions } from "../support/command-process.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { findFreePort } from "../support/free-port.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint, type MqttSettingsInput } from "../support/relay-config.ts";
import { writeMounts } from "../support/relay-process.ts";
import { describeWithVolume, SmallVolume, unmountVolumes } from "../support/small-volume.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** Ten minutes. */
const wrongClockMs = 600_000;

interface Examined {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  /** `<about> <check> <cause>` of each that is wrong. */
  readonly wrong: readonly string[];
  readonly output: string;
}

/** Runs `doctor` on a configuration. */
async function examine(
  folder: string,
  config: RelayConfigInput,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Examined> {
  const file = path.join(folder, "relay.json");
  writeFileSync(file, JSON.stringify(config));
  const mounts = path.join(folder, "mounts");
  const { code, output } = await runCommand(
    ["doctor", "--config", file, "--mounts", mounts, "--json", ...args],
    options,
  );
  const { findings } = JSON.parse(output) as { findings: Finding[] };
  const wrong = findings.flatMap(({ about, check, cause }) =>
    cause === undefined ? [] : [`${about} ${check} ${cause}`],
  );
  return { code, findings, wrong, output };
}

/** What is other than usual of an endpoint in the cloud. */
interface CloudCase {
  readonly settings?: MqttSettingsInput;
  readonly relay?: RelayConfigInput["relay"];
  /** Scope that tokens are asked for. */
  readonly scope?: string;
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

function withScope(endpoint: EndpointInput, scope: string): EndpointInput {
  const { authentication } = endpoint.mqttSettings;
  if (authentication.method !== "UserAssignedManagedIdentity") throw new Error(authentication.method);
  const { userAssignedManagedIdentitySettings: settings } = authentication;
  const scoped = { ...authentication, userAssignedManagedIdentitySettings: { ...settings, scope } };
  return { ...endpoint, mqttSettings: { ...endpoint.mqttSettings, authentication: scoped } };
}

function findingOf({ findings }: Examined, cause: string): Finding {
  const found = findings.find((finding) => finding.cause === cause);
  if (found === undefined) throw new Error(`no finding ${cause}: ${JSON.stringify(findings, undefined, 1)}`);
  return found;
}

afterAll(cleanUp);

describe("doctor at Event Grid, emulated, names", () => {
  let cloud: Cloud | undefined;

  afterEach(async () => {
    await cloud?.close();
    cloud = undefined;
  });

  /** A site between a local broker that is not there and the cloud, whose way is examined alone. */
  async function examineCloud(
    options: CloudOptions & CloudCase = {},
    args: readonly string[] = [],
    more: CommandOptions & { before?: (cloud: Cloud) => Promise<void> | void; filters?: string[] } = {},
  ): Promise<Examined> {
    const { settings, relay, scope, secrets = {}, ...cloudOptions } = options;
    const { before, filters = ["plant/#"], ...commandOptions } = more;
    cloud = await startCloud(cloudOptions);
    await before?.(cloud);
    const folder = createTemporaryFolder("doctor");
    const { connectTo = [], env, trust } = cloud.relayOptions(folder);
    writeMounts(path.join(folder, "mounts"), { configmaps: trust, secrets });
    const endpoint = cloud.endpoint({ clientIdPrefix: "oslo-", retain: "Never", ...settings });
    const config = buildConfig({
      endpoints: { cloud: scope === undefined ? endpoint : withScope(endpoint, scope) },
      dataflows: {
        around: buildDataflow(["cloud", filters], ["cloud", "up/${inputTopic}"], {
          relay: { spool: { mode: "Disabled" } },
        }),
      },
      relay: { connectTimeoutSeconds: 5, ...relay },
    });
    const to = connectTo.flatMap((each) => ["--connect-to", each]);
    return examine(folder, config, [...to, ...args], { ...commandOptions, env: { ...env, ...commandOptions.env } });
  }

  test("nothing where all is well, and tells limits, claims and sessions", async () => {
    const examined = await examineCloud({}, ["--publish", "--messages-per-second", "50"]);

    expect(examined.wrong).toEqual([]);
    expect(examined.code).toBe(0);
    const texts = examined.findings.map(({ check, text }) => `${check}: ${text}`);
    expect(texts).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^credentials: token for https:\/\/eventgrid\.azure\.net, until 20/),
        expect.stringContaining(`server name (SNI) ${cloudHost}, chain ${cloudHost}`),
        expect.stringMatching(/^connack: accepts client oslo-doctor-cloud-0-status/),
        expect.stringMatching(/^limits: Receive Maximum 1000, Maximum QoS 1, packets of 524288 bytes at most/),
        "subscribe: the broker grants plant/# (around)",
        "publish: the broker takes up/plant/mqtt-dataflow-doctor (around)",
        expect.stringMatching(/^sessions: the relay holds 2 sessions .* has to be 2 or more$/),
        expect.stringMatching(/^clock: this machine's clock is [0-9] s .* Microsoft Entra's$/),
      ]),
    );
  });

  test("the right to publish as not tried, unless it is allowed", async () => {
    const examined = await examineCloud();
    const published = cloud?.broker.stats();

    expect(examined.findings.find(({ check }) => check === "publish")).toMatchObject({
      state: "unknown",
      text: expect.stringContaining("it would be to up/plant/mqtt-dataflow-doctor"),
    });
    expect(published).toMatchObject({ sessions: 0 });
    expect(examined.wrong).toEqual([]);
  });

  test("no secret: of a token its claims, and never the whole of it", async () => {
    const examined = await examineCloud();

    expect(examined.output).not.toMatch(/eyJ[\w-]{20,}/);
    expect(examined.output).toContain('"aud": "https://eventgrid.azure.net');
  });

  test("a wrong host", async () => {
    const examined = await examineCloud({ settings: { host: "nosuch.invalid:8883" } }, []);

    expect(examined.wrong).toEqual(["endpoint cloud dns host-not-found"]);
    expect(examined.code).toBe(1);
  });

  test("a wrong port", async () => {
    const examined = await examineCloud({ settings: { host: `127.0.0.1:${await findFreePort()}` } });

    expect(examined.wrong).toContain("endpoint cloud tcp port-closed");
  });

  test("a wrong audience, with the claims of the token and where Azure logs the refusal", async () => {
    const examined = await examineCloud({ scope: "https://storage.azure.com/.default" });

    expect(examined.wrong).toEqual([
      "endpoint cloud credentials wrong-audience",
      "endpoint cloud connack wrong-audience",
    ]);
    expect(examined.findings.filter(({ cause }) => cause === "wrong-audience")).toMatchObject([
      {
        text: expect.stringMatching(/^token for https:\/\/storage\.azure\.com/),
        remedy: 'ask for the audience "https://eventgrid.azure.net", which this broker takes',
      },
      {
        text: expect.stringContaining("0x87 Not authorized"),
        azure: expect.stringContaining("FailedMqttConnections"),
      },
    ]);
  });

  test("an expired client certificate", async () => {
    const authority = await createCertificateAuthority();
    const notAfter = new Date(Date.now() - 60_000);
    const { certificate, key } = await authority.createClientCertificate("relay", { notAfter });
    const examined = await examineCloud({
      settings: {
        authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
      },
      secrets: { device: { "tls.crt": certificate, "tls.key": key } },
    });

    expect(examined.wrong).toEqual(["endpoint cloud credentials certificate-expired"]);
    expect(findingOf(examined, "certificate-expired").remedy).toMatch(/^renew it/);
  });

  test("a missing role", async () => {
    const examined = await examineCloud({ roles: ["publisher"] });

    expect(examined.wrong).toEqual(["endpoint cloud subscribe missing-role"]);
    expect(findingOf(examined, "missing-role")).toMatchObject({
      text: "may not subscribe to plant/# (around): 0x87 Not authorized",
      remedy: expect.stringContaining('the role "EventGrid TopicSpaces Subscriber"'),
      azure: expect.stringContaining("FailedMqttSubscriptionOperations"),
    });
  });

  test("a missing role to publish", async () => {
    const examined = await examineCloud({ roles: ["subscriber"] }, ["--publish"]);

    expect(examined.wrong).toEqual(["endpoint cloud publish missing-role"]);
    expect(findingOf(examined, "missing-role").azure).toContain("FailedMqttPublishedMessages");
  });

  test("a topic outside the topic space, beside one that is within", async () => {
    const examined = await examineCloud({ topicTemplates: ["plant/+", "up/#"] }, [], {
      filters: ["plant/+", "weather/+"],
    });

    expect(examined.wrong).toEqual(["endpoint cloud subscribe topic-outside-topic-space"]);
    expect(findingOf(examined, "topic-outside-topic-space").text).toContain("weather/+");
  });

  test("a single topic outside the topic space, where a file tells the topic spaces", async () => {
    const file = path.join(createTemporaryFolder("doctor"), "spaces.json");
    writeFileSync(file, JSON.stringify([{ name: "all", topicTemplates: ["other/#"] }]));
    const examined = await examineCloud({ topicTemplates: ["other/#"] }, ["--topic-spaces", file]);

    expect(examined.wrong).toEqual(["endpoint cloud subscribe topic-outside-topic-space"]);
  });

  test("the session limit", async () => {
    const examined = await examineCloud({ maxSessions: 1 }, [], {
      before: async (own) => {
        const client = await connectAsync(`mqtts://127.0.0.1:${own.port}`, {
          protocolVersion: 5,
          servername: cloudHost,
          ca: own.authority.certificate,
          clientId: "other",
          properties: {
            sessionExpiryInterval: 3600,
            authenticationMethod: "OAUTH2-JWT",
            authenticationData: Buffer.from(await own.createToken()),
          },
        });
        await client.endAsync();
      },
    });

    expect(examined.wrong).toEqual(["endpoint cloud connack session-limit"]);
    expect(findingOf(examined, "session-limit").remedy).toContain("maximumClientSessionsPerAuthenticationName");
  });

  test("a Receive Maximum that is too small", async () => {
    const examined = await examineCloud({}, [], {
      before: ({ broker }) => {
        broker.faults.announce({ receiveMaximum: 10 });
      },
    });

    expect(examined.wrong).toEqual(["endpoint cloud limits receive-maximum"]);
    expect(findingOf(examined, "receive-maximum").text).toContain("takes 10 messages before it acknowledges one");
    expect(examined.code).toBe(0);
  });

  test("a proxy that is not there, and one that lets nothing through", async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const proxy = await startConnectProxy({ refuseWith: 403 });

    expect((await examineCloud({ relay: { proxy: { url } } })).wrong).toContain(
      "endpoint cloud proxy proxy-unreachable",
    );
    await cloud?.close();
    expect((await examineCloud({ relay: { proxy: { url: proxy.url } } })).wrong).toContain(
      "endpoint cloud proxy proxy-refused",
    );
    await proxy.close();
  });

  test("a load above what Event Grid delivers to a session", async () => {
    const examined = await examineCloud({}, ["--messages-per-second", "500"]);

    expect(examined.wrong).toEqual(["dataflow around load load-too-high"]);
  });

  test("a clock that is ahead by ten minutes", async () => {
    const examined = await examineCloud({}, [], { clockAheadMs: wrongClockMs });

    expect(examined.wrong).toEqual(["this machine clock clock-wrong"]);
    expect(findingOf(examined, "clock-wrong")).toMatchObject({
      state: "problem",
      text: expect.stringMatching(/^this machine's clock is (10 min [0-9]|9 min 5[0-9]) s ahead of Microsoft Entra's$/),
    });
  });

  test("a clock that is behind by ten minutes", async () => {
    const examined = await examineCloud({}, [], { clockAheadMs: -wrongClockMs });

    expect(examined.wrong).toContain("this machine clock clock-wrong");
    expect(findingOf(examined, "clock-wrong").text).toContain("behind");
  });
});

describeWithPart("mosquitto", (executable) => {
  /** A site with one broker, as its source and its destination. */
  async function examineMosquitto({
    settings = [],
    endpoint = {},
    args = [],
    options = {},
    spool = false,
  }: MosquittoCase = {}): Promise<Examined> {
    const folder = createTemporaryFolder("doctor");
    const broker = await startMosquitto(executable, path.join(folder, "broker"), { listeners: { mqtt: {} }, settings });
    const config = buildConfig({
      endpoints: { plant: plainEndpoint(broker.ports.mqtt, endpoint) },
      dataflows: {
        around: buildDataflow(["plant", ["a/+"]], ["plant", "b/${inputTopic.2}"], {
          relay: { spool: { mode: spool ? "Enabled" : "Disabled" } },
        }),
      },
      relay: { connectTimeoutSeconds: 5 },
    });
    const examined = await examine(folder, config, args, options);
    await broker.stop();
    return examined;
  }

  test("nothing is wrong with a good one", async () => {
    const examined = await examineMosquitto({ args: ["--publish"], settings: ["max_inflight_messages 100"] });

    expect(examined.wrong).toEqual([]);
    expect(examined.code).toBe(0);
  });

  test("the relay's own session is left alone, and none of doctor's stays", async () => {
    const folder = createTemporaryFolder("doctor");
    const broker = await startMosquitto(executable, path.join(folder, "broker"), { listeners: { mqtt: {} } });
    const relayOwn = await connectAsync(`mqtt://127.0.0.1:${broker.ports.mqtt}`, { clientId: "around-0-source" });
    let isClosed = false;
    relayOwn.once("close", () => (isClosed = true));
    const dataflows = { around: buildDataflow(["plant", ["a/+"]], ["plant", "b/x"]) };
    await examine(folder, buildConfig({ endpoints: { plant: plainEndpoint(broker.ports.mqtt) }, dataflows }), []);

    expect(isClosed).toBe(false);
    const log = broker.log.join("\n");
    expect(log).toMatch(/as doctor-plant-0-status/);
    expect(log).toMatch(/Client doctor-plant-0-status disconnected/);
    await relayOwn.endAsync();
    await broker.stop();
  });

  test("a wrong host and a wrong port are named", async () => {
    const port = await findFreePort();

    expect((await examineMosquitto({ endpoint: { host: "nosuch.invalid:1883" } })).wrong).toContain(
      "endpoint plant dns host-not-found",
    );
    expect((await examineMosquitto({ endpoint: { host: `127.0.0.1:${port}` } })).wrong).toContain(
      "endpoint plant tcp port-closed",
    );
  });

  test("an access control that lets nobody publish is named", async () => {
    const acl = path.join(createTemporaryFolder("doctor"), "acl");
    writeFileSync(acl, "topic read #\n");
    const examined = await examineMosquitto({
      args: ["--publish"],
      settings: ["per_listener_settings false", `acl_file ${acl}`],
    });

    expect(examined.wrong).toEqual(expect.arrayContaining(["endpoint plant publish access-denied"]));
    expect(findingOf(examined, "access-denied").text).toContain("b/mqtt-dataflow-doctor");
  });

  test("a Receive Maximum that is too small is named", async () => {
    const examined = await examineMosquitto({ settings: ["max_inflight_messages 3"] });

    expect(examined.wrong).toEqual(["endpoint plant limits receive-maximum"]);
  });

  test("a proxy that is not there is named", async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const folder = createTemporaryFolder("doctor");
    const config = buildConfig({
      endpoints: { plant: { ...plainEndpoint(1883), relay: { proxy: { url } } } },
      dataflows: { around: buildDataflow(["plant", ["a/+"]], ["plant", "b/x"]) },
    });

    expect((await examine(folder, config, [])).wrong).toContain("endpoint plant proxy proxy-unreachable");
  });

  test("a clock that is wrong by ten minutes is named, where a time server tells", async () => {
    const server = createSocket("udp4");
    server.on("message", (_packet, { port, address }) => {
      const answer = Buffer.alloc(48);
      answer[0] = 0x24;
      answer.writeUInt32BE(Math.floor(Date.now() / 1000) + 2_208_988_800, 40);
      server.send(answer, port, address);
    });
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
    const args = ["--time-server", `127.0.0.1:${server.address().port}`];
    const settings = ["max_inflight_messages 100"];

    const wrong = await examineMosquitto({ args, settings, options: { clockAheadMs: -wrongClockMs } });
    const right = await examineMosquitto({ args, settings });
    server.close();

    expect(wrong.wrong).toEqual(["this machine clock clock-wrong"]);
    expect(findingOf(wrong, "clock-wrong").text).toMatch(/behind that of 127\.0\.0\.1:[0-9]+$/);
    expect(right.wrong).toEqual([]);
  });

  test("a folder of the spool that is not there is named", async () => {
    const examined = await examineMosquitto({ spool: true, args: ["--spool", "/nowhere/spool"] });

    expect(examined.wrong).toContain("this machine disk disk-unusable");
  });

  describeWithVolume("a volume", () => {
    afterEach(unmountVolumes);

    test("that is full is named", async () => {
      const volume = SmallVolume.mount(4 * 1024 * 1024);
      volume.fill();
      const examined = await examineMosquitto({ spool: true, args: ["--spool", volume.folder] });

      expect(examined.wrong).toContain("this machine disk disk-full");
    });

    test("that is smaller than the queues may become is named", async () => {
      const volume = SmallVolume.mount(64 * 1024 * 1024);
      const examined = await examineMosquitto({ spool: true, args: ["--spool", volume.folder] });

      expect(examined.wrong).toContain("this machine disk disk-too-small");
    });
  });
});

/** What is other than usual at the one mosquitto of a site. */
interface MosquittoCase {
  readonly settings?: readonly string[];
  readonly endpoint?: MqttSettingsInput;
  readonly args?: readonly string[];
  readonly options?: CommandOptions;
  readonly spool?: boolean;
}
