import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { MqttClient } from "mqtt";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { cloudHost, startCloud } from "./cloud.ts";
import { swapFiles } from "./mounted-files.ts";
import { connectMqttClient } from "./mqtt-clients.ts";
import { Stopwatch, untilTrue } from "./patience.ts";
import { buildConfig, buildDataflow } from "./relay-config.ts";
import { startRelay, type RelayProcess } from "./relay-process.ts";

export interface RenewalRunOptions {
  /** An empty folder. */
  readonly folder: string;
  /** Messages a second. */
  readonly toCloud: number;
  readonly fromCloud: number;
  readonly tokenRenewals: number;
  readonly certificateRenewals: number;
  readonly caChanges: number;
  readonly tokenLifetimeSeconds: number;
}

/** What became of one direction. */
export interface DirectionResult {
  readonly published: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Longest time between two deliveries, in milliseconds. */
  readonly longestGapMs: number;
}

export interface RenewalRunResult {
  readonly seconds: number;
  readonly tokenRenewals: number;
  /** AUTHs that the cloud's broker accepted: one for each connection and token. */
  readonly reauthentications: number;
  readonly certificateRenewals: number;
  readonly caChanges: number;
  /** Connections of the relay that ended at the broker with tokens. */
  readonly droppedByTokens: number;
  /** Connections of the relay that were replaced at the broker with certificates, and how. */
  readonly replaced: Readonly<Record<string, number>>;
  readonly toCloud: DirectionResult;
  readonly fromCloud: DirectionResult;
  /** All lines of the relay's log. */
  readonly log: string;
}

/** Counts numbered messages as a broker accepts them from the relay. */
class Arrivals {
  readonly counts = new Map<number, number>();
  #lastMs: number | undefined;
  #longestGapMs = 0;
  #isMeasuring = true;

  onEvent(event: BrokerEvent): void {
    if (event.kind !== "publish" || !event.clientId.startsWith("relay-") || event.reasonCode >= 0x80) return;
    const number = Number(event.message.payload.toString());
    this.counts.set(number, (this.counts.get(number) ?? 0) + 1);
    const now = performance.now();
    if (this.#isMeasuring && this.#lastMs !== undefined)
      this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastMs);
    this.#lastMs = now;
  }

  stopMeasuring(): void {
    this.#isMeasuring = false;
  }

  result(published: number): DirectionResult {
    const arrived = [...this.counts.values()];
    return {
      published,
      lost: published - arrived.length,
      duplicated: arrived.reduce((sum, count) => sum + count - 1, 0),
      longestGapMs: Math.round(this.#longestGapMs),
    };
  }
}

/** Publishes numbered messages at a steady rate. */
function startLoad(client: MqttClient, topic: string, perSecond: number) {
  const startMs = performance.now();
  let published = 0;
  let accepted = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * perSecond);
    while (published < due) {
      client.publish(`${topic}/${published % 10}`, String(published++), { qos: 1 }, () => accepted++);
    }
  }, 10);
  return {
    published: () => published,
    stop: async () => {
      clearInterval(timer);
      while (accepted < published) await delay(20);
      return published;
    },
  };
}

/** AIO's broker with TLS for certificates and a listener for the plant, whose CA can be changed. */
async function startEdge(onEvent: (event: BrokerEvent) => void) {
  let authority = await createCertificateAuthority("edge CA 0");
  const trusted = [authority.certificate];
  const certify = async (by: CertificateAuthority) => {
    const { certificate, key } = await by.createServerCertificate(["127.0.0.1"]);
    return { certificate, key, clientCa: trusted.join("") };
  };
  const broker: Broker = await createBroker({
    profile: createAioProfile({ isX509Allowed: true, isAnonymousAllowed: true }),
    listeners: [{ transport: "tcp", tls: await certify(authority) }, { transport: "tcp" }],
    onEvent,
  });
  let changes = 0;
  return {
    broker,
    trusted: () => trusted.join(""),
    issue: () => authority.createClientCertificate("relay"),
    /** Another CA from here on; what the old one has signed stays good. */
    changeAuthority: async (publish: () => void) => {
      authority = await createCertificateAuthority(`edge CA ${++changes}`);
      trusted.push(authority.certificate);
      publish();
      broker.renewTls(await certify(authority));
    },
  };
}

