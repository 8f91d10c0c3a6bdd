import { isIP } from "node:net";

import { printableLines } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import { say, sayJson, type Session } from "../session.ts";
import { openCredentialFolder } from "./folder.ts";
import { instruct, pahoName } from "./instructions.ts";
import { describeEvent } from "./log.ts";
import { defaultEmulation, readEmulation } from "./read.ts";
import type { EmulationFile } from "./schema.ts";
import { startEmulation, type Emulation, type EmulatorSettings } from "./start.ts";
import { settingsText } from "./text.ts";
import { watchEmulation } from "./watch.ts";

export interface EmulateOptions {
  /** Absent: Event Grid with two clients. */
  readonly file: string | undefined;
  /** Folder of the certificates; absent: a temporary one. */
  readonly certificates: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly isJson: boolean;
  /** Ends the emulator. */
  readonly signal: AbortSignal;
}

/**
 * Emulates a broker until the signal comes.
 * @returns the exit code
 * @throws {ConfigError} when the file, the folder or the address is wrong
 */
export async function runEmulate(session: Session, options: EmulateOptions): Promise<number> {
  const { file: path, host, port } = options;
  const file = path === undefined ? defaultEmulation : readEmulation(path);
  const folder = openCredentialFolder(options.certificates);
  const tell = (text: string) => {
    session.errors.write(`${timeOfDay()} ${printableLines(text)}\n`);
  };
  const onEvent = (event: Parameters<typeof describeEvent>[0]) => {
    for (const line of describeEvent(event)) tell(line);
  };
  try {
    const emulation = await startEmulation({ file, host, port, folder, onEvent });
    try {
      for (const client of emulation.settings.clients)
        folder.write(pahoName(client), `${instruct(emulation.settings, client).paho}\n`);
      await serve(session, { ...options, first: file, emulation, tell });
    } finally {
      await emulation.close();
    }
    return ExitCode.ok;
  } finally {
    folder.close();
  }
}

interface Serving extends EmulateOptions {
  readonly first: EmulationFile;
  readonly emulation: Emulation;
  readonly tell: (text: string) => void;
}

/** Prints how to connect, and follows the file until the signal comes. */
async function serve(session: Session, serving: Serving): Promise<void> {
  const { file: path, host, isJson, signal, first, emulation, tell } = serving;
  const { settings, setFaults } = emulation;
  if (!isLoopback(host)) {
    tell(`whoever reaches ${host} can try to connect; only 127.0.0.1 and ::1 are this machine's alone`);
  }
  if (isJson) sayJson(session, documentOf(settings));
  else say(session, ...settingsText(settings));
  const changed: typeof setFaults = (next) => {
    setFaults(next);
    tell(`${path}: faults and limits are set anew`);
  };
  const endWatch = path === undefined ? () => undefined : watchEmulation(path, first, { changed, problem: tell });
  await aborted(signal);
  endWatch();
}

function documentOf(settings: EmulatorSettings) {
  const { clients, ...broker } = settings;
  return {
    version: 1,
    ...broker,
    clients: clients.map((client) => ({ ...client, instructions: instruct(settings, client) })),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
