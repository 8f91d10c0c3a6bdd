import { createPrivateKey } from "node:crypto";
import net from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";

import { unboundedMemory } from "../../../runtime/memory/budget.ts";
import { createBroker, type Broker } from "../../../emulator/broker.ts";
import {
  createCertificateAuthority,
  type CertificateAndKey,
  type CertificateAuthority,
} from "../../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer, type ClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { createCredentialSource, type Credentials } from "../../../runtime/identity/credentials.ts";
import { createMounts } from "../../../runtime/identity/mounts.ts";
import { buildConnectOptions, createLinkOptions, createSide } from "../../../runtime/connection/side.ts";
import { Link, type ConnectionUser } from "../../../runtime/connection/link.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { startCloud, type Cloud } from "../../support/cloud.ts";
import { startConnectProxy, type ConnectProxy } from "../../support/connect-proxy.ts";
import { findFreePort } from "../../support/free-port.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { Stopwatch, usualMs } from "../../support/patience.ts";
import { buildDataflow } from "../../support/relay-config.ts";
import { writeMounts, type Mounts } from "../../support/relay-process.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";

/** A set-up that is wrong in one point. */
export interface Trouble {
  readonly area: string;
  /** What is wrong, in the words of who reads the page. */
  readonly what: string;
  /** The part of the message that has to be there. */
  readonly says: RegExp;
  /** Attempts after which the message is read. @default 1 */
  readonly attempts?: number;
  readonly setUp: (parts: TroubleParts) => SetUp | Promise<SetUp>;
}

export interface SetUp {
  readonly endpoint: EndpointInput;
  readonly mounts?: Mounts;
  /** Files below `tokens/`. */
  readonly tokens?: Readonly<Record<string, string>>;
  readonly connectTo?: Readonly<Record<string, number>>;
  /** Variables of the environment; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly end?: () => void;
}

/** What set-ups are made of; each part is right. */
export interface TroubleParts {
  readonly authority: CertificateAuthority;
  readonly other: CertificateAuthority;
  readonly client: CertificateAndKey;
  readonly foreignClient: CertificateAndKey;
  readonly issuer: ClusterIssuer;
  readonly cloud: Cloud;
  readonly mosquitto: Mosquitto<"plain" | "mutual" | "passwords">;
  /** AIO's broker as emulator, with K8S-SAT, certificates and passwords, in clear text. */
  readonly aio: Broker;
  readonly proxies: Readonly<Record<"login" | "forbidding" | "open", ConnectProxy>>;
  readonly freePort: number;
  /** Starts AIO's broker with another server certificate; ends with the stage. */
  serve(server: CertificateAndKey): Promise<number>;
  /** Listens with TLS 1.1 only. */
  readonly oldTlsPort: number;
  /** A broker with MQTT 3.1.1 only: it refuses the version of the protocol, as [MQTT-3.1.2-2] says, and closes. */
  readonly oldMqttPort: number;
  /** Takes connections and says nothing. */
  readonly silentPort: number;
  encrypt(key: string): string;
}

export interface TroubleStage {
  readonly secrets: readonly string[];
  /** Runs one connection and returns what it says. */
  provoke(trouble: Trouble): Promise<string>;
  close(): Promise<void>;
}

export const password = "hunter2-hunter2";
const resets = 10;

/** Starts every broker and proxy once. */
export async function createTroubleStage(executable: string): Promise<TroubleStage> {
  const folder = createTemporaryFolder("troubles");
  const [authority, other] = await Promise.all([
    createCertificateAuthority("plant CA"),
    createCertificateAuthority("other CA"),
  ]);
  const server = await authority.createServerCertificate(["127.0.0.1"]);
  const client = await authority.createClientCertificate("relay");
  const foreignClient = await other.createClientCertificate("relay");
  const issuer = await createClusterIssuer();
  const cloud = await startCloud();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), cloud.authority.certificate]);
  const given = cloud.relayOptions(folder);
  const brokers: Broker[] = [];
  const serve = async (certificate: CertificateAndKey) => {
    const broker = await createBroker({
      profile: createAioProfile({ isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp", tls: certificate }],
    });
    brokers.push(broker);
    return broker.addresses[0]!.port;
  };
  const aio = await createBroker({
    profile: createAioProfile({ keySet: issuer.keySet, issuer: issuer.issuer, passwords: { plant: password } }),
    listeners: [{ transport: "tcp" }, { transport: "websocket" }],
  });
  const mosquitto = await startMosquitto(executable, path.join(folder, "mosquitto"), {
    listeners: {
      plain: {},
      mutual: { tls: { server, clientAuthority: authority.certificate } },
      passwords: { passwords: { plant: password } },
    },
  });
  const old = tls.createServer({
    cert: server.certificate,
    key: server.key,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  const silent = net.createServer((socket) => socket.on("error", () => undefined));
  const oldMqtt = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.from([0x20, 2, 0, 1])));
  });
  for (const one of [old, oldMqtt, silent]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  old.on("tlsClientError", () => undefined);
  const proxies = {
    login: await startConnectProxy({ credentials: `plant:${password}` }),
    forbidding: await startConnectProxy({ refuseWith: 403 }),
    open: await startConnectProxy(),
  };
  const portOf = (one: net.Server) => (one.address() as net.AddressInfo).port;
  const parts: TroubleParts = {
    authority,
    other,
    client,
    foreignClient,
    issuer,
    cloud,
    mosquitto,
    aio,
    proxies,
    freePort: await findFreePort(),
    serve,
    oldTlsPort: portOf(old),
    oldMqttPort: portOf(oldMqtt),
    silentPort: portOf(silent),
    encrypt: (key) =>
      createPrivateKey(key)
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: password })
        .toString(),
  };
  return {
    secrets: [password, client.key.split("\n")[1]!, foreignClient.key.split("\n")[1]!],
    provoke: (trouble) => provoke(trouble, parts, { ...given.env }),
    close: async () => {
      for (const broker of [...brokers, aio]) await broker.close();
      for (const proxy of Object.values(proxies)) await proxy.close();
      old.close();
      oldMqtt.close();
      silent.close();
      await cloud.close();
    },
  };
}

