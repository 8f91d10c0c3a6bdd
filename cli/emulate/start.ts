import { createBroker, type Broker } from "../../emulator/broker.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";
import { createClients, createTokenIssuer, type ClientSettings } from "./clients.ts";
import { createFileFaults } from "./faults.ts";
import type { CredentialFolder } from "./folder.ts";
import { openDelayedPort, type DelayedPort } from "./latency.ts";
import { buildProfile } from "./profile.ts";
import type { EmulationFile } from "./schema.ts";

/** How to connect to an emulator. */
export interface EmulatorSettings {
  readonly profile: EmulationFile["profile"];
  /** Name to connect to; with TLS the server's certificate has it. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Address that it listens on. */
  readonly listensOn: string;
  /** Folder of all the files below. */
  readonly folder: string;
  /** The folder is removed at the end. */
  readonly isTemporary: boolean;
  readonly caFile: string;
  readonly clients: readonly ClientSettings[];
}

/** A running emulator. */
export interface Emulation {
  readonly settings: EmulatorSettings;
  /** Ends the faults and limits that hold, and sets those of this file. */
  readonly setFaults: (file: Pick<EmulationFile, "faults" | "limits">) => void;
  readonly close: () => Promise<void>;
}

export interface EmulationOptions {
  readonly file: EmulationFile;
  /** Address to listen on. */
  readonly host: string;
  /** Wins over the file's; 0 takes a free one. */
  readonly port: number | undefined;
  /** Stays open; whoever opened it closes it. */
  readonly folder: CredentialFolder;
  readonly onEvent: (event: BrokerEvent) => void;
}

const defaultTlsPort = 8883;
const defaultPort = 1883;

/** @throws {ConfigError} when the address can't be listened on */
export async function startEmulation({ file, host, port, folder, onEvent }: EmulationOptions): Promise<Emulation> {
  const authority = await createCertificateAuthority("mqtt-dataflow emulate CA");
  const tokens = await createTokenIssuer(file.profile);
  const { clients, passwords } = await createClients(file, { folder, authority, tokens });
  const caFile = folder.write("ca.pem", authority.certificate);
  const server = await authority.createServerCertificate(serverNames(file));
  const tls = { ...server, clientCa: authority.certificate };
  folder.write("server.pem", server.certificate);
  folder.writeSecret("server.key", server.key);
  const isTls = hasTls(file);
  let latencyMs = 0;
  const faults = createFileFaults(() => broker.faults);
  const broker: Broker = await createBroker({
    profile: buildProfile(file, tokens, passwords),
    listeners: [{ transport: "tcp", ...(isTls ? { tls } : {}) }],
    onEvent: (event) => {
      onEvent(event);
      faults.observe(event);
    },
  });
  const setFaults: Emulation["setFaults"] = (next) => {
    latencyMs = next.faults.latencyMs;
    faults.apply(next);
  };
  setFaults(file);
  const wanted = port ?? file.port ?? (isTls ? defaultTlsPort : defaultPort);
  const outside = await listen(broker, host, wanted, () => latencyMs);
  const { path, isTemporary } = folder;
  const names = { host: file.hostNames[0] ?? "localhost", port: outside.port, isTls, listensOn: host };
  return {
    settings: { profile: file.profile, ...names, folder: path, isTemporary, caFile, clients },
    setFaults,
    close: async () => {
      await broker.close();
      await outside.close();
    },
  };
}

/** Certificates are shown in TLS only. */
function hasTls({ profile, tls, clients }: EmulationFile): boolean {
  const hasCertificates = Object.values(clients).some(({ authentication }) => authentication === "certificate");
  return tls ?? (profile !== "plain" || hasCertificates);
}

/** Event Grid has to be called by its name; of the others some clients know the address only. */
function serverNames({ profile, hostNames }: EmulationFile): readonly string[] {
  return profile === "event-grid" ? hostNames : [...new Set([...hostNames, "127.0.0.1"])];
}

async function listen(broker: Broker, host: string, port: number, delayMs: () => number): Promise<DelayedPort> {
  try {
    return await openDelayedPort({ host, port, target: broker.addresses[0]?.port ?? 0, delayMs });
  } catch (cause) {
    await broker.close();
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    const remedies: Readonly<Record<string, string>> = {
      EADDRINUSE: "stop the program that listens there, or give another --port; 0 takes a free one",
      EACCES: "give a --port above 1023",
    };
    const path = code === "EADDRINUSE" || code === "EACCES" ? "--port" : "--host";
    const problem = `can't be listened on (${code})`;
    const remedy = remedies[code] ?? "give an address of this machine";
    throw new ConfigError(`${host}:${port}`, [{ path, problem, remedy }], { cause });
  }
}
