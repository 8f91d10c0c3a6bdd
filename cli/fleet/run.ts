import type { Engine, StackFacts } from "./engine.ts";
import type { HealthReader } from "./health.ts";
import { watchInterruption } from "./interruption.ts";
import type { Interruption } from "./interruption.ts";
import type { ScreenOutput } from "../demo/screen.ts";
import type { Session } from "../session.ts";
import type { Operator } from "./operate.ts";
import { Progress } from "./progress.ts";
import { describeOrphans, compareStacks } from "./stacks.ts";
import type { StackDifferences } from "./stacks.ts";
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
  { errors }: Pick<Session, "errors">,
  tools: FleetTools,
  work: (open: OpenFleet) => Promise<T>,
): Promise<T> {
  const whole = readFleet(options.file);
  const fleet = chooseSites(whole, options);
  const chosen = new Set(sitesOf(fleet).map(({ name }) => name));
  const progress = new Progress(screenOf(errors), chosen.size);
  const interruption = tools.interruption ?? watchInterruption((times) => answerInterruption(times, progress));
  try {
    const engine = await tools.openEngine(fleet);
    const stacks = await engine.listStacks();
    const all = compareStacks(whole, stacks);
    for (const orphan of describeOrphans(whole, all.orphans)) progress.say(`note: ${formatProblem(orphan)}`);
    const differences = { ...all, missing: all.missing.filter(({ name }) => chosen.has(name)) };
    const operator = { engine, progress, interruption, parallel: options.parallel };
    return await work({ fleet, operator, stacks, differences });
  } finally {
    interruption.close();
    progress.close();
  }
}

/** A stream as a screen: what is no terminal has no size. A terminal is asked for its own, since no signal tells this process of another. */
function screenOf(
  stream: NodeJS.WritableStream & Partial<Pick<NodeJS.WriteStream, "isTTY" | "getWindowSize">>,
): ScreenOutput {
  const size = () => (stream.isTTY === true ? stream.getWindowSize?.() : undefined) ?? [0, 0];
  return {
    write: (text: string | Uint8Array) => stream.write(text),
    isTTY: stream.isTTY ?? false,
    get columns() {
      return size()[0];
    },
    get rows() {
      return size()[1];
    },
  };
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
