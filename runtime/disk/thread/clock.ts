import { readFileSync } from "node:fs";
import { uptime } from "node:os";

/** What this machine's clocks show. */
export interface MachineTime {
  /** Wall time in milliseconds since 1970; it may jump. */
  readonly wallMs: number;
  /** Time in milliseconds since the machine started; it does not jump. */
  readonly uptimeMs: number;
  /** Tells one start of the machine from another; empty where that is unknown. */
  readonly bootId: string;
}

/** Of the start that this process belongs to: it can't see another one. */
let bootId: string | undefined;

/** Reads this machine's clocks. */
export function readMachineTime(): MachineTime {
  bootId ??= readBootId();
  return { wallMs: Date.now(), uptimeMs: uptime() * 1000, bootId };
}

/** @see proc_sys_kernel(5), random/boot_id */
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return ""; // no Linux: the wall time has to do
  }
}

/**
 * Time in milliseconds that passed between two readings, maybe of two processes. While the machine runs its wall time
 * doesn't count, so setting it can neither expire a message nor revive one. Across a restart of the machine only the wall
 * time is left; one that went back counts as no time at all.
 */
export function elapsedMs(before: MachineTime, after: MachineTime): number {
  const isSameBoot = before.bootId !== "" && before.bootId === after.bootId;
  return Math.max(0, isSameBoot ? after.uptimeMs - before.uptimeMs : after.wallMs - before.wallMs);
}
