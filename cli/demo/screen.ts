import { styleText } from "node:util";

import type { LedgerTotals } from "./ledger.ts";
import type { DataflowMetrics } from "./relay-process.ts";
import type { Arrival } from "./traffic.ts";

/** One dataflow, as a line of the screen. */
export interface DataflowLine {
  readonly dataflow: string;
  readonly direction: string;
  readonly metrics: DataflowMetrics;
  readonly totals: LedgerTotals;
}

const columns = [
  ["dataflow", 14],
  ["", 14],
  ["received", 10],
  ["delivered", 10],
  ["in flight", 10],
  ["waiting", 9],
  ["p50 ms", 8],
  ["p99 ms", 8],
] as const;

/** The table of what crosses, a line a dataflow. */
export function renderTable(lines: readonly DataflowLine[]): string {
  const header = columns.map(([title, width]) => title.padEnd(width)).join("");
  const rows = lines.map(({ dataflow, direction, metrics, totals }) => {
    const metric = (name: string) => String(metrics[`relay_messages_${name}`] ?? 0);
    const cells = [
      dataflow,
      direction,
      metric("received_total"),
      metric("delivered_total"),
      metric("in_flight"),
      metric("waiting"),
      totals.p50Ms.toFixed(1),
      totals.p99Ms.toFixed(1),
    ];
    return cells.map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0)).join("");
  });
  return [styleText("bold", header.trimEnd()), ...rows].join("\n");
}

/** A message in full: where it came from and went to, its properties and its payload. */
export function renderArrival({ dataflow, from, topic, properties, contentType, payload }: Arrival): string {
  const shown = Object.entries(properties).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join(",") : value}`,
  );
  const lines = [
    `${styleText("cyan", dataflow)}  ${from} ${styleText("dim", "->")} ${topic}`,
    styleText("dim", `  content type ${contentType ?? "none"}  ${shown.join("  ")}`),
    `  ${payload}`,
  ];
  return lines.join("\n");
}

/** The ledger at the end: what was published has to have arrived. */
export function renderLedger(lines: readonly Pick<DataflowLine, "dataflow" | "direction" | "totals">[]): string {
  const titles = ["published", "accepted", "delivered", "lost", "duplicated"] as const;
  const header = ["dataflow".padEnd(28), ...titles.map((title) => title.padStart(12))].join("");
  const rows = lines.map(({ dataflow, direction, totals }) => {
    const cells = titles.map((title) => String(totals[title]).padStart(12));
    return `${`${dataflow} (${direction})`.padEnd(28)}${cells.join("")}`;
  });
  const sum = (title: (typeof titles)[number]) => lines.reduce((total, { totals }) => total + totals[title], 0);
  const all = `${"all".padEnd(28)}${titles.map((title) => String(sum(title)).padStart(12)).join("")}`;
  const verdict =
    sum("lost") === 0 ? styleText("green", "nothing lost") : styleText("red", `${sum("lost")} messages lost`);
  return [styleText("bold", header), ...rows, all, "", verdict].join("\n");
}

/** Draws over what it drew before where there is a terminal; elsewhere each drawing follows the last. */
export class Screen {
  readonly #output: NodeJS.WriteStream;
  #drawnLines = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  get isLive(): boolean {
    return this.#output.isTTY;
  }

  draw(text: string): void {
    if (this.isLive && this.#drawnLines > 0) this.#output.write(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#output.write(`${text}\n`);
    this.#drawnLines = text.split("\n").length;
  }

  /** Writes lines that stay; what is drawn next comes below them. */
  say(text: string): void {
    this.#output.write(`${text}\n`);
    this.#drawnLines = 0;
  }
}
