import path from "node:path";

import { createBroker, type Broker } from "../../../emulator/broker.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import type { RelayConfigInput } from "../../../runtime/contract/config.ts";
import type { DataflowInput } from "../../../runtime/contract/config/dataflow.ts";
import { startCloud } from "../../support/cloud.ts";
import { connectMqttClient } from "../../support/mqtt-clients.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../../support/relay-process.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";

/** A relay with a fault, or without one, whose metrics are recorded. */
export interface Scene {
  readonly name: string;
  readonly seconds: number;
  readonly intervalSeconds: number;
  /** How much longer all times of the recording are than what was recorded. */
  readonly stretch: number;
  /** Starts brokers, relay and publishers. */
  readonly start: () => Promise<Stage>;
}

export interface Stage {
  /** The relay, another one after a rollout. */
  relay: RelayProcess;
  /** What happens when, in seconds from the start. */
  readonly acts: readonly (readonly [atSeconds: number, act: () => unknown])[];
}

const smallBytes = 100;

async function startEdge(limits: { maxPacketBytes?: number } = {}): Promise<[broker: Broker, port: number]> {
  const profile = createAioProfile({ isAnonymousAllowed: true, isX509Allowed: true });
  const broker = await createBroker({ profile, listeners: [{ transport: "tcp" }], limits });
  return [broker, broker.addresses[0]?.port ?? 0];
}

/** Publishes to each of these topics at a rate that `perSecond` gives, which may change. */
async function publishTo(port: number, topics: readonly string[], perSecond: () => number): Promise<void> {
  const client = await connectMqttClient({ port, clientId: `publisher-${topics.join()}`, isPersistent: true });
  const publish = () => {
    if (client.disconnecting) return;
    for (const topic of topics) client.publish(topic, Buffer.alloc(smallBytes), { qos: 1 });
    setTimeout(publish, 1000 / perSecond()).unref();
  };
  publish();
}

async function startReady(config: RelayConfigInput, more: Partial<Parameters<typeof startRelay>[0]> = {}) {
  const relay = await startRelay({ folder: createTemporaryFolder("alerts"), config, ...more });
  await relay.untilReady();
  return relay;
}

function flow(name: string, relay: DataflowInput["relay"] = {}): DataflowInput {
  return buildDataflow(["edge", [`${name}/#`]], ["cloud", "${inputTopic}"], { relay });
}

/** A message that the destination never takes reaches a dataflow of each policy. */
const stopped: Scene = {
  name: "stopped",
  seconds: 660,
  intervalSeconds: 15,
  stretch: 1,
  start: async () => {
    const [, edge] = await startEdge();
    const [, cloud] = await startEdge({ maxPacketBytes: 1000 });
    const relay = await startReady(
      buildConfig({
        endpoints: { edge: plainEndpoint(edge), cloud: plainEndpoint(cloud) },
        dataflows: {
          commands: flow("commands", { undeliverableMessages: "Stop" }),
          readings: flow("readings", { undeliverableMessages: "Discard" }),
          alarms: flow("alarms", { undeliverableMessages: "DeadLetter" }),
          others: flow("others"),
        },
      }),
    );
    await publishTo(edge, ["commands/1", "readings/1", "alarms/1", "others/1"], () => 2);
    const client = await connectMqttClient({ port: edge });
    const publishLarge = () =>
      Promise.all(
        ["commands", "readings", "alarms"].map((name) =>
          client.publishAsync(`${name}/large`, Buffer.alloc(2000), { qos: 1 }),
        ),
      );
    return { relay, acts: [[100, publishLarge]] };
  },
};

/** The destination is away: one dataflow holds its messages in memory, the other writes them to a spool. */
const destinationAway: Scene = {
  name: "destination-away",
  seconds: 720,
  intervalSeconds: 15,
  stretch: 1,
  start: async () => {
    const [, edge] = await startEdge();
    const [destination, cloud] = await startEdge();
    const relay = await startReady(
      buildConfig({
        endpoints: { edge: plainEndpoint(edge), cloud: plainEndpoint(cloud) },
        dataflows: {
          memory: flow("memory"),
          spool: flow("spool", { spool: { mode: "Enabled", maxBytes: 1_048_576 } }),
        },
      }),
    );
    await publishTo(edge, ["memory/1"], () => 2);
    await publishTo(edge, ["spool/1"], () => 40);
    return {
      relay,
      acts: [
        [60, () => destination.suspend()],
        [630, () => destination.resume()],
      ],
    };
  },
};

