import { pino, type DestinationStream, type Logger } from "pino";

import { printable } from "../contract/printable.ts";

export type { Logger } from "pino";

/** Levels that `diagnostics.logs.level` takes. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/**
 * Creates the log: JSON lines with ISO times on standard output, written at once, so that the last lines before an end
 * are there. Payloads and credentials are never given to it. JSON lets some characters through that a terminal obeys: they
 * are escaped too, and whoever parses the line reads the same text.
 */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const output = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(options, { write: (line) => output.write(`${printable(line.trimEnd())}\n`) });
}
