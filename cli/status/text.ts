import { printable } from "../../runtime/contract/printable.ts";
import type {
  DataflowReport,
  MessageSample,
  RelayEvent,
  StatusDocument,
} from "../../runtime/contract/status/schema.ts";

/** Colours a word by what it means; a pipe gets it as it is. */
export type Paint = (style: "bold" | "dim" | "green" | "yellow" | "red", text: string) => string;

const stateStyles = { ok: "green", attention: "yellow", failed: "red" } as const;
const header = [
  "dataflow",
  "state",
  "received/s",
  "delivered/s",
  "waiting",
  "in flight",
  "on disk",
  "oldest",
  "p50",
  "p99",
];

/** Renders a status as lines: what is wrong, and a table of the dataflows. */
export function statusLines(status: StatusDocument, paint: Paint): string[] {
  const { relay, state, reasons, dataflows } = status;
  const rows = dataflows.map(rowOf);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  const painted = rows.map((row, index) => {
    const cells = line(row);
    cells[1] = paint(stateStyles[dataflows[index]?.state ?? "ok"], cells[1] ?? "");
    return cells.join("  ");
  });
  return [
    `${paint("bold", printable(relay.site ?? "relay"))} instance ${relay.instance}: ${paint(stateStyles[state], state)}`,
    ...reasons.map((reason) => `  ${printable(reason)}`),
    "",
    paint("bold", line(header).join("  ")),
    ...painted,
    ...dataflows.flatMap((dataflow) => errorLines(dataflow, paint)),
  ];
}

function rowOf(dataflow: DataflowReport): string[] {
  const { latencySeconds, oldestSeconds, onDisk } = dataflow;
  const milliseconds = (seconds: number | undefined) =>
    seconds === undefined ? "-" : `${(seconds * 1000).toFixed(0)} ms`;
  return [
    printable(dataflow.name),
    dataflow.state,
    String(dataflow.receivedPerSecond),
    String(dataflow.deliveredPerSecond),
    String(dataflow.waiting),
    `${dataflow.inFlight} of ${dataflow.window}`,
    onDisk.maxBytes === null ? "-" : String(onDisk.messages),
    `${oldestSeconds.toFixed(1)} s`,
    milliseconds(latencySeconds?.p50),
    milliseconds(latencySeconds?.p99),
  ];
}

function errorLines({ name, lastError }: DataflowReport, paint: Paint): string[] {
  if (lastError === null || lastError.isOver) return [];
  const { text, remedy, since, times } = lastError;
  return [
    "",
    `${paint("bold", printable(name))} since ${since}, ${times} times: ${printable(text)}`,
    ...(remedy === undefined ? [] : [`  what to do: ${printable(remedy)}`]),
  ];
}

const levelStyles = { info: "dim", warn: "yellow", error: "red" } as const;

/** Renders an event as one line. */
export function eventLine(event: RelayEvent, paint: Paint): string {
  const { time, level, name, text, reason, remedy, dataflow, side, endpoint, topic } = event;
  const about = [dataflow, side, endpoint, topic].filter((part) => part !== undefined).join(" ");
  const said = [text, reason].filter((part) => part !== undefined).join(": ");
  const what = remedy === undefined ? "" : `; ${remedy}`;
  return `${time} ${paint(levelStyles[level], level.padEnd(5))} ${name}${about === "" ? "" : ` (${printable(about)})`}: ${printable(said + what)}`;
}

/** Renders a sampled message as lines. */
export function sampleLines(
  { time, source, destination, problem, payloadBytes, payload }: MessageSample,
  paint: Paint,
): string[] {
  const to = destination === null ? `not delivered: ${problem ?? ""}` : destination.topic;
  const properties = (destination ?? source).properties.map(([name, value]) => `${name}=${value}`).join("  ");
  const sizes = `QoS ${source.qos}${source.retain ? ", retained" : ""}, payload ${payloadBytes} bytes`;
  return [
    `${time} ${printable(source.topic)} ${paint("dim", "->")} ${printable(to)}`,
    paint("dim", `  ${sizes}${properties === "" ? "" : `  ${printable(properties)}`}`),
    ...(payload === undefined
      ? []
      : [
          `  ${payload.encoding === "base64" ? "base64: " : ""}${printable(payload.content)}${payload.isWhole ? "" : "…"}`,
        ]),
  ];
}
