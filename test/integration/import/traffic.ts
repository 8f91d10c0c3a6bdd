import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { importMosquitto } from "../../../cli/import/import-configuration.ts";
import type { Finding } from "../../../cli/import/finding.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import type { RelayConfigInput } from "../../../runtime/contract/config.ts";
import { startMosquitto, type Mosquitto, type MosquittoListener } from "../../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../../support/mqtt-clients.ts";
import { untilTrue } from "../../support/patience.ts";
import { startRelay, type Mounts } from "../../support/relay-process.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";

/** A message as it is published. */
export interface Published {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/** What is published at each broker: the one that has the bridge, and the remote ones in the order of the file. */
export type Traffic = Readonly<Record<string, readonly Published[]>>;

/** A message as it arrives. */
export interface MovedMessage extends Published {
  readonly payload: string;
  /** The broker that it was published at. */
  readonly from: string;
  /** Levels of its topic that stand for `#`. */
  readonly levels: number;
}

/** Messages by the broker that they arrive at; each once. */
export type Arrived = Readonly<Record<string, readonly MovedMessage[]>>;

/** Depth of the deepest topic that stands for `#`, in levels behind the prefix. */
const deepest = 3;

/** Topics that a filter takes in: one for each depth of `#`, and the filter's own parent. */
function topicsUnder(filter: string): string[] {
  const named = filter.replaceAll("+", "m");
  if (!named.endsWith("#")) return [named];
  const start = named.slice(0, -1);
  const behind = Array.from({ length: deepest }, (_, more) => start + ["x", "y", "z"].slice(0, more + 1).join("/"));
  return start.length > 1 ? [start.slice(0, -1), ...behind] : behind;
}

const qualities = [0, 1, 2] as const;

/**
 * Messages that show what a section moves: under each topic of each `topic` line, at both sides, whatever its direction; one with
 * each QoS, and a retained one; and one that no line has.
 */
export function trafficOf(lines: readonly string[]): { readonly local: Published[]; readonly remote: Published[] } {
  const local: Published[] = [];
  const remote: Published[] = [];
  const add = (to: Published[], topic: string) => {
    for (const qos of qualities) to.push({ topic, qos, retain: false });
    to.push({ topic, qos: 1, retain: true });
  };
  for (const line of lines) {
    const [option, pattern = "", ...more] = line.split(/ +/).map((word) => (word === '""' ? "" : word));
    if (option !== "topic") continue;
    const prefixes = more.filter((word) => !/^(?:in|out|both|[012])$/i.test(word));
    const [localPrefix = "", remotePrefix = ""] = prefixes;
    for (const topic of topicsUnder(localPrefix + pattern)) if (!topic.startsWith("$SYS")) add(local, topic);
    for (const topic of topicsUnder(remotePrefix + pattern)) if (!topic.startsWith("$SYS")) add(remote, topic);
  }
  add(local, "elsewhere/1");
  add(remote, "elsewhere/2");
  return { local, remote };
}

const listeners = { mqtt: {} };
type Broker = Mosquitto<"mqtt">;

/** Certificates and passwords with which the remote brokers take a section. */
interface Keys {
  readonly files: Readonly<Record<"ca" | "certificate" | "key", string>>;
  readonly pem: Readonly<Record<"ca" | "certificate" | "key", string>>;
  readonly bridgeListener: MosquittoListener;
}

async function createKeys(lines: readonly string[], folder: string): Promise<Keys> {
  const authority = await createCertificateAuthority();
  const server = await authority.createServerCertificate(["localhost", "127.0.0.1"]);
  const client = await authority.createClientCertificate("bridge");
  const pem = { ca: authority.certificate, certificate: client.certificate, key: client.key };
  const files = { ca: "", certificate: "", key: "" };
  mkdirSync(folder, { recursive: true });
  for (const name of ["ca", "certificate", "key"] as const) {
    files[name] = path.join(folder, `${name}.pem`);
    writeFileSync(files[name], pem[name]);
  }
  const valueOf = (option: string) => lines.find((line) => line.startsWith(`${option} `))?.slice(option.length + 1);
  const [user, password] = [valueOf("remote_username"), valueOf("remote_password")];
  const isTls = lines.some((line) => /^bridge_ca(?:file|path) /.test(line));
  const hasCertificate = lines.some((line) => line.startsWith("bridge_certfile "));
  return {
    files,
    pem,
    bridgeListener: {
      ...(isTls ? { tls: { server, ...(hasCertificate ? { clientAuthority: authority.certificate } : {}) } } : {}),
      ...(user === undefined || password === undefined ? {} : { passwords: { [user]: password } }),
    },
  };
}

/** The section with loopback in the place of its addresses, and files of this machine in the place of its own. */
function onLoopback(lines: readonly string[], ports: readonly number[], { files }: Keys): string[] {
  const remaining = ports.values();
  return lines.flatMap((line) => {
    const [option = ""] = line.split(" ");
    if (option === "address" || option === "addresses") return [`${option} localhost:${remaining.next().value ?? 0}`];
    if (option === "bridge_cafile" || option === "bridge_capath") return [`bridge_cafile ${files.ca}`];
    if (option === "bridge_certfile") return [`${option} ${files.certificate}`];
    if (option === "bridge_keyfile") return [`${option} ${files.key}`];
    return option === "listener" ? [] : [line];
  });
}

/** Options that the installed mosquitto is too old for; they change no message of this traffic. */
const newerOptions = /^(?:bridge_session_expiry_interval|bridge_receive_maximum) /;

/** Moves traffic between brokers in one of two ways, and says what arrived where. */
export class Passage {
  readonly #executable: string;
  readonly #lines: readonly string[];
  readonly #folder = createTemporaryFolder("import-traffic");
  readonly #remotes: number;

