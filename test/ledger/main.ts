import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { cleanUp } from "../support/integration.ts";
import { patientMs } from "../support/patience.ts";
import { findExecutable } from "../support/real-parts.ts";
import { compileMachine } from "./machine.ts";
import { failuresOf, runSchedule, type ScheduleResult } from "./schedule.ts";
import type { SchedulePlan } from "./stage.ts";
import { readResults, renderSummary, totalsOf, writePage } from "./summary.ts";

/*
 * npm run ledger -- --schedules 300 --seed 1 --messages 10000 --results ledger.jsonl --page doc/ledger.md
 *
 * Runs schedules of random faults, one line of results each. With --results, those that are in the file are not run again,
 * so that a run may be interrupted; a schedule that failed is run again by its seed alone. With --page, the summary is
 * written into that page. See doc/ledger.md.
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    schedules: { type: "string", default: "10" },
    messages: { type: "string", default: "10000" },
    scale: { type: "string", default: "0.3" },
    results: { type: "string" },
    page: { type: "string" },
  },
});

/** A schedule that takes longer on an idle machine hangs. */
const scheduleMs = 180_000;

async function runInTime(plan: SchedulePlan): Promise<ScheduleResult> {
  const deadlineMs = patientMs(scheduleMs);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it did not end within ${deadlineMs / 1000} s`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([runSchedule(plan), tooLate]);
  } finally {
    clearTimeout(timer);
    await cleanUp();
  }
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => {
    void cleanUp().finally(() => process.exit(code));
  });
const mosquitto = findExecutable("mosquitto");
if (mosquitto === undefined) throw new Error("mosquitto: not found; get it with: apt-get install mosquitto");
const compiler = findExecutable("cc");
if (compiler === undefined)
  process.stderr.write(
    "cc: not found, so no power cuts, clock jumps and disk faults; get it with: apt-get install build-essential\n",
  );
const machine = compiler === undefined ? undefined : compileMachine(compiler);
const results = readResults(values.results);
const done = new Set(results.map(({ seed }) => seed));
const first = Number(values.seed);
let failed = results.filter((result) => failuresOf(result).length > 0).length;
for (let seed = first; seed < first + Number(values.schedules); seed++) {
  if (done.has(seed)) continue;
  const plan = { seed, messages: Number(values.messages), mosquitto, machine, scale: Number(values.scale) };
  const again = `npm run ledger -- --seed ${seed} --schedules 1 --messages ${plan.messages} --scale ${plan.scale}`;
  let failures: string[];
  try {
    const result = await runInTime(plan);
    results.push(result);
    if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(result)}\n`);
    failures = failuresOf(result);
    const { seconds, brokers, published, discarded, fromDisk, deadLetters, duplicates, outstanding, faults } = result;
    process.stdout.write(
      `seed ${seed}: ${seconds} s, ${brokers}, ${published} published, ${discarded} discarded by a broker, ${fromDisk} acknowledged from the disk, ${deadLetters} dead letters, ${duplicates} duplicates of ${outstanding} outstanding, faults ${faults.join(", ")}\n`,
    );
    for (const line of result.log) process.stdout.write(`seed ${seed}: log ${line}\n`);
  } catch (cause) {
    failures = [String(cause)];
  }
  if (failures.length > 0) failed++;
  for (const failure of failures) process.stdout.write(`seed ${seed}: FAILED, ${failure}; again: ${again}\n`);
}
process.stdout.write(`${JSON.stringify({ schedules: results.length, failed, ...totalsOf(results) }, undefined, 2)}\n`);
if (values.page !== undefined && results.length > 0) writePage(values.page, renderSummary(results));
process.exit(failed === 0 ? 0 : 1);
