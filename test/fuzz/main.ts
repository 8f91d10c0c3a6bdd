/* eslint-disable no-console -- a program of its own */
import { fuzz } from "./reader.ts";

/*
 * npm run fuzz -- [packets] [seed]
 * Reads random packets of a server as the relay does, and compares each verdict with that of an oracle.
 */
const packets = Number(process.argv[2] ?? 2_000_000);
const seed = Number(process.argv[3] ?? 1);
const { counts, wrong } = fuzz(packets, seed);
console.log(`seed ${seed}: ${JSON.stringify(counts)}, ${wrong.length} wrong verdicts`);
for (const line of wrong) console.log(`  ${line}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