  constructor(executable: string, lines: readonly string[]) {
    this.#executable = executable;
    this.#lines = lines;
    this.#remotes = lines.filter((line) => line.startsWith("connection ")).length;
  }

  /** By mosquitto itself, with the section. */
  async byMosquitto(): Promise<Arrived> {
    const keys = await createKeys(this.#lines, this.#folder);
    const remotes = await this.#startRemotes("before", keys);
    const bridge = remotes.map(({ ports }) => ports.bridge);
    const settings = onLoopback(this.#lines, bridge, keys).filter((line) => !newerOptions.test(line));
    // The bridge's lines stand before the listeners, which take up the broker's own options again.
    const local = await startMosquitto(this.#executable, path.join(this.#folder, "before"), { listeners, settings });
    const subscriptions = this.#lines.filter((line) => /^topic .* (?:in|both)\b/i.test(line)).length;
    for (const remote of remotes) await remote.untilLog((line) => / as (?!mqttjs)\S+ \(p/.test(line));
    await untilTrue("the bridge's subscriptions", () => {
      const made = remotes.flatMap(({ log }) => log.filter((line) => /: (?!mqttjs)\S+ [0-2] \S+$/.test(line)));
      return made.length >= subscriptions;
    });
    return this.#move(local, remotes);
  }

  /** By the relay, with what the section was imported as. */
  async byRelay(): Promise<{ readonly arrived: Arrived; readonly findings: readonly Finding[] }> {
    const keys = await createKeys(this.#lines, this.#folder);
    const remotes = await this.#startRemotes("after", keys);
    const local = await startMosquitto(this.#executable, path.join(this.#folder, "after"), { listeners });
    const lines = onLoopback(
      this.#lines,
      remotes.map(({ ports }) => ports.bridge),
      keys,
    );
    const { configuration, findings } = importMosquitto(lines.join("\n"), {
      ...{ file: "mosquitto.conf", site: "oslo", levels: 2 },
      local: `127.0.0.1:${local.ports.mqtt}`,
    });
    const folder = path.join(this.#folder, "relay");
    mkdirSync(folder);
    const mounts = mountsOf(JSON.parse(configuration) as RelayConfigInput, lines, keys);
    const relay = await startRelay({ folder, config: configuration, mounts });
    await relay.untilReady();
    return { arrived: await this.#move(local, remotes), findings };
  }

  async #startRemotes(run: string, { bridgeListener }: Keys): Promise<Mosquitto<"mqtt" | "bridge">[]> {
    const remotes = Array.from({ length: this.#remotes }, (_, index) =>
      startMosquitto(this.#executable, path.join(this.#folder, `${run}-remote-${index}`), {
        listeners: { mqtt: {}, bridge: bridgeListener },
        settings: ["sys_interval 1"],
      }),
    );
    return Promise.all(remotes);
  }

  async #move(local: Broker, remotes: readonly Broker[]): Promise<Arrived> {
    const brokers = [["local", local], ...remotes.map((remote, index) => [`remote ${index + 1}`, remote] as const)] as [
      string,
      Broker,
    ][];
    const collectors: Record<string, Collector> = {};
    for (const [name, { ports }] of brokers) {
      collectors[name] = await collect("#", { port: ports.mqtt, qos: 2, keepsRetainFlag: true });
    }
    const traffic = trafficOf(this.#lines);
    for (const [name, { ports }] of brokers) {
      const client = await connectMqttClient({ port: ports.mqtt });
      for (const [index, { topic, qos, retain }] of traffic[name === "local" ? "local" : "remote"].entries()) {
        await client.publishAsync(topic, `${name}: ${index}`, { qos, retain });
      }
    }
    await untilQuiet(Object.values(collectors));
    return Object.fromEntries(Object.entries(collectors).map(([name, { messages }]) => [name, distinct(messages)]));
  }
}

function distinct(messages: Collector["messages"]): MovedMessage[] {
  const all = messages.map(({ topic, payload, packet: { qos, retain } }): MovedMessage => {
    const [from = ""] = payload.split(": ");
    const levels = /(?:^|\/)(x(?:\/y)?(?:\/z)?)$/.exec(topic)?.[1]?.split("/").length ?? 0;
    // A broker counts its clients itself: a bridge is one, a relay is several.
    return { topic, payload: topic.endsWith("clients/total") ? "a number" : payload, qos, retain, from, levels };
  });
  return [...new Map(all.map((message) => [JSON.stringify(message), message])).values()];
}

/** Time without a message after which all have come, in looks that are 100 ms apart on an idle machine. */
const quietLooks = 20;

async function untilQuiet(collectors: readonly Collector[]): Promise<void> {
  const counts = () =>
    collectors.map(({ messages }) => messages.filter(({ topic }) => !topic.endsWith("total")).length);
  let last = "";
  let quiet = 0;
  await untilTrue("an end of the messages", async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = counts().join(" ");
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    return quiet >= quietLooks;
  });
}

/** The files that the imported configuration refers to. */
function mountsOf(config: RelayConfigInput, lines: readonly string[], { pem }: Keys): Mounts {
  const secrets: Record<string, Record<string, string>> = {};
  const configmaps: Record<string, Record<string, string>> = {};
  const valueOf = (option: string) =>
    lines.find((line) => line.startsWith(`${option} `))?.slice(option.length + 1) ?? "";
  for (const { mqttSettings } of Object.values(config.endpoints)) {
    const { authentication, tls } = mqttSettings;
    if (authentication.method === "UsernamePassword") {
      const { secretRef } = authentication.usernamePasswordSettings;
      const whose = secretRef.includes("-local") ? "local" : "remote";
      secrets[secretRef] = { username: valueOf(`${whose}_username`), password: valueOf(`${whose}_password`) };
    }
    if (authentication.method === "X509Certificate") {
      const files = { "client_cert.pem": pem.certificate, "client_key.pem": pem.key };
      secrets[authentication.x509CertificateSettings.secretRef] = files;
    }
    const trust = tls?.trustedCaCertificateConfigMapRef;
    if (trust !== undefined) configmaps[trust] = { "ca.crt": pem.ca };
  }
  return { secrets, configmaps };
}
