import { pino, type DestinationStream, type Logger, type LoggerOptions } from "pino";

import { printable } from "../contract/printable.ts";

export type { Logger } from "pino";

/** Levels that `diagnostics.logs.level` takes. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** A line of the log, for those who show it elsewhere. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
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
export function createLog(level: LogLevel, destination?: DestinationStream, onLine?: (line: LogLine) => void): Logger {
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
  onLine: (line: LogLine) => void,
  leastWritten: number,
): NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]> {
  return function (args, method, number) {
    if (number >= levelNumbers.info) {
      const [first, second] = args as readonly unknown[];
      const own = typeof first === "object" && first !== null ? first : {};
      const msg = typeof first === "string" ? first : typeof second === "string" ? second : "";
      const level = number >= levelNumbers.error ? "error" : number >= levelNumbers.warn ? "warn" : "info";
      onLine({ level, msg, fields: { ...this.bindings(), ...own } });
    }
    if (number >= leastWritten) method.apply(this, args);
  };
}
