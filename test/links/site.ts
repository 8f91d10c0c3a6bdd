import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import type { MqttClientOptions } from "../support/mqtt-clients.ts";
import { findExecutable } from "../support/real-parts.ts";
import { buildConfig, plainEndpoint, type MqttSettingsInput } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { registerSecret } from "../support/secrets/run-record.ts";
import { Account } from "./account.ts";
import { startLink, type Link } from "./link.ts";
import { startNameServer, type NameServer } from "./name-server.ts";

/** Addresses that are for documentation only, so that none can be that of a real network. @see RFC 5737 */
export const addresses = {
  /** Of the cloud's broker, over the link. */
  cloud: "203.0.113.2",
  /** Of the same broker. */
  otherCloud: "203.0.113.3",
  /** Nobody has it, and nobody says so. */
  dead: "203.0.113.66",
} as const;

export const names = { edge: "edge.example", cloud: "cloud.example" } as const;

const siteOnLink = "192.0.2.1";
const networks = { link: "192.0.2.0/24", cloud: "203.0.113.0/24" };
/** Addresses of a second line between both, without faults: for what a test publishes and collects. */
const plain = { site: "198.51.100.1", cloud: "198.51.100.2" };
const nameServerAddress = "127.0.0.77";
const mtu = 1400;

/**
 * A site with a relay and a broker (`edge`), and behind an impaired link another broker (`cloud`), in namespaces that are
 * this process's own.
 */
export interface Site {
  readonly link: Link;
  /** Knows `names` when the site begins. */
  readonly nameServer: NameServer;
  readonly edge: Mosquitto<"mqtt">;
  readonly cloud: Mosquitto<"mqtt" | "tls">;
  readonly account: Account;
  /** How a client of the test reaches a broker, past the link. */
  readonly clientOf: Readonly<Record<"edge" | "cloud", MqttClientOptions>>;
  readonly edgeEndpoint: (settings?: MqttSettingsInput) => EndpointInput;
  readonly cloudEndpoint: (settings?: MqttSettingsInput) => EndpointInput;
  /** With TLS; the certificate is for the name. */
  readonly cloudTlsEndpoint: (settings?: MqttSettingsInput) => EndpointInput;
  /** Where the relays find a Secret. */
  secretFolder(name: string): string;
  /** Starts a relay, or one in the place of another that has ended. */
  startRelay(config: Parameters<typeof buildConfig>[0]): Promise<RelayProcess>;
}

/** Sets a site up in the namespaces of this process. @param program what `compileLink` made */
export async function createSite(program: string, folder: string): Promise<Site> {
  const link = await connectCloud(program, folder);
  const nameServer = await useOwnNames(folder);
  const mosquitto = findExecutable("mosquitto") ?? "mosquitto";
  const settings = ["persistence true", "max_inflight_messages 0"];
  const authority = await createCertificateAuthority();
  const server = await authority.createServerCertificate([names.cloud]);
  registerSecret("private key of the cloud's broker", server.key);
  const edge = await startMosquitto(mosquitto, path.join(folder, "edge"), { listeners: { mqtt: {} }, settings });
  const address = "0.0.0.0";
  const cloud = await startMosquitto(mosquitto, path.join(folder, "far"), {
    listeners: { mqtt: { address }, tls: { address, tls: { server } } },
    settings,
    within: link.within,
  });
  const endpoint = (name: string, port: number, more: MqttSettingsInput) =>
    plainEndpoint(port, { host: `${name}:${port}`, ...more });
  const tls = { mode: "Enabled", trustedCaCertificateConfigMapRef: "trust" } as const;
  return {
    link,
    nameServer,
    edge,
    cloud,
    account: new Account(),
    clientOf: {
      edge: { port: edge.ports.mqtt },
      cloud: { port: cloud.ports.mqtt, connect: { host: plain.cloud } },
    },
    edgeEndpoint: (more = {}) => endpoint(names.edge, edge.ports.mqtt, more),
    cloudEndpoint: (more = {}) => endpoint(names.cloud, cloud.ports.mqtt, more),
    cloudTlsEndpoint: (more = {}) => endpoint(names.cloud, cloud.ports.tls, { tls, ...more }),
    secretFolder: (name) => path.join(folder, "mounts", "secrets", name),
    startRelay: (parts) => {
      const config: RelayConfigInput = buildConfig(parts);
      return startRelay({ folder, config, mounts: { configmaps: { trust: { "ca.crt": authority.certificate } } } });
    },
  };
}

/** Makes the namespace of the cloud, the link to it, and the line without faults. */
async function connectCloud(program: string, folder: string): Promise<Link> {
  run("ip", "link", "set", "dev", "lo", "up");
  const link = await startLink(program, folder);
  const runInCloud = (...command: [string, ...string[]]) => {
    const [program, args] = link.within(command[0], command.slice(1));
    run(program, ...args);
  };
  run("ip", "address", "add", `${siteOnLink}/32`, "dev", "link");
  run("ip", "link", "set", "dev", "link", "mtu", String(mtu), "up");
  run("ip", "route", "add", networks.cloud, "dev", "link", "src", siteOnLink);
  runInCloud("ip", "link", "set", "dev", "lo", "up");
  runInCloud("ip", "address", "add", `${addresses.cloud}/32`, "dev", "link");
  runInCloud("ip", "address", "add", `${addresses.otherCloud}/32`, "dev", "link");
  runInCloud("ip", "link", "set", "dev", "link", "mtu", String(mtu), "up");
  runInCloud("ip", "route", "add", networks.link, "dev", "link");
  // Where a machine forwards packets it would answer that there is no such address.
  runInCloud("ip", "route", "add", "blackhole", addresses.dead);
  run("ip", "link", "add", "plain", "type", "veth", "peer", "name", "plain", "netns", link.namespace);
  run("ip", "address", "add", `${plain.site}/24`, "dev", "plain");
  run("ip", "link", "set", "dev", "plain", "up");
  runInCloud("ip", "address", "add", `${plain.cloud}/24`, "dev", "plain");
  runInCloud("ip", "link", "set", "dev", "plain", "up");
  return link;
}

/** Puts a name server of the test in the place of the machine's. */
async function useOwnNames(folder: string): Promise<NameServer> {
  const contents = { "resolv.conf": `nameserver ${nameServerAddress}\n`, "nsswitch.conf": "hosts: files dns\n" };
  for (const [name, content] of Object.entries(contents)) {
    const [own, machines] = [path.join(folder, name), path.join("/etc", name)];
    writeFileSync(own, content);
    if (existsSync(machines)) run("mount", "--bind", own, machines);
  }
  const nameServer = await startNameServer(nameServerAddress);
  nameServer.set(names.edge, ["127.0.0.1"]);
  nameServer.set(names.cloud, [addresses.cloud]);
  return nameServer;
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(findExecutable(program) ?? program, args, { stdio: ["ignore", "ignore", "inherit"] });
}