async function provoke(
  trouble: Trouble,
  parts: TroubleParts,
  env: Record<string, string | undefined>,
): Promise<string> {
  const setUp = await trouble.setUp(parts);
  const before = { ...process.env };
  Object.assign(process.env, env);
  for (const [name, value] of Object.entries(setUp.env ?? {})) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  const folder = createTemporaryFolder("trouble");
  writeMounts(folder, {
    ...setUp.mounts,
    ...(setUp.tokens === undefined ? {} : { tokens: { "": setUp.tokens } }),
  });
  try {
    for (let count = 0; ; count++) {
      const message = await connect(setUp, folder, trouble.attempts ?? 1);
      // With TLS 1.3 a server refuses after the handshake: now and then its reset overtakes its alert.
      if (!message.includes("ECONNRESET") || count === resets) return generalize(message, folder);
    }
  } finally {
    setUp.end?.();
    for (const name of Object.keys({ ...env, ...setUp.env })) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  }
}

/** Connects as the source of a dataflow does, and returns why it failed the last time. */
async function connect({ endpoint, connectTo = {} }: SetUp, folder: string, attempts: number): Promise<string> {
  const document = {
    endpoints: { edge: endpoint },
    dataflows: { flow: buildDataflow(["edge", ["in"]], ["edge", "out"]) },
    relay: { connectTimeoutSeconds: 1 },
  };
  const { config } = parseRelayConfig(JSON.stringify(document), { where: "the test" });
  const reasons: string[] = [];
  const context = {
    config,
    credentials: new Map([["edge", createCredentialSource("edge", config.endpoints["edge"]!, createMounts(folder))]]),
    ordinal: 0,
    connectTo: new Map(Object.entries(connectTo).map(([host, port]) => [host, { hostname: "127.0.0.1", port }])),
    log: createLog("error", { write: () => undefined }),
    random: () => 0,
    memory: unboundedMemory,
  };
  const side = createSide("flow", "source", "edge", context);
  const common = createLinkOptions(side, context);
  const user: ConnectionUser = {
    prepare: async () => {},
    onPublish: () => undefined,
    roomFor: () => undefined,
    onPassedOver: () => undefined,
    onPuback: () => undefined,
    quiesce: async () => {},
    close: () => undefined,
  };
  const connectOptions = (credentials: Credentials) =>
    buildConnectOptions(side, credentials, { cleanStart: true, receiveMaximum: 10, timeoutMs: common.timeoutMs });
  const open = () => {
    reasons.push("connected");
    return user;
  };
  const link = new Link(
    { connectOptions, open },
    {
      ...common,
      backoff: { minDelayMs: 10, maxDelayMs: 20 },
      onStateChange: (state) => {
        if ("reason" in state) reasons.push(state.reason);
      },
    },
  );
  const running = link.run();
  const watch = new Stopwatch();
  while (reasons.length < attempts && watch.elapsedMs < usualMs) await delay(5);
  link.stop();
  await running;
  return reasons[attempts - 1] ?? "nothing came";
}

/** Leaves out what differs from run to run. */
function generalize(message: string, folder: string): string {
  return message
    .replaceAll(folder, "/etc/mqtt-dataflow")
    .replace(/(127\.0\.0\.1|localhost):[0-9]+/g, "$1:PORT")
    .replace(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/g, "TIME")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
}
