import { writeFileSync } from "node:fs";

import type { JSONWebKeySet } from "jose";

import { createBroker } from "../../../emulator/broker.ts";
import type { Broker } from "../../../emulator/broker.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import type { CertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import type { BrokerEvent } from "../../../emulator/events.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import type { Mosquitto } from "../../support/mosquitto.ts";
import { registerSecret } from "../../support/secrets/run-record.ts";
import { tokenIssuer } from "../node/control-plane.ts";
import { bridge, inState, siteNamespace } from "../node/places.ts";
import { startProgram } from "../node/program.ts";
import type { Program } from "../node/program.ts";
import type { NodeParts } from "../node/programs.ts";

/** ConfigMap with the CA of AIO's broker, which AIO makes. */
export const aioTrustBundle = "azure-iot-operations-aio-ca-trust-bundle";

/** Names of the brokers, which stand in their certificates. */
export const edgeHost = "aio-broker";
export const plantHost = "historian.plant.example";

/** Name and password that the tests' own clients have at AIO's broker. */
export const machine = { username: "machine", password: "a-machine-of-the-plant" } as const;

/** The two brokers of a site, on the bridge of the pods. */
export interface Brokers {
  readonly edge: Broker;
  readonly edgePort: number;
  /** CA of AIO's broker. */
  readonly edgeAuthority: CertificateAuthority;
  readonly plant: Mosquitto<"pods" | "machines">;
  /** CA of the plant's broker and of the clients' certificates. */
  readonly plantAuthority: CertificateAuthority;
  /** What the edge's broker has told, the oldest first. */
  readonly edgeEvents: readonly BrokerEvent[];
  /** Gives the plant's broker a certificate of another authority, and what clients it trusts; it starts again with them. */
  changeAuthority(server: CertificateAuthority, clients: string): Promise<void>;
  close(): Promise<void>;
}

/** Port of AIO's broker. @see Azure IoT Operations, default BrokerListener */
const aioPort = 18_883;
let others = 0;

/**
 * Starts AIO's broker, which takes the cluster's own tokens, and mosquitto, which takes client certificates.
 * @param keySet the cluster's public keys
 */
export async function startBrokers(parts: NodeParts, keySet: JSONWebKeySet): Promise<Brokers> {
  registerSecret("password of the tests' clients", machine.password);
  const edgePort = aioPort + others++;
  const edgeAuthority = await createCertificateAuthority("AIO CA");
  const plantAuthority = await createCertificateAuthority("Plant CA");
  const edgeEvents: BrokerEvent[] = [];
  const edge = await createBroker({
    profile: createAioProfile({ keySet, issuer: tokenIssuer, passwords: { [machine.username]: machine.password } }),
    listeners: [
      {
        transport: "tcp",
        host: bridge.address,
        port: edgePort,
        tls: await edgeAuthority.createServerCertificate([edgeHost]),
      },
    ],
    onEvent: (event) => {
      if (event.kind === "connect" || event.kind === "refuse") edgeEvents.push(event);
    },
  });
  const folder = inState(`mosquitto-${edgePort}`);
  const server = await plantAuthority.createServerCertificate([plantHost]);
  const plant = await startMosquitto(parts.mosquitto, folder, {
    listeners: {
      pods: { address: bridge.address, tls: { server, clientAuthority: plantAuthority.certificate } },
      machines: {},
    },
    settings: ["persistence true", "autosave_interval 5"],
  });
  return {
    edge,
    edgePort,
    edgeAuthority,
    plant,
    plantAuthority,
    edgeEvents,
    changeAuthority: async (authority, clients) => {
      const renewed = await authority.createServerCertificate([plantHost]);
      await plant.stop();
      writeFileSync(`${folder}/pods.crt`, renewed.certificate);
      writeFileSync(`${folder}/pods.key`, renewed.key);
      writeFileSync(`${folder}/pods.ca`, clients);
      await plant.start();
    },
    close: async () => {
      await Promise.all([edge.close(), plant.stop()]);
    },
  };
}

/** Starts the cluster's name service: Services have no address of their own here, so their names lead to the bridge. */
export async function startNameService(parts: NodeParts): Promise<Program> {
  const names = [`${edgeHost}.${siteNamespace}.svc.cluster.local`, plantHost];
  const program = startProgram("dnsmasq", parts.dnsmasq, [
    "--keep-in-foreground",
    "--no-resolv",
    "--no-hosts",
    "--pid-file=",
    "--user=root",
    `--listen-address=${bridge.address}`,
    "--bind-interfaces",
    "--log-facility=-",
    ...names.map((name) => `--address=/${name}/${bridge.address}`),
    // Any other name does not exist.
    "--address=/#/",
  ]);
  await Promise.resolve();
  return program;
}
