import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in `/proc`, the same on every Linux that Node runs on. @see proc(5), USER_HZ */
export const ticksPerSecond = 100;
const nanosecondsPerSecond = 1e9;
const pageBytes = 4096;
const bytesPerMegabyte = 1024 * 1024;

/** What a process has used since its start, and holds at the moment. */
export interface Usage {
  /**
   * User and system time of all its threads, of its living descendants, and of children that it waited for. Exact to the
   * nanosecond while no thread ends, else to two clock ticks.
   */
  readonly cpuSeconds: number;
  /** How often its living threads, and those of its living descendants, were taken off a core or gave it up themselves. */
  readonly contextSwitches: number;
  /** Resident memory with that of its living descendants; 1 MB is 1,048,576 bytes. */
  readonly residentMegabytes: number;
  /** The part of it that is no file's, which the kernel can't take back without swap. */
  readonly anonymousMegabytes: number;
}

/** The fields of `/proc/<pid>/stat` that the benchmark reads. */
export interface ProcessStat {
  readonly parentPid: number;
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/**
 * Parses `/proc/<pid>/stat`. The second field is the program's name in parentheses, which may hold blanks and parentheses.
 * @see proc_pid_stat(5): ppid 4, utime 14, stime 15, cutime 16, cstime 17, rss 24
 * @throws {TypeError} when the text is no such line
 */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => {
    const value = Number(fields[number - 3]); // two fields are cut off, and they are counted from 1
    if (fields[number - 3] === undefined || !Number.isFinite(value))
      throw new TypeError(`/proc/<pid>/stat: field ${number} is no number in "${text.trim()}"`);
    return value;
  };
  return {
    parentPid: field(4),
    cpuTicks: field(14) + field(15) + field(16) + field(17),
    residentPages: field(24),
  };
}

/** Reads what a process and its living descendants use. A process that has ended uses nothing. */
export function readUsage(pid: number): Usage {
  let cpuSeconds = 0;
  let contextSwitches = 0;
  let residentPages = 0;
  let anonymousKilobytes = 0;
  for (const member of processTree(pid)) {
    const stat = readStat(member);
    const threads = readThreads(member);
    // Neither counts too much: the ticks are whole ones, and the threads are those that live.
    cpuSeconds += Math.max((stat?.cpuTicks ?? 0) / ticksPerSecond, threads.cpuSeconds);
    contextSwitches += threads.contextSwitches;
    residentPages += stat?.residentPages ?? 0;
    anonymousKilobytes += readAnonymousKilobytes(member);
  }
  return {
    cpuSeconds,
    contextSwitches,
    residentMegabytes: (residentPages * pageBytes) / bytesPerMegabyte,
    anonymousMegabytes: anonymousKilobytes / 1024,
  };
}

/** @see proc_pid_status(5), RssAnon */
function readAnonymousKilobytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // it ended between the listing and the reading
  }
}

/** Sums over the living threads of one process. @see proc_pid_schedstat(5), proc_pid_status(5) */
function readThreads(pid: number): Pick<Usage, "cpuSeconds" | "contextSwitches"> {
  let nanoseconds = 0;
  let contextSwitches = 0;
  for (const thread of listThreads(pid)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      nanoseconds += Number(readFileSync(`${folder}/schedstat`, "utf8").split(" ")[0]);
      contextSwitches += parseContextSwitches(readFileSync(`${folder}/status`, "utf8"));
    } catch {
      continue; // it ended between the listing and the reading
    }
  }
  return { cpuSeconds: nanoseconds / nanosecondsPerSecond, contextSwitches };
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Voluntary and other context switches, of the text of a thread's `status`. */
export function parseContextSwitches(status: string): number {
  const numbers = status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+([0-9]+)$/gm);
  return [...numbers].reduce((sum, [, number]) => sum + Number(number), 0);
}

/** Resident memory of one process, in MB of 1,048,576 bytes: cheap enough to ask for many times a second. */
export function readResidentMegabytes(pid: number): number {
  return ((readStat(pid)?.residentPages ?? 0) * pageBytes) / bytesPerMegabyte;
}

export function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const parent = readStat(Number(name))?.parentPid;
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const member of tree) tree.push(...(childrenOf.get(member) ?? [])); // grows while it is walked
  return tree;
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // it ended between the listing and the reading
  }
}
