import { isIP } from "node:net";

import { printableLines } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import { say, sayJson, type Session } from "../session.ts";
import { openCredentialFolder } from "./folder.ts";
import { instruct } from "./instructions.ts";
import { describeEvent } from "./log.ts";
import { defaultEmulation, readEmulation } from "./read.ts";
import { startEmulation, type EmulatorSettings } from "./start.ts";
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
  const { file: path, host, port, signal } = options;
  const file = path === undefined ? defaultEmulation : readEmulation(path);
  const folder = openCredentialFolder(options.certificates);
  try {
    const tell = (text: string) => {
      session.errors.write(`${timeOfDay()} ${printableLines(text)}\n`);
    };
    const onEvent = (event: Parameters<typeof describeEvent>[0]) => {
      for (const line of describeEvent(event)) tell(line);
    };
    const emulation = await startEmulation({ file, host, port, folder, onEvent });
    const { settings, setFaults } = emulation;
    if (!isLoopback(host))
      tell(`whoever reaches ${host} can try to connect; only 127.0.0.1 and ::1 are this machine's alone`);
    if (options.isJson) sayJson(session, documentOf(settings));
    else say(session, ...settingsText(settings));
    const changed: typeof setFaults = (next) => {
      setFaults(next);
      tell(`${path}: faults and limits are set anew`);
    };
    const endWatch = path === undefined ? () => undefined : watchEmulation(path, file, { changed, problem: tell });
    await aborted(signal);
    endWatch();
    await emulation.close();
    return ExitCode.ok;
  } finally {
    folder.close();
  }
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
