import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { cleanUp } from "../support/integration.ts";
import { findExecutable } from "../support/real-parts.ts";
import { runSchedule, type ScheduleResult } from "./schedule.ts";

/*
 * npm run ledger -- --seed 1 --schedules 300 --messages 10000 --results ledger.jsonl
 *
 * Runs schedules of random faults, one line of results each. With --results, those that are in the file are not run again,
 * so that a run may be interrupted; a schedule that failed is run again by its seed alone.
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    schedules: { type: "string", default: "10" },
    messages: { type: "string", default: "3000" },
    scale: { type: "string", default: "1" },
    results: { type: "string" },
  },
});

function readResults(file: string | undefined): ScheduleResult[] {
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ScheduleResult);
}

/** What a schedule has to answer for; empty when nothing. */
function failuresOf({ early, lost, outOfOrder, isComplete, ends }: ScheduleResult): string[] {
  const show = (numbers: readonly number[]) => `${numbers.length} (${numbers.slice(0, 5).join(", ")})`;
  return [
    ...(early.length > 0 ? [`acknowledged too early: ${show(early)}`] : []),
    ...(lost.length > 0 ? [`lost by the relay: ${show(lost)}`] : []),
    ...(outOfOrder.length > 0 ? [`out of order: ${show(outOfOrder)}`] : []),
    ...ends.map((end) => `the relay ended, ${end}`),
    ...(isComplete ? [] : ["not everything had arrived in time"]),
  ];
}

const mosquitto = findExecutable("mosquitto");
if (mosquitto === undefined) throw new Error("mosquitto: not found; get it with: apt-get install mosquitto");
const results = readResults(values.results);
const done = new Set(results.map(({ seed }) => seed));
const first = Number(values.seed);
let failed = 0;
for (let seed = first; seed < first + Number(values.schedules); seed++) {
  if (done.has(seed)) continue;
  const plan = { seed, messages: Number(values.messages), mosquitto, scale: Number(values.scale) };
  const result = await runSchedule(plan);
  await cleanUp();
  results.push(result);
  if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(result)}\n`);
  const failures = failuresOf(result);
  if (failures.length > 0) failed++;
  const { seen, acknowledged, fromDisk, duplicates, faults } = result;
  process.stdout.write(
    `seed ${seed}: ${seen} messages, ${acknowledged} acknowledged, ${fromDisk} of them from the disk, ${duplicates} duplicates, faults ${JSON.stringify(faults)}\n`,
  );
  for (const failure of failures)
    process.stdout.write(
      `seed ${seed}: FAILED, ${failure}; again: npm run ledger -- --seed ${seed} --schedules 1 --messages ${plan.messages} --scale ${plan.scale}\n`,
    );
}
const sum = (read: (result: ScheduleResult) => number) => results.reduce((total, result) => total + read(result), 0);
process.stdout.write(
  `${results.length} schedules, ${sum(({ seen }) => seen)} messages, ${sum(({ fromDisk }) => fromDisk)} acknowledged from the disk, ${sum(({ duplicates }) => duplicates)} duplicates, ${sum(({ lost, early }) => lost.length + early.length)} lost by the relay\n`,
);
process.exitCode = failed === 0 && results.every((result) => failuresOf(result).length === 0) ? 0 : 1;