/** The source's broker forgets the session. */
const sessionLost: Scene = {
  name: "session-lost",
  seconds: 240,
  intervalSeconds: 15,
  stretch: 1,
  start: async () => {
    const [source, edge] = await startEdge();
    const [, cloud] = await startEdge();
    const relay = await startReady(
      buildConfig({
        endpoints: { edge: plainEndpoint(edge, { clientIdPrefix: "oslo-" }), cloud: plainEndpoint(cloud) },
        dataflows: { flow: flow("flow") },
      }),
    );
    await publishTo(edge, ["flow/1"], () => 2);
    return { relay, acts: [[100, () => source.faults.forgetSession("oslo-flow-0-source")]] };
  },
};

const dayMs = 86_400_000;

/** A client certificate comes within 7 days of its end, and a token is not renewed. */
const credentialEnds: Scene = {
  name: "credential-ends",
  seconds: 780,
  intervalSeconds: 15,
  stretch: 1,
  start: async () => {
    const authority = await createCertificateAuthority("plant CA");
    const notAfter = new Date(Date.now() + 7 * dayMs + 180_000);
    const { certificate, key } = await authority.createClientCertificate("press", { notAfter });
    const tls = { ...(await authority.createServerCertificate(["127.0.0.1"])), clientCa: authority.certificate };
    const broker = await createBroker({
      profile: createAioProfile({ isX509Allowed: true, isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp", tls }, { transport: "tcp" }],
    });
    const [secured, plain] = broker.addresses;
    const cloud = await startCloud({ tokenLifetimeSeconds: 720 });
    const folder = createTemporaryFolder("alerts");
    const { connectTo = [], env, trust } = cloud.relayOptions(folder);
    const relay = await startReady(
      buildConfig({
        endpoints: {
          edge: {
            endpointType: "Mqtt",
            mqttSettings: {
              host: `127.0.0.1:${secured?.port ?? 0}`,
              tls: { trustedCaCertificateConfigMapRef: "plant" },
              authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
            },
          },
          cloud: cloud.endpoint(),
        },
        dataflows: { flow: flow("flow") },
      }),
      {
        folder,
        connectTo,
        env,
        mounts: {
          configmaps: { ...trust, plant: { "ca.crt": authority.certificate } },
          secrets: {
            device: { "client_cert.pem": certificate, "client_key.pem": key, "client_intermediate_certs.pem": "" },
          },
        },
      },
    );
    await publishTo(plain?.port ?? 0, ["flow/1"], () => 2);
    const fail = () => {
      cloud.identities.fail({ status: 429, body: '{"error":"temporarily_unavailable"}', headers: {} });
    };
    return { relay, acts: [[60, fail]] };
  },
};

/**
 * A day in time lapse, a second for a minute: traffic of two shifts, tokens that are renewed each "hour", a rollout, and a
 * destination and a source that restart.
 */
const healthyDay: Scene = {
  name: "healthy-day",
  seconds: 1440,
  intervalSeconds: 1,
  stretch: 60,
  start: async () => {
    const [source, edge] = await startEdge();
    const cloud = await startCloud({ tokenLifetimeSeconds: 60 });
    const folder = createTemporaryFolder("alerts");
    const { connectTo = [], env, trust } = cloud.relayOptions(folder);
    const config = buildConfig({
      endpoints: { edge: plainEndpoint(edge), cloud: cloud.endpoint() },
      dataflows: {
        telemetry: flow("telemetry"),
        alarms: flow("alarms", { spool: { mode: "Enabled" }, undeliverableMessages: "DeadLetter" }),
      },
    });
    const startOne = () => startReady(config, { folder, connectTo, env, mounts: { configmaps: trust } });
    const startMs = Date.now();
    // From 2 to 42 messages a second over the day.
    const perSecond = () => 2 + 20 * (1 - Math.cos((((Date.now() - startMs) / 1000) * 2 * Math.PI) / 720));
    await publishTo(edge, ["telemetry/1", "alarms/1"], perSecond);
    const restart = async (broker: Broker, awaySeconds: number) => {
      await broker.suspend();
      setTimeout(() => void broker.resume(), awaySeconds * 1000);
    };
    const stage = {
      relay: await startOne(),
      acts: [
        [300, () => restart(cloud.broker, 2)],
        [600, () => restart(source, 1)],
        [
          900,
          async () => {
            await stage.relay.stop();
            stage.relay = await startOne();
          },
        ],
      ] as [number, () => unknown][],
    };
    return stage;
  },
};

export const scenes: readonly Scene[] = [stopped, destinationAway, sessionLost, credentialEnds, healthyDay];

/** Where a recording is kept. */
export function recordingFile(name: string): string {
  return path.join(import.meta.dirname, "recordings", `${name}.json`);
}
