import { pino, type DestinationStream, type Logger } from "pino";

export type { Logger } from "pino";

/** Levels that `diagnostics.logs.level` takes. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/**
 * Creates the log: JSON lines with ISO times on standard output, written at once, so that the last lines before an end
 * are there. Payloads and credentials are never given to it.
 */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination ?? pino.destination({ fd: 1, sync: true }));
}
