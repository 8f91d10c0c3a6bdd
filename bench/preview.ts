import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";

import type { Registered } from "../test/components/mocks.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../test/support/temporary-folder.ts";
import { startEngine } from "./preview/engine.ts";
import { measure } from "./preview/mocks.ts";
import type { Figures } from "./preview/mocks.ts";
import { sides } from "./preview/sides.ts";
import type { Side } from "./preview/sides.ts";
import { dataflowsPerSite } from "./preview/site.ts";

/*
 * What the components cost in a preview: many sites in one stack, against the same resources created without components.
 * Twice: the program alone, against Pulumi's mocks; and a whole preview of the real engine, where that is installed.
 */

/** One round: what each side needed. */
type Round = { readonly [S in Side]?: Figures };

/** Runs one side against the mocks, in a process of its own. */
function runWithMocks(side: Side, sites: number, folder: string): Figures {
  const args = [import.meta.filename, "--side", side, "--sites", String(sites), "--folder", folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${side} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Figures;
}

function recordOf(folder: string, side: Side): string {
  return path.join(folder, `${side}.json`);
}

/** The sides are comparable only when they register the same: resources, names, and properties that are known. */
function checkSameResources(folder: string): void {
  const read = (side: Side) =>
    (JSON.parse(readFileSync(recordOf(folder, side), "utf8")) as Registered[]).map(({ type, name, inputs }) => ({
      type,
      name,
      inputs,
    }));
  const ours = read("components");
  const slip = sides.find((side) => !isDeepStrictEqual(read(side), ours));
  if (slip !== undefined) throw new Error(`${slip} registers other resources than the components do`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Medians of all sides, and of the components' ratio to each other side within a round. */
function describe(title: string, rounds: readonly Round[], compared: readonly Side[]): string {
  const others = compared.filter((side) => side !== "components");
  const row = (name: string, of: keyof Figures) => {
    const valuesOf = (side: Side) => rounds.map((round) => round[side]?.[of] ?? NaN);
    const ours = valuesOf("components");
    const ratios = others.map((side) => median(valuesOf(side).map((value, index) => (ours[index] ?? NaN) / value)));
    return [
      name.padEnd(26),
      ...compared.map((side) => median(valuesOf(side)).toFixed(0).padStart(12)),
      ...ratios.map((ratio) => ratio.toFixed(2).padStart(14)),
    ].join("");
  };
  const heading = [
    "".padEnd(26),
    ...compared.map((side) => side.padStart(12)),
    ...others.map((side) => `to ${side}`.padStart(14)),
  ].join("");
  return [
    title,
    heading,
    row("resources", "resources"),
    row("time, ms", "milliseconds"),
    row("CPU time, ms", "cpuMilliseconds"),
    row("peak resident memory, MiB", "mebibytes"),
  ].join("\n");
}

async function compare(sites: number, rounds: number): Promise<void> {
  const folder = createTemporaryFolder("preview-records");
  process.stdout.write(`${sites} sites, ${sites * dataflowsPerSite} dataflows, medians of ${rounds} rounds\n\n`);
  const withMocks = Array.from({ length: rounds }, (): Round => {
    const figures = Object.fromEntries(sides.map((side) => [side, runWithMocks(side, sites, folder)]));
    checkSameResources(folder);
    return figures;
  });
  process.stdout.write(`${describe("The program alone, against Pulumi's mocks", withMocks, sides)}\n\n`);

  const engine = await startEngine();
  if (engine === undefined) {
    process.stdout.write("No preview on the real engine: run .ci/install-real-parts first\n");
    return;
  }
  try {
    const compared = ["components", "by-hand", "empty"] as const;
    const whole: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const figures: { [S in Side]?: Figures } = {};
      for (const side of compared) figures[side] = await engine.preview(side, sites, recordOf(folder, "components"));
      whole.push(figures);
    }
    const title = "A whole preview on the real engine: time of all, CPU time and memory of engine and program";
    process.stdout.write(`${describe(title, whole, compared)}\n`);
  } finally {
    await engine.stop();
  }
}

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    side: { type: "string" },
    folder: { type: "string", default: "" },
  },
});
const sites = Number(values.sites);
const side = sides.find((name) => name === values.side);
if (side === undefined) {
  await compare(sites, Number(values.rounds));
  removeTemporaryFolders();
} else {
  const figures = await measure(side, sites, recordOf(values.folder, "components"), recordOf(values.folder, side));
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
