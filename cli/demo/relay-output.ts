import { printable } from "../../runtime/contract/printable.ts";

/** A line of the relay's log, as far as the demo reads it. */
export interface RelayLogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Metrics of one dataflow, by metric name. */
export type DataflowMetrics = Readonly<Record<string, number>>;

/** Reads a line of the relay's output; what is none of its own log, such as a warning of Node.js, comes as one. */
export function parseLogLine(line: string): RelayLogLine {
  try {
    const parsed = JSON.parse(line) as Partial<RelayLogLine> | null;
    if (typeof parsed?.level === "string" && typeof parsed.msg === "string") return parsed as RelayLogLine;
  } catch {
    // A text, not JSON.
  }
  return { level: "warn", msg: line };
}

/** Says a line of the log as a sentence: `relay warning: disconnected, will retry (dataflow=alarms end=source)`. */
export function renderLogLine(line: RelayLogLine): string {
  const { level, msg, time: _time, site: _site, event: _event, ...fields } = line;
  const shown = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return printable(
    `relay ${level === "warn" ? "warning" : level}: ${msg}${shown.length === 0 ? "" : ` (${shown.join(" ")})`}`,
  );
}

/** Reads `name{dataflow="x",…} value` lines of an exposition; values of one name and dataflow are added up. */
export function parseMetrics(text: string): ReadonlyMap<string, DataflowMetrics> {
  const byDataflow = new Map<string, Record<string, number>>();
  for (const match of text.matchAll(/^(\w+)\{dataflow="([^"]+)"[^}]*\} ([0-9.e+-]+)$/gm)) {
    const [, name = "", dataflow = "", value = "0"] = match;
    const metrics = byDataflow.get(dataflow) ?? {};
    metrics[name] = (metrics[name] ?? 0) + Number(value);
    byDataflow.set(dataflow, metrics);
  }
  return byDataflow;
}
