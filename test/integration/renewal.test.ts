import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { createClusterIssuer, type ClusterIssuer } from "../../emulator/identity/cluster-issuer.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { createLog } from "../../runtime/report/log.ts";
import { Relay } from "../../runtime/relay.ts";
import { connectMqttClient, endMqttClients, collect } from "../support/mqtt-clients.ts";
import { swapFiles } from "../support/mounted-files.ts";
import { untilTrue, untilTrueAfter } from "../support/patience.ts";
import { runRenewals } from "../support/renewal-run.ts";
import { stopProcesses } from "../support/started-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const stage: { relay?: Relay; running?: Promise<boolean>; brokers: Broker[] } = { brokers: [] };

afterEach(async () => {
  await stage.relay?.stop();
  await stage.running;
  await endMqttClients();
  for (const broker of stage.brokers.splice(0)) await broker.close();
});

afterAll(async () => {
  await stopProcesses();
  removeTemporaryFolders();
});

function startRelay(
  endpoints: Record<string, object>,
  mountPath: string,
  flows: Readonly<Record<string, readonly object[]>>,
): string[] {
  const document = {
    endpoints,
    dataflows: Object.fromEntries(Object.entries(flows).map(([name, operations]) => [name, { operations }])),
    relay: { connectTimeoutSeconds: 5, reconnect: { minDelayMs: 20, maxDelayMs: 200 } },
  };
  const { config } = parseRelayConfig(JSON.stringify(document), { where: "the test" });
  const lines: string[] = [];
  const log = createLog("info", { write: (line: string) => void lines.push(line) });
  stage.relay = new Relay(config, { ordinal: 0, mountPath, log });
  stage.running = stage.relay.run();
  return lines;
}

function flow(source: string, destination: string, from = "in/#", to = "out"): object[] {
  return [
    { operationType: "Source", sourceSettings: { endpointRef: source, dataSources: [from] } },
    { operationType: "Destination", destinationSettings: { endpointRef: destination, dataDestination: to } },
  ];
}

