import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/*
 * How long the tests wait, in one place. Every wait is given in milliseconds of an idle machine, and lasts as many times
 * longer as the machine has more processes that want to run than cores to run them.
 */

/** Longest wait for one message, one line or one state; the slowest seen on two idle cores is a tenth of it. */
export const usualMs = 20_000;

const probeIntervalMs = 20;
/** A load that is older is measured again. */
const loadAgeMs = 50;

let load = 1;
let loadAtMs = -Infinity;

/** Processes that want to run now, for each core; 1 when each has a core of its own, and where nothing tells. */
export function machineLoad(): number {
  const nowMs = performance.now();
  if (nowMs - loadAtMs > loadAgeMs) {
    load = Math.max(1, runnableProcesses() / availableParallelism());
    loadAtMs = nowMs;
  }
  return load;
}

/**
 * Milliseconds for a time-out that is fixed when it begins.
 * @param milliseconds those of an idle machine
 */
export function patientMs(milliseconds: number): number {
  // The load may still come, so that of the last minute counts too.
  return Math.ceil(milliseconds * Math.max(machineLoad(), (loadavg()[0] ?? 0) / availableParallelism()));
}

/** @see proc(5), /proc/loadavg: the fourth field is `<runnable>/<existing>` */
function runnableProcesses(): number {
  try {
    return Number.parseInt(readFileSync("/proc/loadavg", "utf8").split(" ")[3] ?? "", 10) || 1;
  } catch {
    return 1; // no Linux
  }
}

let idleMs = 0;
let countedAtMs = performance.now();

/** A clock that goes slower while more wants to run than there are cores. */
function readIdleClock(): number {
  const nowMs = performance.now();
  idleMs += Math.max(0, nowMs - countedAtMs) / machineLoad();
  countedAtMs = nowMs;
  return idleMs;
}

/**
 * Measures time as an idle machine would have needed it. The load is read whenever a stopwatch of this process is, and
 * counts for all the time since then: read one every second or so, as all waits do.
 */
export class Stopwatch {
  readonly #startMs = readIdleClock();

  get elapsedMs(): number {
    return readIdleClock() - this.#startMs;
  }
}

/**
 * Waits until `probe` gives a value, and asks every 20 ms.
 * @param waitMs milliseconds of an idle machine
 * @throws {Error} that `what` did not come in time
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  waitMs = usualMs,
): Promise<T> {
  const watch = new Stopwatch();
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (watch.elapsedMs > waitMs) throw new Error(`${what} did not come within ${waitMs} ms of an idle machine`);
    await delay(probeIntervalMs);
  }
}

/** Waits until a condition holds; as {@link until} otherwise. */
export async function untilTrue(what: string, holds: () => boolean | Promise<boolean>, waitMs?: number): Promise<void> {
  await until(what, async () => ((await holds()) ? true : undefined), waitMs);
}

/**
 * Waits until a condition holds that takes its time whatever the load is, such as bytes on a slow link; no longer than the
 * usual wait after that.
 * @param ownMs milliseconds that it takes at most
 */
export async function untilTrueAfter(
  what: string,
  ownMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + ownMs;
  await untilTrue(what, async () => performance.now() > endMs || (await holds()), Infinity);
  await untilTrue(what, holds);
}
