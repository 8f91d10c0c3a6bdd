import type { Engine } from "./engine.ts";
import type { HealthReader } from "./health.ts";
import { watchInterruption } from "./interruption.ts";
import type { Interruption } from "./interruption.ts";
import type { ScreenOutput } from "../demo/screen.ts";
import type { Operator } from "./operate.ts";
import { Progress } from "./progress.ts";
import { describeOrphans, compareStacks } from "./stacks.ts";
import type { StackDifferences } from "./stacks.ts";
import type { StackFacts } from "./engine.ts";
import { chooseSites, readFleet, sitesOf } from "./sites.ts";
import type { Fleet, SiteChoice } from "./sites.ts";
import { formatProblem } from "../../runtime/contract/errors.ts";

/** What every command on a fleet is told. */
export interface FleetOptions extends SiteChoice {
  /** Path of the file of sites. */
  readonly file: string;
  /** Sites at a time. */
  readonly parallel: number;
}

/** Where a command writes. */
export interface FleetOutput {
  /** The result, and nothing else. */
  readonly output: NodeJS.WritableStream;
  /** Progress and problems. */
  readonly errors: NodeJS.WritableStream;
}

/** What a command works with beside the file; a test has others. */
export interface FleetTools {
  openEngine(fleet: Fleet): Promise<Engine>;
  readonly health: HealthReader;
  /** Omitted: the signals of this process. */
  readonly interruption?: Interruption;
}

/** A fleet that a command works on. */
export interface OpenFleet {
  /** With the chosen sites only. */
  readonly fleet: Fleet;
  readonly operator: Operator & { readonly progress: Progress };
  readonly stacks: ReadonlyMap<string, StackFacts>;
  /** Of the chosen sites. */
  readonly differences: StackDifferences;
}

/**
 * Reads the sites, opens the engine, and compares both, before anything is done.
 * @throws {ConfigError} when the file or the choice is wrong
 */
export async function withFleet<T>(
  options: FleetOptions,
  { errors }: Pick<FleetOutput, "errors">,
  tools: FleetTools,
  work: (open: OpenFleet) => Promise<T>,
): Promise<T> {
  const whole = readFleet(options.file);
  const fleet = chooseSites(whole, options);
  const engine = await tools.openEngine(fleet);
  const stacks = await engine.listStacks();
  const all = compareStacks(whole, stacks);
  const chosen = new Set(sitesOf(fleet).map(({ name }) => name));
  const differences = { ...all, missing: all.missing.filter(({ name }) => chosen.has(name)) };

  const progress = new Progress(errors as ScreenOutput, chosen.size);
  const interruption = tools.interruption ?? watchInterruption((times) => answerInterruption(times, progress));
  for (const orphan of describeOrphans(whole, all.orphans)) progress.say(`note: ${formatProblem(orphan)}`);
  try {
    const operator = { engine, progress, interruption, parallel: options.parallel };
    return await work({ fleet, operator, stacks, differences });
  } finally {
    interruption.close();
    progress.close();
  }
}

function answerInterruption(times: number, progress: Progress): void {
  if (times === 1) progress.say("finishing what runs, and starting nothing else; once more cancels what runs");
  else if (times === 2) progress.say("cancelling what runs, after the resource that each is at; once more kills it");
  else killAll(progress);
}

/** Ends this process and all that it has started. */
function killAll(progress: Progress): void {
  const stacks = progress.running;
  if (stacks.length > 0) {
    progress.say(
      `killed while at ${stacks.join(", ")}: a deployment's lock stays; pulumi cancel --stack <name> removes it`,
    );
  }
  // This process leads a group of its own where it was started by runInOwnGroup, and no group goes by its number elsewhere.
  try {
    process.kill(-process.pid, "SIGKILL");
  } finally {
    process.exit(1);
  }
}
