/* eslint-disable no-console -- a program of its own */
import { fuzzClient } from "./client-fuzz.ts";
import { readOfClient } from "./client-reader.ts";
import { fuzz } from "./reader.ts";

/*
 * npm run fuzz -- [packets] [seed]
 * Reads random packets of a server as the relay does, and of a client as the emulator does, and compares each verdict with that
 * of an oracle.
 */
const packets = Number(process.argv[2] ?? 2_000_000);
const seed = Number(process.argv[3] ?? 1);
for (const [side, run] of [
  ["server", () => fuzz(packets, seed)],
  ["client", () => fuzzClient(readOfClient, packets, seed)],
] as const) {
  const { counts, wrong } = run();
  console.log(`packets of a ${side}, seed ${seed}: ${JSON.stringify(counts)}, ${wrong.length} wrong verdicts`);
  for (const line of wrong) console.log(`  ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
}
