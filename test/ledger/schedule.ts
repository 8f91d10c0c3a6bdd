import { setTimeout as delay } from "node:timers/promises";

import { patientMs, Stopwatch } from "../support/patience.ts";
import { faults, possibleFaults } from "./faults.ts";
import type { Verdict } from "./ledger.ts";
import { between, createRandom, pick } from "./random.ts";
import { renewals } from "./renewal-faults.ts";
import { describeScene } from "./scene.ts";
import { setStage, type SchedulePlan, type Stage } from "./stage.ts";

/** What happened in a schedule. */
export interface ScheduleResult extends Verdict {
  readonly seed: number;
  readonly messages: number;
  readonly seconds: number;
  /** Which brokers: `mosquitto → eventGrid`. */
  readonly brokers: string;
  /** What it had from beginning to end. */
  readonly scene: readonly string[];
  /** In their order. */
  readonly faults: readonly string[];
  /** Messages that were published. */
  readonly published: number;
  /** Whether all had arrived, or could be accounted for, before the patience was over. */
  readonly isComplete: boolean;
  /** What is missing where not, and what the instances' readiness said. */
  readonly readiness: string;
  /** What a fault found wrong that the account of messages does not show. */
  readonly complaints: readonly string[];
  /** What a relay said last that ended without being told to, or not as it should. */
  readonly ends: readonly string[];
  /** The last lines of the relay's log, where something failed. */
  readonly log: readonly string[];
}

/** Longest time for everything to arrive once there are no more faults, on an idle machine. */
const restMs = 60_000;
const quietMs = 300;
/** A replaced connection takes seconds: so many faults are renewals, where credentials can be renewed. */
const renewalShare = 0.15;
/** Messages that are published after the last fault. */
const calmShare = 0.04;
/** Longer than a relay takes to notice by its keep-alive that a connection is gone. */
const calmMs = 5000;
const pollMs = 50;

/** Runs one schedule, from fresh brokers to the judgement. */
export async function runSchedule(plan: SchedulePlan): Promise<ScheduleResult> {
  const startMs = performance.now();
  const random = createRandom(plan.seed);
  const stage = await setStage(plan, random);
  try {
    const happened = await runFaults(stage);
    const isComplete = await comeToRest(stage);
    const readiness = isComplete ? "" : `${stage.ledger.incomplete ?? ""}; ${await stage.fleet.readiness()}`;
    stage.ledger.noteRest();
    await stage.fleet.stop("SIGTERM");
    const { ledger, scene, complaints } = stage;
    const { ends, log } = stage.fleet;
    const verdict = ledger.close();
    const result = {
      seed: plan.seed,
      messages: plan.messages,
      seconds: Math.round(performance.now() - startMs) / 1000,
      brokers: `${scene.source.broker} → ${scene.destination.broker}`,
      scene: describeScene(scene),
      faults: happened,
    };
    const all = { ...result, published: ledger.published, isComplete, readiness, complaints, ends, ...verdict };
    return { ...all, log: failuresOf({ ...all, log: [] }).length > 0 ? log : [] };
  } finally {
    await stage.close();
  }
}

async function runFaults(stage: Stage): Promise<string[]> {
  const { random, plan, publisher } = stage;
  const happened: string[] = [];
  const faultCount = between(random, 5, 10);
  const beforeCalm = plan.messages * (1 - calmShare);
  for (let number = 0; number < faultCount; number++) {
    const name = drawFault(stage);
    const fault = faults[name];
    // Every fault meets messages on their way; one that waits for its moment meets those that it lets go then.
    const releaseTo = (part: number) => {
      publisher.release(Math.ceil((beforeCalm * part) / faultCount));
    };
    stage.release = () => {
      releaseTo(number + 1);
    };
    releaseTo(number + (fault?.hasMoment === true ? 0.5 : 1));
    await delay(between(random, 5, 300) * plan.scale);
    happened.push(name);
    await fault?.act(stage);
    stage.release();
  }
  return happened;
}

function drawFault(stage: Stage): string {
  const { only } = stage.plan;
  const possible = possibleFaults(stage).filter((name) => only?.includes(name) ?? true);
  if (possible.length === 0) throw new Error(`none of the faults ${only?.join(", ") ?? ""} is possible here`);
  const renewing = possible.filter((name) => name in renewals);
  const isRenewal = renewing.length > 0 && (stage.random() < renewalShare || renewing.length === possible.length);
  const names = isRenewal ? renewing : possible.filter((name) => !(name in renewals));
  return pick(
    stage.random,
    names.flatMap((name) => new Array<string>(faults[name]?.weight ?? 1).fill(name)),
  );
}

/** Waits until all that the source's broker took has arrived, and nothing comes any more. */
async function comeToRest(stage: Stage): Promise<boolean> {
  const { ledger, fleet, publisher, machines, plan, scene } = stage;
  for (const fault of Object.keys(ledger.faults) as (keyof typeof ledger.faults)[]) ledger.faults[fault] = 0;
  for (const machine of machines) machine.setClock(0);
  if (!fleet.variant.hasSide) {
    await fleet.stop("SIGTERM");
    fleet.variant = { ...fleet.variant, hasSide: true };
    await fleet.start();
  }
  const watch = new Stopwatch();
  await fleet.untilReady(patientMs(restMs));
  // With QoS 0 nothing else tells whether the relay still gets what is published: the last messages have to arrive.
  if (scene.source.qos === 0) {
    await delay(calmMs);
    await fleet.untilReady(patientMs(restMs));
    while (!publisher.isDone && watch.elapsedMs < restMs) await delay(pollMs);
  }
  ledger.noteCalm();
  publisher.release(plan.messages);
  let progress = -1;
  for (let quietSinceMs = performance.now(); watch.elapsedMs < restMs;) {
    await delay(pollMs);
    const isQuiet = progress === ledger.progress && publisher.isDone && ledger.incomplete === undefined;
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
    ...result.complaints,
    ...(result.isComplete ? [] : [`not everything had arrived in time; ${result.readiness}`]),
  ];
}
