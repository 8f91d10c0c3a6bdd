import { setTimeout as delay } from "node:timers/promises";

import { Stopwatch } from "../support/patience.ts";
import { faults, possibleFaults } from "./faults.ts";
import type { Verdict } from "./ledger.ts";
import { between, createRandom, pick } from "./random.ts";
import { setStage, type SchedulePlan, type Stage } from "./stage.ts";

/** What happened in a schedule. */
export interface ScheduleResult extends Verdict {
  readonly seed: number;
  readonly messages: number;
  readonly seconds: number;
  /** Which brokers: `mosquitto → eventGrid`. */
  readonly brokers: string;
  /** In their order. */
  readonly faults: readonly string[];
  /** Messages that were published. */
  readonly published: number;
  /** Whether all had arrived, or could be accounted for, before the patience was over. */
  readonly isComplete: boolean;
  /** What a relay said last that ended without being told to, or not as it should. */
  readonly ends: readonly string[];
  /** The last lines of the relay's log, where something failed. */
  readonly log: readonly string[];
}

/** Longest time for everything to arrive once there are no more faults, on an idle machine. */
const restMs = 60_000;
const quietMs = 300;
const pollMs = 50;

/** Runs one schedule, from fresh brokers to the judgement. */
export async function runSchedule(plan: SchedulePlan): Promise<ScheduleResult> {
  const startMs = performance.now();
  const random = createRandom(plan.seed);
  const stage = await setStage(plan, random);
  try {
    const happened = await runFaults(stage);
    const isComplete = await comeToRest(stage);
    await stage.relay.stop("SIGTERM");
    const { ends, log } = stage.relay;
    const verdict = stage.ledger.close();
    const seconds = Math.round(performance.now() - startMs) / 1000;
    const brokers = [stage.source, stage.destination].map(({ eventGrid }) => (eventGrid ? "eventGrid" : "mosquitto"));
    const result = {
      seed: plan.seed,
      messages: plan.messages,
      seconds,
      brokers: brokers.join(" → "),
      faults: happened,
    };
    const all = { ...result, published: stage.publisher.published, isComplete, ends, ...verdict };
    return { ...all, log: failuresOf({ ...all, log: [] }).length > 0 ? log.slice(-20) : [] };
  } finally {
    await stage.close();
  }
}

async function runFaults(stage: Stage): Promise<string[]> {
  const { random, plan, publisher } = stage;
  const possible = possibleFaults(stage);
  const happened: string[] = [];
  const faultCount = between(random, 5, 10);
  for (let fault = 0; fault < faultCount; fault++) {
    // Every fault meets messages on their way.
    publisher.release(Math.ceil((plan.messages * (fault + 1)) / faultCount));
    await delay(between(random, 5, 300) * plan.scale);
    const name = pick(random, possible);
    happened.push(name);
    await faults[name]?.act(stage);
  }
  return happened;
}

/** Waits until all that the source's broker took has arrived, and nothing comes any more. */
async function comeToRest(stage: Stage): Promise<boolean> {
  const { ledger, relay, publisher, machine } = stage;
  Object.assign(ledger.faults, { dropPubacks: 0, dropSourcePubacks: 0, refusePubacks: 0, rejectPubacks: 0 });
  ledger.faults.refuseConnects = 0;
  machine?.setClock(0);
  if (!relay.variant.hasSide) {
    await relay.stop("SIGTERM");
    relay.variant = { ...relay.variant, hasSide: true };
    await relay.start();
  }
  const watch = new Stopwatch();
  let progress = -1;
  for (let quietSinceMs = performance.now(); watch.elapsedMs < restMs;) {
    await delay(pollMs);
    const isQuiet = progress === ledger.progress && publisher.isDone && ledger.isComplete;
    progress = ledger.progress;
    if (!isQuiet) quietSinceMs = performance.now();
    else if (performance.now() - quietSinceMs > quietMs) return true;
  }
  return false;
}

/** What a schedule has to answer for; empty when nothing. */
export function failuresOf(result: ScheduleResult): string[] {
  const show = (what: string, numbers: readonly number[]) =>
    numbers.length === 0 ? [] : [`${what}: ${numbers.length} (${numbers.slice(0, 5).join(", ")})`];
  return [
    ...show("acknowledged too early", result.early),
    ...show("lost by the relay", result.lost),
    ...show("neither delivered nor lost by a broker that said so", result.missing),
    ...show("out of order", result.outOfOrder),
    ...show("sent more often than the faults explain", result.unexplained),
    ...result.ends.map((end) => `the relay ended, ${end}`),
    ...(result.isComplete ? [] : ["not everything had arrived in time"]),
  ];
}
