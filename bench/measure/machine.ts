import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

import type { Machine } from "../report/run-record.ts";
import { readUsage, ticksPerSecond } from "./process-usage.ts";

/** Describes the machine of a run. */
export function describeMachine(mosquittoVersion: string, othersShare: number): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? "unknown processor",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    system: `Linux ${release()}`,
    versions: { node: process.versions.node, mosquitto: mosquittoVersion, relay: commit() },
    othersShare,
  };
}

/** The commit that is measured, with a "+" when files differ from it. */
function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "../../runtime");
    return `at ${git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
  } catch {
    return "of an unknown commit"; // no repository, or no git
  }
}

/**
 * Watches what programs outside of this one and its children take; the returned function gives their share of all cores'
 * time since the start of the watch, 0 to 1.
 */
export function watchOthers(): () => number {
  const startMs = performance.now();
  const before = { busy: busySeconds(readFileSync("/proc/stat", "utf8")), own: readUsage(process.pid).cpuSeconds };
  return () => {
    const busy = busySeconds(readFileSync("/proc/stat", "utf8")) - before.busy;
    const own = readUsage(process.pid).cpuSeconds - before.own;
    return Math.max(0, busy - own) / (((performance.now() - startMs) / 1000) * cpus().length);
  };
}

/** Time that all cores were at work, of the first line of `/proc/stat`. @see proc_stat(5) */
export function busySeconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split("\n")[0] ?? "")
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}
