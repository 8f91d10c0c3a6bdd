import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

import { until } from "../../support/patience.ts";
import { recordOutput } from "../../support/secrets/run-record.ts";
import { inState } from "./places.ts";

/** A part of the node that runs, with its output in a file. */
export interface Program {
  readonly name: string;
  readonly logFile: string;
  readonly hasEnded: () => boolean;
  /** Asks again every 20 ms. @throws with the last lines of its log when it ends, or does not come in time */
  until(what: string, probe: () => boolean | Promise<boolean>): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const shownLines = 12;

/** @param env variables beside those of this process */
export function startProgram(
  name: string,
  executable: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const logFile = inState("logs", `${name}.log`);
  const log = openSync(logFile, "a");
  const child: ChildProcess = spawn(executable, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env } });
  closeSync(log);
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const hasEnded = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null;
  const lastLines = () => readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-shownLines).join("\n");
  return {
    name,
    logFile,
    hasEnded,
    until: async (what, probe) => {
      await until(
        `${name}: ${what}`,
        async () => {
          if (hasEnded()) throw new Error(`${name}: ended before ${what}; its last lines:\n${lastLines()}`);
          return (await probe()) ? true : undefined;
        },
        startMs,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; the last lines of ${logFile}:\n${lastLines()}`, { cause: error });
      });
    },
    stop: async (signal = "SIGTERM") => {
      if (hasEnded()) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      recordOutput(name)(readFileSync(logFile));
    },
  };
}

/** Milliseconds of an idle machine that a part of the node may take to come up; the slowest seen is a fifth of it. */
const startMs = 60_000;

const execute = promisify(execFile);

/**
 * Runs a program to its end.
 * @throws with what it wrote to standard error, when it fails
 */
export async function run(program: string, args: readonly string[], input?: string): Promise<string> {
  const started = execute(program, [...args], { maxBuffer: 64 * 1024 * 1024, encoding: "utf8" });
  started.child.stdin?.on("error", () => undefined);
  started.child.stdin?.end(input);
  try {
    return (await started).stdout;
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Error(`${program} ${args.join(" ")}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}
