import { parseArgs } from "node:util";

import { drawTrial, faultsOf, memoryGroupProblem, runTrial } from "./trial.ts";

/*
 * npm run memory -- --trials 200 --seed 1 --parallel 2 --entry dist/relay.mjs
 *
 * Runs relays with random configurations against publishers and destinations that do their worst, each in a process of limited
 * memory, and says which was killed, came too near to its limit, or took no message through afterwards.
 */

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    parallel: { type: "string", default: "1" },
    entry: { type: "string", default: "dist/relay.mjs" },
    seconds: { type: "string", default: "6" },
  },
});

const problem = memoryGroupProblem();
if (problem !== undefined) process.stderr.write(`${problem}: nothing is killed here, and only the peak counts\n`);
const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.trials) }, (_, index) => first + index);
const totals = { trials: 0, refused: 0, failed: 0 };
let worst = 0;

async function runNext(): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const trial = drawTrial(seed);
    const outcome = await runTrial(trial, values.entry, { floodMs: Number(values.seconds) * 1000, afterMs: 15_000 });
    const { isRefused, peakMebibytes } = outcome;
    const share = peakMebibytes / trial.memoryMebibytes;
    const faults = faultsOf(trial, outcome);
    totals.trials++;
    if (isRefused) totals.refused++;
    else worst = Math.max(worst, share);
    if (faults.length > 0) totals.failed++;
    const { log, ...figures } = outcome;
    process.stdout.write(
      `${JSON.stringify({ seed, ...(faults.length > 0 ? { FAILED: faults } : {}), share: share.toFixed(2), ...figures, trial })}\n`,
    );
    if (faults.length > 0) for (const line of log.slice(-30)) process.stdout.write(`  ${line.slice(0, 400)}\n`);
  }
}

await Promise.all(Array.from({ length: Number(values.parallel) }, runNext));
process.stdout.write(
  `${JSON.stringify({ ...totals, "largest share of the limit": worst.toFixed(2) }, undefined, 2)}\n`,
);
process.exit(totals.failed === 0 ? 0 : 1);
