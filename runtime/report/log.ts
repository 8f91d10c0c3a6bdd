import { pino, type DestinationStream, type LoggerOptions } from "pino";

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

/** A line of the log, for those who show it elsewhere. */
export interface ToldLine {
  readonly level: "info" | "warn" | "error";
  /** Name of `log-events.ts`. */
  readonly event: string;
  readonly msg: string;
  /** All fields of the line, those of its logger among them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** pino's numbers. */
const levelNumbers = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 } as const;

/**
 * Creates the log: JSON lines with ISO times on standard output, written at once, so that the last lines before an end
 * are there. Payloads and credentials are never given to it. JSON lets some characters through that a terminal obeys: they
 * are escaped too, and whoever parses the line reads the same text.
 */
export function createLog(level: LogLevel, destination?: DestinationStream, onLine?: (line: ToldLine) => void): Logger {
  const options: LoggerOptions = {
    // Whoever shows events wants those too that are not written.
    level: onLine !== undefined && levelNumbers[level] > levelNumbers.info ? "info" : level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    ...(onLine === undefined ? {} : { hooks: { logMethod: tellOf(onLine, levelNumbers[level]) } }),
  };
  const output = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(options, { write: (line) => output.write(`${printable(line.trimEnd())}\n`) });
}

/** Tells of each line from `info` on, and has those written that are as severe as `leastWritten`. */
function tellOf(
  onLine: (line: ToldLine) => void,
  leastWritten: number,
): NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]> {
  return function (args, method, number) {
    if (number >= levelNumbers.info) {
      // As Logger's types have it: the fields, then the text.
      const [fields, msg] = args as unknown as [{ readonly event: string }, string];
      const level = number >= levelNumbers.error ? "error" : number >= levelNumbers.warn ? "warn" : "info";
      onLine({ level, event: fields.event, msg, fields: { ...this.bindings(), ...fields } });
    }
    if (number >= leastWritten) method.apply(this, args);
  };
}
