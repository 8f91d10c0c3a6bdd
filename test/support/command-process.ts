import path from "node:path";

import { startProcess } from "./started-process.ts";

const entryPoint = path.join(import.meta.dirname, "../../cli/main.ts");
const shiftedClock = path.join(import.meta.dirname, "shifted-clock.js");

/** What a command came to. */
export interface CommandEnd {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds that its clock is ahead of this machine's. */
  readonly clockAheadMs?: number;
}

/** Runs `mqtt-dataflow` in a process of its own, as a user does. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const { env = {}, clockAheadMs } = options;
  const shift = clockAheadMs === undefined ? [] : ["--import", shiftedClock];
  const process_ = startProcess(process.execPath, [...shift, entryPoint, ...args], {
    env: { ...env, ...(clockAheadMs === undefined ? {} : { CLOCK_AHEAD_MS: String(clockAheadMs) }) },
  });
  const { code } = await process_.ended;
  const errors = process_.errorLines;
  const output = process_.lines.filter((line) => !errors.includes(line));
  return { code, output: output.join("\n"), errors: errors.join("\n") };
}
