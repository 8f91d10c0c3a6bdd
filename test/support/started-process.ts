import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

import { Stopwatch, usualMs } from "./patience.ts";
import { recordOutput, registerSecret } from "./secrets/run-record.ts";

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program under test, or one that a test needs. */
export interface StartedProcess {
  readonly pid: number | undefined;
  /** Lines of standard output and standard error, in the order in which they came. */
  readonly lines: readonly string[];
  /** Lines of standard error alone. */
  readonly errorLines: readonly string[];
  readonly ended: Promise<ProcessEnd>;
  /**
   * Waits for a line, one that came before included.
   * @param from index of the first line that counts
   */
  untilLine(isWanted: (line: string) => boolean, from?: number): Promise<string>;
  /**
   * Waits until `probe` gives a value; asks again after each line and after each 20 ms.
   * @param waitMs milliseconds of an idle machine, 20 s when omitted
   */
  until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, waitMs?: number): Promise<T>;
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
}

/** What to start in place of a program, so that it runs somewhere else, such as in a namespace. */
export type Within = (program: string, args: readonly string[]) => readonly [command: string, args: string[]];

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes for standard input; omitted: it is empty. */
  readonly input?: Buffer;
  /** Leaves standard input open until this process ends. */
  readonly keepsInput?: boolean;
  /** Makes it the head of a process group, as a terminal does: signals then reach what it has started, too. */
  readonly hasOwnGroup?: boolean;
}

const probeIntervalMs = 20;
const shownLines = 15;

const running = new Set<StartedProcess>();
/** Those of this file of tests, for the environment: it prints their last lines when a test fails. */
const ofThisFile: { readonly name: string; readonly lines: readonly string[]; hasEnded(): boolean }[] = [];
Object.assign(globalThis, { startedProcesses: ofThisFile });

/** Starts a program; {@link stopProcesses} ends what is left of it. */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): StartedProcess {
  registerPasswords(options.env ?? {});
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: options.hasOwnGroup === true,
  });
  const kill = (signal: NodeJS.Signals) => {
    if (options.hasOwnGroup !== true || child.pid === undefined) child.kill(signal);
    else signalGroup(child.pid, signal);
  };
  const program = path.basename(command);
  child.stdout.on("data", recordOutput(`${program}-stdout`));
  child.stderr.on("data", recordOutput(`${program}-stderr`));
  const lines: string[] = [];
  const errorLines: string[] = [];
  const news = new EventEmitter();
  news.setMaxListeners(0);
  let end: ProcessEnd | undefined;
  const isClosed = () => end !== undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    news.emit("news");
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    errorLines.push(line);
    news.emit("news");
  });
  // A process that ended early takes no input; how it ended says more than EPIPE.
  child.stdin.on("error", () => undefined);
  if (options.keepsInput !== true) child.stdin.end(options.input);
  const name = `${program} (${String(child.pid)})`;
  const describe = (what: string) =>
    new Error(`${name}: ${what}; its last lines:\n${lines.slice(-shownLines).join("\n")}`);

  const started: StartedProcess = {
    pid: child.pid,
    lines,
    errorLines,
    ended: new Promise((resolve) => {
      child.once("close", (code, signal) => {
        end = { code, signal };
        running.delete(started);
        news.emit("news");
        resolve(end);
      });
      child.once("error", () => {
        news.emit("news");
      });
    }),
    untilLine: (isWanted, from = 0) =>
      started.until("the line that a test waits for", () => lines.slice(from).find(isWanted)),
    until: async (what, probe, waitMs = usualMs) => {
      const watch = new Stopwatch();
      for (;;) {
        const wasClosed = isClosed();
        const found = await probe();
        if (found !== undefined) return found;
        if (wasClosed) throw describe(`ended with ${JSON.stringify(end)} before ${what} came`);
        if (watch.elapsedMs > waitMs) throw describe(`${what} did not come within ${waitMs} ms of an idle machine`);
        await once(news, "news", { signal: AbortSignal.timeout(probeIntervalMs) }).catch(() => undefined);
      }
    },
    kill,
    stop: async (signal = "SIGTERM") => {
      kill(signal);
      return started.ended;
    },
  };
  running.add(started);
  ofThisFile.push({ name, lines, hasEnded: isClosed });
  return started;
}

/** Signals every process of a group; does nothing when none is left. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** Gathers the passwords of URLs in an environment, such as that of `HTTPS_PROXY`. */
function registerPasswords(env: Readonly<Record<string, string>>): void {
  for (const [variable, value] of Object.entries(env)) {
    const { password = "" } = URL.canParse(value) ? new URL(value) : {};
    registerSecret(`password in ${variable}`, decodeURIComponent(password));
  }
}

/** Ends every process that is still running, at once; for `afterAll`. */
export async function stopProcesses(): Promise<void> {
  await Promise.all([...running].map((started) => started.stop("SIGKILL")));
}
