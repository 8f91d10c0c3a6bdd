import { setTimeout as sleep } from "node:timers/promises";

import { printable } from "../../runtime/contract/printable.ts";
import type { Site } from "./sites.ts";

/** How a site is, as its relay says it itself; `unknown` where it could not be asked. */
export type HealthState = "ok" | "attention" | "failed" | "unknown";

/** What the relay of a site says of itself; of several instances the worst, with the reasons of all. */
export interface SiteHealth {
  readonly state: HealthState;
  /** Why it is not `ok`, each in one line. */
  readonly reasons: readonly string[];
  /** Tag of its image, or the start of its digest. */
  readonly version?: string | undefined;
}

/** Asks the relay of a site how it is. Never throws: what can't be asked is `unknown`, and says why. */
export type HealthReader = (site: Site, signal: AbortSignal) => Promise<SiteHealth>;

/** The health of a site that could not be asked. */
export function unknownBecause(reason: string): SiteHealth {
  return { state: "unknown", reasons: [printable(reason)] };
}

const gravity: readonly HealthState[] = ["ok", "attention", "unknown", "failed"];

/** Puts what the instances of one relay say together. */
export function worstOf(instances: readonly (SiteHealth & { readonly name: string })[]): SiteHealth {
  const worst = instances.reduce<HealthState>(
    (state, instance) => (gravity.indexOf(instance.state) > gravity.indexOf(state) ? instance.state : state),
    "ok",
  );
  const reasons = instances.flatMap(({ name, reasons: own }) =>
    own.map((reason) => (instances.length > 1 ? `${name}: ${reason}` : reason)),
  );
  const versions = [...new Set(instances.flatMap(({ version }) => version ?? []))];
  return { state: worst, reasons, ...(versions.length === 0 ? {} : { version: versions.join(", ") }) };
}

/** How long a rollout waits for a site. */
export interface Patience {
  /** Longest time until a site has to be healthy, in seconds. */
  readonly settleSeconds: number;
  /** Time between two questions, in milliseconds. */
  readonly intervalMs: number;
  /** Whether a site that asks for attention is healthy enough to go on. */
  readonly allowsAttention: boolean;
}

/** Whether a rollout goes on after this site. */
export function isHealthy({ state }: SiteHealth, { allowsAttention }: Pick<Patience, "allowsAttention">): boolean {
  return state === "ok" || (state === "attention" && allowsAttention);
}

/**
 * Asks until a site is healthy, or the time is over: after a deployment a relay connects first, and a role assignment takes
 * minutes to arrive everywhere.
 * @returns what the site said last
 */
export async function awaitHealthy(
  site: Site,
  read: HealthReader,
  patience: Patience,
  stop: AbortSignal,
): Promise<SiteHealth> {
  const endMs = performance.now() + patience.settleSeconds * 1000;
  for (;;) {
    const health = await read(site, stop);
    const leftMs = endMs - performance.now();
    if (isHealthy(health, patience) || leftMs <= 0 || stop.aborted) return health;
    await sleep(Math.min(patience.intervalMs, leftMs), undefined, { signal: stop }).catch(() => undefined);
  }
}
