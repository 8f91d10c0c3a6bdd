import { styleText } from "node:util";

import { printable } from "../../runtime/contract/printable.ts";
import type { LedgerTotals } from "./ledger.ts";
import type { DataflowMetrics } from "./relay-output.ts";
import type { Direction } from "./routes.ts";
import type { Arrival } from "./traffic.ts";

/** One dataflow, as a line of a table. */
export interface DataflowLine {
  readonly dataflow: string;
  readonly direction: Direction;
  readonly metrics: DataflowMetrics;
  readonly totals: LedgerTotals;
}

/** The table of what crosses, a line a dataflow. */
export function renderTable(lines: readonly DataflowLine[]): string {
  const header = ["dataflow", "", "received", "delivered", "in flight", "waiting", "p50 ms", "p99 ms"];
  const rows = lines.map(({ dataflow, direction, metrics, totals }) => {
    const counts = ["received_total", "delivered_total", "in_flight", "waiting"].map((name) =>
      String(metrics[`relay_messages_${name}`] ?? 0),
    );
    return [dataflow, direction, ...counts, totals.p50Ms.toFixed(1), totals.p99Ms.toFixed(1)];
  });
  return renderColumns(header, rows);
}

/** A message in full: where it came from and went to, its properties and its payload, escaped: any client may have sent it. */
export function renderArrival({ dataflow, from, to, properties, contentType, payload }: Arrival): string {
  const shown = Object.entries(properties).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(",") : value}`,
  );
  return [
    `${styleText("cyan", dataflow)}  ${printable(from)} ${styleText("dim", "->")} ${printable(to)}`,
    styleText("dim", printable(`  content type ${contentType ?? "none"}  ${shown.join("  ")}`)),
    `  ${printable(payload)}`,
  ].join("\n");
}

/** The ledger at the end: what was accepted has to have arrived. */
export function renderLedger(lines: readonly Pick<DataflowLine, "dataflow" | "direction" | "totals">[]): string {
  const titles = ["published", "accepted", "delivered", "lost", "duplicated"] as const;
  const rows = lines.map(({ dataflow, direction, totals }) => [
    dataflow,
    direction,
    ...titles.map((title) => String(totals[title])),
  ]);
  const sums = titles.map((title) => String(lines.reduce((sum, { totals }) => sum + totals[title], 0)));
  return renderColumns(["dataflow", "", ...titles], [...rows, ["all", "", ...sums]]);
}

/** The first two columns are names, the others numbers. */
const nameColumns = 2;
const columnGap = "  ";

function renderColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const render = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (index < nameColumns ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join(columnGap);
  return [styleText("bold", render(header)), ...rows.map(render)].join("\n");
}