describe("a service account token whose file is swapped", () => {
  const sat = (issuer: ClusterIssuer, expirySeconds: number) =>
    issuer.createToken({ namespace: "n", serviceAccount: "relay", audiences: ["aio-internal"], expirySeconds });

  test("is shown on the live connection, and the broker never ends it at the old token's end", async () => {
    const issuer = await createClusterIssuer();
    const events: BrokerEvent[] = [];
    const broker = await createBroker({
      profile: createAioProfile({ keySet: issuer.keySet, isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp" }],
      onEvent: (event) => events.push(event),
    });
    stage.brokers.push(broker);
    const port = broker.addresses[0]!.port;
    const mountPath = createTemporaryFolder("renewal");
    const tokens = path.join(mountPath, "tokens");
    const shortLived = await sat(issuer, 4);
    swapFiles(tokens, { edge: shortLived });
    const edge = {
      endpointType: "Mqtt",
      mqttSettings: {
        host: `127.0.0.1:${port}`,
        tls: { mode: "Disabled" },
        authentication: { method: "ServiceAccountToken" },
      },
    };
    const lines = startRelay({ edge }, mountPath, { flow: flow("edge", "edge") });
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);
    const renewed = await sat(issuer, 3600);
    swapFiles(tokens, { edge: renewed });

    await untilTrue(
      "two re-authentications",
      () => events.filter(({ kind }) => kind === "reauthenticate").length === 2,
    );
    await delay(4500); // until after the end of the first token
    const arrivals = await collect("out", { port });
    const publisher = await connectMqttClient({ port });
    await publisher.publishAsync("in/a", "1", { qos: 1 });
    await arrivals.untilTopic("out");

    expect(events.filter(({ kind }) => kind === "disconnect")).toEqual([]);
    expect(lines.join("\n")).not.toContain(renewed);
    expect(lines.join("\n")).not.toContain(shortLived);
  });

  test("is not refused for good when the broker ends the connection over it: the next one keeps the session", async () => {
    const issuer = await createClusterIssuer();
    const events: BrokerEvent[] = [];
    const broker = await createBroker({
      profile: createAioProfile({ keySet: issuer.keySet, isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp" }],
      onEvent: (event) => events.push(event),
    });
    stage.brokers.push(broker);
    const mountPath = createTemporaryFolder("renewal");
    const tokens = path.join(mountPath, "tokens");
    swapFiles(tokens, { edge: await sat(issuer, 3600) });
    const edge = {
      endpointType: "Mqtt",
      mqttSettings: {
        host: `127.0.0.1:${broker.addresses[0]!.port}`,
        tls: { mode: "Disabled" },
        authentication: { method: "ServiceAccountToken" },
      },
    };
    startRelay({ edge }, mountPath, { flow: flow("edge", "edge") });
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);

    swapFiles(tokens, { edge: await sat(await createClusterIssuer(), 3600) }); // signed with another key
    await untilTrue("the broker's refusal", () => events.some(({ kind }) => kind === "refuse"));
    swapFiles(tokens, { edge: await sat(issuer, 3600) });
    const isKept = (event: BrokerEvent) => event.kind === "connect" && event.sessionPresent;
    await untilTrue("the sessions", () => events.filter(isKept).length === 2);
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);

    expect(stage.relay!.dataflows[0]!.counters.sessionsLost).toBe(0);
  });
});

describe("a client certificate that is swapped under load", () => {
  interface Plant {
    readonly broker: Broker;
    /** Port of the listener that takes everybody. */
    readonly port: number;
    readonly events: readonly BrokerEvent[];
    readonly mountPath: string;
    readonly endpoint: (qos?: 0 | 1) => object;
    /** Puts another certificate into the Secret. */
    readonly issue: () => Promise<void>;
  }

  /** Starts a broker that takes certificates, and mounts one. */
  async function startPlant(): Promise<Plant> {
    const authority = await createCertificateAuthority();
    const server = await authority.createServerCertificate(["127.0.0.1"]);
    const events: BrokerEvent[] = [];
    const tls = { certificate: server.certificate, key: server.key, clientCa: authority.certificate };
    const broker = await createBroker({
      profile: createAioProfile({ isX509Allowed: true, isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp", tls }, { transport: "tcp" }],
      onEvent: (event) => {
        if (event.kind === "connect" || event.kind === "disconnect") events.push(event);
      },
    });
    stage.brokers.push(broker);
    const mountPath = createTemporaryFolder("renewal");
    const issue = async () => {
      const { certificate, key } = await authority.createClientCertificate("relay");
      swapFiles(path.join(mountPath, "secrets/device"), { "tls.crt": certificate, "tls.key": key });
    };
    await issue();
    swapFiles(path.join(mountPath, "configmaps/trust"), { "ca.crt": authority.certificate });
    const endpoint = (qos = 1) => ({
      endpointType: "Mqtt",
      mqttSettings: {
        host: `127.0.0.1:${broker.addresses[0]!.port}`,
        qos,
        tls: { trustedCaCertificateConfigMapRef: "trust" },
        authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
      },
    });
    return { broker, port: broker.addresses[1]!.port, events, mountPath, endpoint, issue };
  }

  const isReplaced = (event: BrokerEvent) => event.kind === "connect" && event.sessionPresent;

  test("is shown in another connection that takes the session over, with nothing lost or doubled", async () => {
    const { port, events, mountPath, endpoint, issue } = await startPlant();
    const lines = startRelay({ edge: endpoint() }, mountPath, { flow: flow("edge", "edge") });
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);
    const arrivals = await collect("out", { port });
    const publisher = await connectMqttClient({ port });

    let published = 0;
    const load = setInterval(() => {
      for (let i = 0; i < 5; i++) void publisher.publishAsync(`in/${published}`, String(published++), { qos: 1 });
    }, 10);
    await delay(300);
    await issue();
    await untilTrue("both connections to be replaced", () => events.filter(isReplaced).length === 2);
    await delay(300);
    clearInterval(load);
    await arrivals.untilCount(published);
    await delay(200);

    const numbers = arrivals.messages.map(({ payload }) => Number(payload));
    expect(numbers).toEqual(Array.from({ length: published }, (_, index) => index));
    expect(stage.relay!.dataflows[0]!.counters).toMatchObject({ resent: 0, sessionsLost: 0 });
    const ends = events.filter(({ kind }) => kind === "disconnect").map((event) => "reason" in event && event.reason);
    expect(ends).toEqual(["ClientInitiatedDisconnect", "ClientInitiatedDisconnect"]);
    expect(lines.filter((line) => line.includes("PRIVATE KEY"))).toEqual([]);
  });

  test("loses at most what came with QoS 0 while its connection was replaced, and doubles nothing, whatever the QoS", async () => {
    const { port, events, mountPath, endpoint, issue } = await startPlant();
    const pairs = [0, 1].flatMap((source) => [0, 1].map((destination) => `${source}-${destination}`));
    const endpoints = {
      "from-0": endpoint(0),
      "from-1": endpoint(1),
      "to-0": endpoint(0),
      "to-1": endpoint(1),
    };
    const flows = pairs.map((pair) => {
      const [source, destination] = pair.split("-") as [string, string];
      return [`flow-${pair}`, flow(`from-${source}`, `to-${destination}`, `in/${pair}`, `out/${pair}`)] as const;
    });
    startRelay(endpoints, mountPath, Object.fromEntries(flows));
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);
    const arrivals = await collect("out/#", { port });
    const publisher = await connectMqttClient({ port });

    let published = 0;
    const publishOnce = async () => {
      const number = String(published++);
      await Promise.all(pairs.map((pair) => publisher.publishAsync(`in/${pair}`, number, { qos: 1 })));
    };
    for (let count = 0; count < 20; count++) await publishOnce();
    const before = published;
    await issue();
    const replaced = () => events.filter(isReplaced).length;
    // A message at a time, each accepted by the broker, all through the eight replacements.
    while (replaced() < 2 * pairs.length) await publishOnce();
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);
    const after = published;
    for (let count = 0; count < 20; count++) await publishOnce();
    const last = String(published - 1);
    await Promise.all(
      pairs.map((pair) => arrivals.until(({ topic, payload }) => topic === `out/${pair}` && payload === last)),
    );

    for (const pair of pairs) {
      const arrived = arrivals.messages
        .filter(({ topic }) => topic === `out/${pair}`)
        .map(({ payload }) => Number(payload));
      const missing = Array.from({ length: published }, (_, number) => number).filter((n) => !arrived.includes(n));
      expect({ pair, inOrderAndOnce: arrived }).toEqual({
        pair,
        inOrderAndOnce: [...new Set(arrived)].sort((a, b) => a - b),
      });
      expect({ pair, missing: missing.filter((number) => number < before || number >= after) }).toEqual({
        pair,
        missing: [],
      });
      if (pair.startsWith("1")) expect({ pair, missing }).toEqual({ pair, missing: [] });
    }
  });

  test("at a destination that owes an acknowledgement for more than 5 s repeats what is owed, once a side at most, and loses nothing", async () => {
    const { broker, port, events, mountPath, endpoint, issue } = await startPlant();
    startRelay({ edge: endpoint() }, mountPath, { flow: flow("edge", "edge") });
    await untilTrue("readiness", () => stage.relay!.readiness.isReady);
    const arrivals = await collect("out", { port });
    const publisher = await connectMqttClient({ port });
    broker.faults.dropPubacks(1, "flow-0-destination");

    await publisher.publishAsync("in/owed", "owed", { qos: 1 });
    await arrivals.untilCount(1);
    await issue();
    // The kubelet's swap is seen after a while, and each side waits more than 5 s for what it is owed.
    await untilTrueAfter("both connections to be replaced", 20_000, () => events.filter(isReplaced).length === 2);
    await publisher.publishAsync("in/after", "after", { qos: 1 });
    await arrivals.until(({ payload }) => payload === "after");

    // A third one where the source was replaced first: its broker sends again what was not acknowledged on the old connection.
    const payloads = arrivals.messages.map(({ payload }) => payload);
    expect([
      ["owed", "owed", "after"],
      ["owed", "owed", "owed", "after"],
    ]).toContainEqual(payloads);
    expect(stage.relay!.dataflows[0]!.counters).toMatchObject({ resent: 1 });
  });
});

describe("under load, through renewals of everything", () => {
  test("tokens drop no connection, and nothing is lost or doubled; no key or token is in the log", async () => {
    const { log, ...result } = await runRenewals({
      folder: createTemporaryFolder("renewals"),
      toCloud: 100,
      fromCloud: 20,
      tokenRenewals: 2,
      certificateRenewals: 2,
      caChanges: 1,
      tokenLifetimeSeconds: 12,
    });

    expect(result).toMatchObject({ droppedByTokens: 0, certificateRenewals: 2, caChanges: 1 });
    expect(result.tokenRenewals).toBeGreaterThanOrEqual(2);
    expect(result.reauthentications).toBeGreaterThanOrEqual(4);
    expect(result.replaced).toEqual({ ClientInitiatedDisconnect: 4 });
    for (const direction of [result.toCloud, result.fromCloud]) {
      expect(direction.published).toBeGreaterThan(100);
      expect(direction).toMatchObject({ lost: 0, duplicated: 0 });
    }
    expect(log).not.toMatch(/eyJ[\w-]{20,}\.|PRIVATE KEY/);
  });
});
