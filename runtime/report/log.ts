import { pino, type DestinationStream } from "pino";

import { printable } from "../contract/printable.ts";
import type { EventAt, LogEvent } from "./log-events.ts";

/** Levels that `diagnostics.logs.level` takes. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Logs one line. Its event is one of `log-events.ts` with that level, so a line without a name doesn't compile. */
export type LogLine<Level extends LogEvent["level"]> = (
  fields: { readonly event: EventAt<Level>; readonly [name: string]: unknown },
  text: string,
) => void;

/** The relay's log. */
export interface Logger {
  readonly debug: LogLine<"debug">;
  readonly info: LogLine<"info">;
  readonly warn: LogLine<"warn">;
  readonly error: LogLine<"error">;
  /** Makes a log whose lines have these fields too. */
  readonly child: (fields: { readonly [name: string]: unknown }) => Logger;
  readonly isLevelEnabled: (level: LogLevel) => boolean;
}

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
