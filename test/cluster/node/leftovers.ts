import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { until } from "../../support/patience.ts";
import { cgroupHierarchies, memoryFile, readSysctls, restoreSysctls } from "./machine.ts";
import type { Sysctls } from "./machine.ts";
import { cgroupName, inState, stateFolder } from "./places.ts";

/*
 * What outlives the namespaces of a node when the run is killed: its folder, its cgroups and the settings of the kernel. All
 * of it is in the folder's `owner.json`, or has a fixed name, so that the next run removes it.
 */

interface Owner {
  readonly pid: number;
  /** When that process was started, in ticks since the machine was: process IDs are used again. */
  readonly startTicks: string;
  readonly sysctls: Sysctls;
}

const ownerFile = inState("owner.json");

/**
 * Makes this process the owner of the machine's node, after removing what an owner that is gone has left.
 * @throws when another run has a node here
 */
export async function takeOver(): Promise<void> {
  const owner = readOwner();
  if (owner !== undefined && startTicksOf(owner.pid) === owner.startTicks) {
    throw new Error(
      `${stateFolder}: process ${owner.pid} runs a node already; end it first, a machine has one at a time`,
    );
  }
  if (existsSync(stateFolder)) await removeNode();
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const startTicks = startTicksOf(process.pid) ?? "";
  writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startTicks, sysctls: readSysctls() } satisfies Owner));
}

/** Removes everything of a node, whether it ended well or was killed. Its processes are gone, or are killed. */
export async function removeNode(): Promise<void> {
  const owner = readOwner();
  await removeCgroups();
  if (owner !== undefined) restoreSysctls(owner.sysctls);
  rmSync(stateFolder, { recursive: true, force: true, maxRetries: 5 });
}

function readOwner(): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile, "utf8")) as Owner;
  } catch {
    return undefined; // none, or one that was killed while it wrote
  }
}

/** @see proc_pid_stat(5): field 22, and the name in field 2 may have spaces */
function startTicksOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch {
    return undefined; // no such process
  }
}

/** Kills what is in the pods' cgroups, and removes them in every hierarchy. */
async function removeCgroups(): Promise<void> {
  for (const hierarchy of cgroupHierarchies()) {
    const top = path.join(hierarchy, cgroupName);
    if (!existsSync(top)) continue;
    await until(`the end of ${top}`, () => {
      const folders = cgroupsBelow(top);
      for (const pid of folders.flatMap(processesIn)) kill(pid);
      return folders.every(removed) ? true : undefined;
    });
  }
}

/** A cgroup and all below it, the innermost first. */
function cgroupsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inner.flatMap(({ name }) => cgroupsBelow(path.join(folder, name))), folder];
}

function processesIn(folder: string): number[] {
  try {
    return readFileSync(path.join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return []; // it is gone
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}

/** The processes of all pods, as this process's namespace numbers them. */
export function podProcesses(): number[] {
  const folder = path.dirname(memoryFile(cgroupName, { v1: "tasks", v2: "cgroup.procs" }));
  return cgroupsBelow(folder).flatMap(processesIn);
}
