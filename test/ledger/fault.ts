import { setTimeout as delay } from "node:timers/promises";

import type { Proxy } from "./proxy.ts";
import { between, pick } from "./random.ts";
import type { SideScene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** Something that happens to a relay, its machine, its brokers or the links between. */
export interface Fault {
  /** Whether it can happen there; omitted: everywhere. */
  readonly isPossible?: (stage: Stage) => boolean;
  readonly act: (stage: Stage) => unknown;
  /** It chooses the moment when half of its messages are published. */
  readonly hasMoment?: boolean;
  /** How often it is drawn, beside others of 1. @default 1 */
  readonly weight?: number;
}

/** So often the next fault comes while a relay is still starting; else once it has connected, or after so long. */
const hurriedShare = 0.15;
const startMs = 3000;
const pollMs = 10;
/** So often one instance of several is meant, and not all of them. */
const oneShare = 0.5;

/** A time in milliseconds. */
export function someTime({ random, plan: { scale } }: Stage, from: number, to: number): number {
  return between(random, from, to) * scale;
}

/** Does something for a while. */
export async function during(
  stage: Stage,
  [from, to]: readonly [number, number],
  set: (isOn: boolean) => void,
): Promise<void> {
  set(true);
  await delay(someTime(stage, from, to));
  set(false);
}

export function anySignal({ random }: Stage): NodeJS.Signals {
  return pick(random, ["SIGKILL", "SIGTERM"]);
}

/** Ends all instances or one, and starts what the configuration has; `whileDown` is called for each that was ended. */
export async function restartRelay(
  stage: Stage,
  signal: NodeJS.Signals,
  whileDown: (ordinal: number) => unknown = () => undefined,
): Promise<void> {
  const { fleet, random } = stage;
  const isOne = fleet.ordinals.length > 1 && random() < oneShare;
  if (isOne) {
    const ordinal = pick(random, fleet.ordinals);
    await fleet.stopOne(ordinal, signal, () => whileDown(ordinal));
  } else await fleet.stop(signal, whileDown);
  await delay(someTime(stage, 0, 300));
  await startRelay(stage, random() < hurriedShare);
}

/** Starts the instances that are missing, and waits for the first connection unless in a hurry. */
export async function startRelay({ fleet, sourceProxy }: Stage, isHurried: boolean): Promise<void> {
  const before = sourceProxy.connections;
  await fleet.start();
  if (!isHurried) await until(startMs, () => sourceProxy.connections > before);
}

/** Waits until something is so, for a time at most; returns whether it is. */
export async function until(timeoutMs: number, isSo: () => boolean): Promise<boolean> {
  for (const deadlineMs = performance.now() + timeoutMs; !isSo() && performance.now() < deadlineMs;)
    await delay(pollMs);
  return isSo();
}

export function proxyOf(stage: Stage, side: "source" | "destination"): Proxy {
  return side === "source" ? stage.sourceProxy : stage.destinationProxy;
}

export function isEventGrid({ broker }: SideScene): boolean {
  return broker === "eventGrid";
}
