import { writeFile } from "node:fs/promises";
import path from "node:path";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { startMosquitto, type Mosquitto } from "../../test/support/mosquitto.ts";
import type { BrokerSide } from "../peers/peer.ts";

/** QoS 1 messages that may be unacknowledged on each connection of every bridge. */
export const window = 1000;

export interface Broker {
  readonly plain: BrokerSide;
  readonly tls: BrokerSide;
  /** Stops it in its tracks, its connections stay; {@link resume} lets it go on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface Brokers {
  readonly source: Broker;
  readonly destination: Broker;
}

/** Starts the two mosquitto brokers between which every bridge is measured. */
export async function startBrokers(executable: string, folder: string): Promise<Brokers> {
  const authority = await createCertificateAuthority("benchmark");
  const caFile = path.join(folder, "ca.crt");
  await writeFile(caFile, authority.certificate);
  const start = async (name: string): Promise<Broker> => {
    const server = await authority.createServerCertificate(["localhost", "127.0.0.1"]);
    const broker = await startMosquitto(executable, path.join(folder, name), {
      listeners: { plain: {}, tls: { tls: { server } } },
      settings: [`max_inflight_messages ${window}`, "sys_interval 0"],
    });
    return describeBroker(broker, caFile);
  };
  return { source: await start("source"), destination: await start("destination") };
}

function describeBroker(broker: Mosquitto<"plain" | "tls">, caFile: string): Broker {
  return {
    plain: { port: broker.ports.plain },
    tls: { port: broker.ports.tls, caFile },
    pause: () => {
      broker.pause();
    },
    resume: () => {
      broker.resume();
    },
    stop: () => broker.stop(),
  };
}
