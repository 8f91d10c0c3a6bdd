import { pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";

import type { CertificateAndKey } from "../../emulator/certificates/certificate-authority.ts";
import { findFreePort } from "./free-port.ts";
import { registerSecret } from "./secrets/run-record.ts";
import { startProcess, type StartedProcess, type Within } from "./started-process.ts";

/** One port of a broker, and who may come in there. */
export interface MosquittoListener {
  readonly protocol?: "mqtt" | "websockets";
  /** That it listens on; 127.0.0.1 when omitted. */
  readonly address?: string;
  readonly tls?: {
    readonly server: CertificateAndKey;
    /** Clients have to show a certificate of this authority, in PEM; its Common Name becomes their user name. */
    readonly clientAuthority?: string;
  };
  /** Passwords by user name; omitted: nobody needs one. */
  readonly passwords?: Readonly<Record<string, string>>;
}

export interface MosquittoOptions<Name extends string> {
  readonly listeners: Readonly<Record<Name, MosquittoListener>>;
  /** Further lines of `mosquitto.conf`, for the broker as a whole. */
  readonly settings?: readonly string[];
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; omitted: in this process's namespaces. */
  readonly within?: Within;
}

/** A real broker on loopback. */
export interface Mosquitto<Name extends string> {
  readonly ports: Readonly<Record<Name, number>>;
  /** What it has logged since it was started last. */
  readonly log: readonly string[];
  untilLog(isWanted: (line: string) => boolean): Promise<string>;
  /** Ends it, as an operator does; it writes what it persists first. */
  stop(): Promise<void>;
  /** Keeps it from doing anything, until {@link resume}; its connections stay. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same ports, with what it has persisted. */
  start(): Promise<void>;
}

/** Time after which a mosquitto that was told to end is told again. */
const stopAgainMs = 500;

/** Writes a configuration into `folder` and starts mosquitto with it. */
export async function startMosquitto<Name extends string>(
  executable: string,
  folder: string,
  { listeners, settings = [], env = {}, within = (program, args) => [program, [...args]] }: MosquittoOptions<Name>,
): Promise<Mosquitto<Name>> {
  mkdirSync(folder, { recursive: true });
  const ports = {} as Record<Name, number>;
  const blocks: string[] = [];
  for (const [name, listener] of Object.entries(listeners) as [Name, MosquittoListener][]) {
    ports[name] = await findFreePort();
    blocks.push(...listenerLines(path.join(folder, name), ports[name], listener));
  }
  const general = [
    "per_listener_settings true",
    `user ${userInfo().username}`, // else it changes to a user that can't read the folder
    "log_dest stderr",
    ...["error", "warning", "notice", "information", "subscribe"].map((type) => `log_type ${type}`),
    "set_tcp_nodelay true",
    // The default of 1000 drops what a dataflow that is away would still get.
    "max_queued_messages 0",
    `persistence_location ${folder}/`,
  ];
  const file = path.join(folder, "mosquitto.conf");
  writeFileSync(file, [...general, ...settings, ...blocks, ""].join("\n"));

  let broker: StartedProcess | undefined;
  const current = () => {
    if (broker === undefined) throw new Error("mosquitto is stopped");
    return broker;
  };
  const start = async () => {
    broker = startProcess(...within(executable, ["-c", file]), { env });
    await broker.untilLine((line) => line.endsWith(" running"));
  };
  await start();
  return {
    ports,
    get log() {
      return current().lines;
    },
    untilLog: (isWanted) => current().untilLine(isWanted),
    stop: async () => {
      const ended = current().stop();
      // One that has just said "running" loses a signal: it begins its loop, and with it its life, a moment later.
      const again = setInterval(() => {
        current().kill("SIGTERM");
      }, stopAgainMs);
      await ended;
      clearInterval(again);
      broker = undefined;
    },
    pause: () => {
      current().kill("SIGSTOP");
    },
    resume: () => {
      current().kill("SIGCONT");
    },
    start,
  };
}

function listenerLines(prefix: string, port: number, listener: MosquittoListener): string[] {
  const { protocol, address = "127.0.0.1", tls, passwords } = listener;
  const lines = [`listener ${port} ${address}`, `protocol ${protocol ?? "mqtt"}`];
  const addFile = (setting: string, suffix: string, content: string) => {
    writeFileSync(`${prefix}.${suffix}`, content);
    lines.push(`${setting} ${prefix}.${suffix}`);
  };
  if (tls !== undefined) {
    addFile("certfile", "crt", tls.server.certificate);
    addFile("keyfile", "key", tls.server.key);
    if (tls.clientAuthority !== undefined) {
      addFile("cafile", "ca", tls.clientAuthority);
      lines.push("require_certificate true", "use_identity_as_username true");
    }
  }
  if (passwords !== undefined) addFile("password_file", "passwords", passwordFile(passwords));
  lines.push(`allow_anonymous ${passwords === undefined && tls?.clientAuthority === undefined}`);
  return lines;
}

/** Rounds of PBKDF2 that mosquitto's own tool takes. */
const hashRounds = 101;

/** Hashes passwords as `mosquitto_passwd` does: PBKDF2 with SHA-512. */
function passwordFile(passwords: Readonly<Record<string, string>>): string {
  for (const [user, password] of Object.entries(passwords)) registerSecret(`password of ${user}`, password);
  return Object.entries(passwords)
    .map(([user, password]) => {
      const salt = randomBytes(12);
      const hash = pbkdf2Sync(password, salt, hashRounds, 64, "sha512");
      return `${user}:$7$${hashRounds}$${salt.toString("base64")}$${hash.toString("base64")}\n`;
    })
    .join("");
}
