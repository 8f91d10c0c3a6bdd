import { readdirSync, readFileSync } from "node:fs";

/**
 * What each thread of a process waits for, one line each; empty where there is no /proc.
 * @see proc(5), /proc/pid/task
 */
export function describeThreads(pid: number | undefined): string[] {
  const folder = `/proc/${String(pid)}/task`;
  return namesIn(folder).map((thread) => {
    const read = (file: string) => firstLineOf(`${folder}/${thread}/${file}`);
    const state = /^State:\s*(.*)$/m.exec(contentOf(`${folder}/${thread}/status`))?.[1] ?? "gone";
    return `thread ${thread} (${read("comm")}): ${state}, waits in ${read("wchan")}, system call ${read("syscall")}`;
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the process is gone, or this is no Linux
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // as above
  }
}

function firstLineOf(file: string): string {
  return contentOf(file).split("\n")[0] ?? "";
}
