import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

import type { Machine } from "../report/run-record.ts";

/** Describes the machine as it is before a run. */
export function describeMachine(mosquittoVersion: string): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? "unknown processor",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    system: `Linux ${release()}`,
    versions: { node: process.versions.node, mosquitto: mosquittoVersion, relay: commit() },
    loadAverage: loadavg()[0] ?? 0,
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
