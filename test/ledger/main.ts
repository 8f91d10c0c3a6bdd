import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { findExecutable } from "../support/real-parts.ts";
import { compileMachine } from "./machine.ts";
import { createRandom } from "./random.ts";
import { drawScene, describeScene } from "./scene.ts";
import { failuresOf } from "./schedule.ts";
import type { SchedulePlan } from "./stage.ts";
import { readResults, renderSummary, totalsOf, writePage } from "./summary.ts";
import type { WorkerAnswer } from "./worker.ts";

/*
 * npm run ledger -- --schedules 300 --seed 1 --messages 10000 --parallel 3 --results ledger.jsonl --page doc/ledger.md
 *
 * Runs schedules of random faults, one line of results each. With --results, those that are in the file are not run again,
 * so that a run may be interrupted; a schedule that failed is run again by its seed alone. With --page, the summary is
 * written into that page. With --having "no disk", only seeds count whose schedules have that; with
 * --only killRelay,cutPower no other fault is drawn. See doc/ledger.md.
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    schedules: { type: "string", default: "10" },
    messages: { type: "string", default: "10000" },
    scale: { type: "string", default: "0.3" },
    parallel: { type: "string", default: "1" },
    having: { type: "string" },
    only: { type: "string" },
    results: { type: "string" },
    page: { type: "string" },
  },
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
const isWanted = (seed: number) =>
  values.having === undefined || describeScene(drawScene(createRandom(seed))).includes(values.having);
const seeds: number[] = [];
for (let seed = first, count = 0; count < Number(values.schedules); seed++) {
  if (!isWanted(seed)) continue;
  count++;
  if (!done.has(seed)) seeds.push(seed);
}
let failed = results.filter((result) => failuresOf(result).length > 0).length;
const startMs = performance.now();

function report(plan: SchedulePlan, answer: WorkerAnswer): void {
  const { seed, messages, scale } = plan;
  const again = `npm run ledger -- --seed ${seed} --schedules 1 --messages ${messages} --scale ${scale}${values.only === undefined ? "" : ` --only ${values.only}`}`;
  let failures: string[];
  if ("failure" in answer) failures = [answer.failure];
  else {
    const { result } = answer;
    results.push(result);
    if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(result)}\n`);
    failures = failuresOf(result);
    const { seconds, brokers, scene, published, discarded, fromDisk, lostWithQos0, deadLetters, duplicates } = result;
    process.stdout.write(
      `seed ${seed}: ${seconds} s, ${brokers} (${scene.join("; ")}), ${published} published, ${discarded} discarded by a broker, ${fromDisk} acknowledged from the disk, ${lostWithQos0} lost with QoS 0, ${deadLetters} dead letters, ${duplicates} duplicates of ${result.outstanding} outstanding, faults ${result.faults.join(", ")}\n`,
    );
    for (const line of result.log) process.stdout.write(`seed ${seed}: log ${line}\n`);
  }
  if (failures.length > 0) failed++;
  for (const failure of failures) process.stdout.write(`seed ${seed}: FAILED, ${failure}; again: ${again}\n`);
}

const workers = new Set<ChildProcess>();

/** Runs schedules one after the other in a process of its own, until none is left. */
async function runNext(): Promise<void> {
  let worker: ChildProcess | undefined;
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const plan = {
      seed,
      messages: Number(values.messages),
      mosquitto: mosquitto ?? "",
      machine,
      scale: Number(values.scale),
      only: values.only?.split(","),
    };
    if (worker?.connected !== true) {
      worker = fork(path.join(import.meta.dirname, "worker.ts"));
      workers.add(worker);
    }
    worker.send(plan);
    const answer = await answerOf(worker);
    // What hangs, or has failed where nothing should, is not used again.
    if ("failure" in answer && worker.connected) worker.disconnect();
    report(plan, answer);
  }
  if (worker?.connected === true) worker.disconnect();
}

async function answerOf(worker: ChildProcess): Promise<WorkerAnswer> {
  const settled = new AbortController();
  const { signal } = settled;
  const [value] = (await Promise.race([
    once(worker, "message", { signal }),
    once(worker, "exit", { signal }).then(([code]) => [{ failure: `its process ended with ${String(code)}` }]),
  ])) as [WorkerAnswer];
  settled.abort();
  return value;
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => {
    seeds.length = 0;
    // Each cleans up after itself once this process is gone.
    for (const worker of workers) if (worker.connected) worker.disconnect();
    process.exit(code);
  });

await Promise.all(Array.from({ length: Number(values.parallel) }, runNext));
results.sort((a, b) => a.seed - b.seed);
const minutes = Math.round((performance.now() - startMs) / 60_000);
process.stdout.write(
  `${JSON.stringify({ schedules: results.length, failed, minutes, ...totalsOf(results) }, undefined, 2)}\n`,
);
if (values.page !== undefined && results.length > 0) writePage(values.page, renderSummary(results));
process.exit(failed === 0 ? 0 : 1);
