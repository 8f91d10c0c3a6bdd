import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { failuresOf, type ScheduleResult } from "./schedule.ts";

/** Columns of a run, in the order of a message's way. */
const columns = [
  ["published", ({ published }: ScheduleResult) => published],
  ["acknowledged to the publisher", ({ accepted }: ScheduleResult) => accepted],
  ["discarded by a broker", ({ discarded }: ScheduleResult) => discarded],
  ["acknowledged by the relay", ({ acknowledged }: ScheduleResult) => acknowledged],
  ["of them from the disk", ({ fromDisk }: ScheduleResult) => fromDisk],
  ["delivered", ({ delivered }: ScheduleResult) => delivered],
  ["dead letters", ({ deadLetters }: ScheduleResult) => deadLetters],
  ["lost with QoS 0 by a fault", ({ lostWithQos0 }: ScheduleResult) => lostWithQos0],
  ["duplicates", ({ duplicates }: ScheduleResult) => duplicates],
  ["outstanding at faults", ({ outstanding }: ScheduleResult) => outstanding],
  ["duplicates beyond that", ({ unexplained }: ScheduleResult) => unexplained.length],
  ["out of order", ({ outOfOrder }: ScheduleResult) => outOfOrder.length],
  ["acknowledged too early", ({ early }: ScheduleResult) => early.length],
  ["lost by the relay", ({ lost }: ScheduleResult) => lost.length],
  ["missing", ({ missing }: ScheduleResult) => missing.length],
  ["stuck", ({ isComplete, complaints }: ScheduleResult) => complaints.length + (isComplete ? 0 : 1)],
] as const;

/** Reads what an earlier run has written, one schedule a line; nothing where there is no such file. */
export function readResults(file: string | undefined): ScheduleResult[] {
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ScheduleResult);
}

/** Sums of all schedules by column. */
export function totalsOf(results: readonly ScheduleResult[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    columns.map(([name, read]) => [name, results.reduce((total, result) => total + read(result), 0)]),
  );
}

/** The run as Markdown: totals, then schedules by brokers, then faults. */
export function renderSummary(results: readonly ScheduleResult[]): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const seeds = results.map(({ seed }) => seed);
  const failed = results.filter((result) => failuresOf(result).length > 0);
  const seconds = results.reduce((total, result) => total + result.seconds, 0);
  const sizes = [...new Set(results.map(({ messages }) => number(messages)))].join(" or ");
  const head = `${results.length} schedules, seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}, ${sizes} messages each, ${Math.round(seconds / 60)} minutes in all. Failed: ${failed.length === 0 ? "none" : failed.map(({ seed }) => seed).join(", ")}.`;
  const totals = Object.entries(totalsOf(results)).map(([name, value]) => [name, number(value)]);
  const names = [...new Set(results.flatMap(({ faults }) => faults))].sort();
  const all = results.flatMap(({ faults }) => faults);
  const times = names.map((name) => [`\`${name}\``, number(all.filter((fault) => fault === name).length)]);
  const pairs = [...new Set(results.map(({ brokers }) => brokers))].sort();
  const scenes = [...new Set(results.flatMap(({ scene }) => scene))].sort();
  const having = scenes.map((name) => [name, number(results.filter(({ scene }) => scene.includes(name)).length)]);
  const schedules = pairs.map((pair) => [pair, number(results.filter(({ brokers }) => brokers === pair).length)]);
  return [
    head,
    table(["messages", "count"], totals),
    table(["brokers", "schedules"], schedules),
    table(["what they had", "schedules"], having),
    table(["fault", "times"], times),
  ].join("\n\n");
}

function table(head: readonly [string, string], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row[0]?.padEnd(widths[0] ?? 0) ?? ""} | ${row[1]?.padStart(widths[1] ?? 0) ?? ""} |`;
  const rule = `| ${"-".repeat(widths[0] ?? 0)} | ${"-".repeat((widths[1] ?? 1) - 1)}: |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const begin = "<!-- The last run: written by `npm run ledger`. -->";
const end = "<!-- End of the last run. -->";

/** Puts a summary between its two marks of a page. @throws when the page lacks them */
export function writePage(file: string, summary: string): void {
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file}: has no "${begin}" with "${end}" behind it; add both lines`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${summary}\n\n${text.slice(to)}`);
}
