import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in `/proc`, the same on every Linux that Node runs on. @see proc(5), USER_HZ */
export const ticksPerSecond = 100;
const pageBytes = 4096;
const bytesPerMegabyte = 1024 * 1024;

/** What a process has used since its start, and holds at the moment. */
export interface Usage {
  /** User and system time of all its threads, of its living descendants, and of children that it waited for. */
  readonly cpuSeconds: number;
  /** Resident memory with that of its living descendants; 1 MB is 1,048,576 bytes. */
  readonly residentMegabytes: number;
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
  let cpuTicks = 0;
  let residentPages = 0;
  for (const member of processTree(pid)) {
    const stat = readStat(member);
    cpuTicks += stat?.cpuTicks ?? 0;
    residentPages += stat?.residentPages ?? 0;
  }
  return {
    cpuSeconds: cpuTicks / ticksPerSecond,
    residentMegabytes: (residentPages * pageBytes) / bytesPerMegabyte,
  };
}

/** Resident memory of one process, in MB of 1,048,576 bytes: cheap enough to ask for many times a second. */
export function readResidentMegabytes(pid: number): number {
  return ((readStat(pid)?.residentPages ?? 0) * pageBytes) / bytesPerMegabyte;
}

/**
 * Time that the threads of one process have run since their start, in seconds. Exact to the nanosecond, where the ticks of
 * {@link readUsage} are sampled: a process that wakes for moments may be charged for whole ticks, or for none.
 * @see Linux, Documentation/scheduler/sched-stats.rst
 */
export function readRunSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      return 0; // the thread ended between the listing and the reading
    }
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9;
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