/** Runs a relay between AIO's broker by certificate and Event Grid by token, both emulated, while everything is renewed. */
export async function runRenewals(options: RenewalRunOptions): Promise<RenewalRunResult> {
  const { folder, tokenLifetimeSeconds } = options;
  const [upwards, downwards] = [new Arrivals(), new Arrivals()];
  const ended: Record<"cloud" | "edge", string[]> = { cloud: [], edge: [] };
  let reauthentications = 0;
  const note = (side: "cloud" | "edge", event: BrokerEvent) => {
    if (event.kind === "disconnect" && event.clientId.startsWith("relay-")) ended[side].push(event.reason);
    if (event.kind === "reauthenticate") reauthentications++;
  };
  const edge = await startEdge((event) => {
    downwards.onEvent(event);
    note("edge", event);
  });
  const cloud = await startCloud({
    onEvent: (event) => {
      upwards.onEvent(event);
      note("cloud", event);
    },
  });
  const applicationToken = await cloud.createToken();
  cloud.identities.tokenLifetimeSeconds = tokenLifetimeSeconds;
  const mounts = path.join(folder, "mounts");
  mkdirSync(mounts, { recursive: true });
  const publishTrust = () => {
    swapFiles(path.join(mounts, "configmaps/edge-trust"), { "ca.crt": edge.trusted() });
  };
  const renewCertificate = async () => {
    const { certificate, key } = await edge.issue();
    swapFiles(path.join(mounts, "secrets/device"), { "tls.crt": certificate, "tls.key": key });
  };
  publishTrust();
  await renewCertificate();
  swapFiles(path.join(mounts, "configmaps/trust"), { "ca.crt": cloud.authority.certificate });
  const relay = await startRelay({ folder, config: configOf(edge.broker, cloud), ...cloud.relayOptions(folder) });
  try {
    await relay.untilReady();
    const plant = await connectMqttClient({ port: edge.broker.addresses[1]?.port ?? 0 });
    const application = await connectMqttClient({
      port: cloud.port,
      connect: {
        protocol: "mqtts",
        servername: cloudHost,
        ca: cloud.authority.certificate,
        checkServerIdentity: () => undefined,
        properties: { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from(applicationToken) },
      } as never,
    });
    const startMs = performance.now();
    const up = startLoad(plant, "plant", options.toCloud);
    const down = startLoad(application, "commands", options.fromCloud);
    const changes = await renewAll(options, relay, {
      renewCertificate,
      changeAuthority: () => edge.changeAuthority(publishTrust),
      replaced: () => ended.edge.length,
    });
    const seconds = (performance.now() - startMs) / 1000;
    upwards.stopMeasuring();
    downwards.stopMeasuring();
    const [publishedUp, publishedDown] = [await up.stop(), await down.stop()];
    const hasAll = () => upwards.counts.size >= publishedUp && downwards.counts.size >= publishedDown;
    await untilTrue("every message", hasAll).catch(() => undefined);
    return {
      seconds: Math.round(seconds),
      tokenRenewals: countLines(relay, "credential renewed", "token for"),
      reauthentications,
      ...changes,
      droppedByTokens: ended.cloud.length,
      replaced: countEach(ended.edge),
      toCloud: upwards.result(publishedUp),
      fromCloud: downwards.result(publishedDown),
      log: relay.process.lines.join("\n"),
    };
  } finally {
    await relay.stop("SIGKILL");
    await edge.broker.close();
    await cloud.close();
  }
}

function configOf(edge: Broker, cloud: Awaited<ReturnType<typeof startCloud>>) {
  return buildConfig({
    endpoints: {
      edge: {
        endpointType: "Mqtt",
        hostType: "LocalBroker",
        mqttSettings: {
          host: `127.0.0.1:${edge.addresses[0]?.port ?? 0}`,
          clientIdPrefix: "relay-",
          tls: { trustedCaCertificateConfigMapRef: "edge-trust" },
          authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
        },
      },
      cloud: cloud.endpoint({ clientIdPrefix: "relay-" }),
    },
    dataflows: {
      telemetry: buildDataflow(["edge", ["plant/#"]], ["cloud", "site/${inputTopic}"]),
      commands: buildDataflow(["cloud", ["commands/#"]], ["edge", "down/${inputTopic}"]),
    },
  });
}

interface Changes {
  readonly renewCertificate: () => Promise<void>;
  readonly changeAuthority: () => Promise<void>;
  /** Connections at the edge that have ended so far. */
  readonly replaced: () => number;
}

/** Spreads certificate and CA changes over the token renewals, each waited for. */
async function renewAll(
  { tokenRenewals, certificateRenewals, caChanges, tokenLifetimeSeconds }: RenewalRunOptions,
  relay: RelayProcess,
  { renewCertificate, changeAuthority, replaced }: Changes,
): Promise<{ certificateRenewals: number; caChanges: number }> {
  let [certificates, authorities] = [0, 0];
  const connectionsAtEdge = 2;
  const watch = new Stopwatch();
  const longestMs = (tokenRenewals + 5) * tokenLifetimeSeconds * 1000;
  while (watch.elapsedMs < longestMs) {
    const tokens = countLines(relay, "credential renewed", "token for");
    if (tokens >= tokenRenewals && certificates >= certificateRenewals) break;
    const isSettled = replaced() >= certificates * connectionsAtEdge;
    if (
      isSettled &&
      certificates < certificateRenewals &&
      tokens >= ((certificates + 0.5) * tokenRenewals) / certificateRenewals
    ) {
      // A CA changes before a certificate: the connection that shows it is the first to meet the other CA.
      if (authorities < caChanges && certificates >= (authorities * certificateRenewals) / caChanges) {
        authorities++;
        await changeAuthority();
      }
      certificates++;
      await renewCertificate();
    }
    await delay(50);
  }
  while (replaced() < certificates * connectionsAtEdge && watch.elapsedMs < longestMs) await delay(50);
  await delay(500);
  return { certificateRenewals: certificates, caChanges: authorities };
}

function countLines({ log }: RelayProcess, msg: string, credential: string): number {
  return log.filter((line) => line.msg === msg && String(line["credential"]).startsWith(credential)).length;
}

function countEach(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
