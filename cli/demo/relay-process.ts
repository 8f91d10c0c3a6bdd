import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { parseLogLine, parseMetrics, type DataflowMetrics, type RelayLogLine } from "./relay-output.ts";

/** How the relay is started: as its image would be, in a process and an environment of its own. */
export interface RelayProcessOptions {
  readonly configFile: string;
  readonly mountPath: string;
  readonly spoolPath: string;
  /** `<host>:<port>=<address>:<port>` */
  readonly connectTo: readonly string[];
  /** Port of its status page; 0: none. */
  readonly pagePort: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Time to drain after SIGTERM; SIGKILL follows. */
  readonly drainTimeoutMs: number;
  readonly onLog: (line: RelayLogLine) => void;
}

/** How the relay ended: `"exit code 0"`, `"SIGKILL"`. */
export interface RelayEnd {
  readonly isClean: boolean;
  readonly how: string;
}

/** A running relay. */
export interface RelayProcess {
  /** Resolves once every dataflow is connected at both ends. @throws when the relay ends first, or time is up */
  readonly ready: (timeoutMs: number, signal: AbortSignal) => Promise<void>;
  /** Metrics by dataflow; while the relay can't be asked, its last answer. */
  readonly metrics: () => Promise<ReadonlyMap<string, DataflowMetrics>>;
  readonly ended: Promise<RelayEnd>;
  /** Sends SIGTERM and waits for the end. May be called again. */
  readonly stop: () => Promise<RelayEnd>;
}

const relayEntry = fileURLToPath(new URL("../../runtime/main.ts", import.meta.url));
const endWithParent = new URL("end-with-parent.ts", import.meta.url).href;
/** Nobody but this machine is to see the demo. */
const onLoopback = ["--metrics-host", "127.0.0.1"];
const pollMs = 100;
const answerTimeoutMs = 2000;
/** Beyond the drain time-out, for the relay to disconnect and end. */
const graceMs = 5000;

/** Starts the relay; it ends with this process at the latest. */
export async function startRelay(options: RelayProcessOptions): Promise<RelayProcess> {
  const port = await findFreePort();
  const base = `http://127.0.0.1:${port}`;
  const child = spawnRelay(options, port);
  const ended = watchEnd(child);
  let metrics: ReadonlyMap<string, DataflowMetrics> = new Map();
  let stopping: Promise<RelayEnd> | undefined;
  return {
    ended,
    ready: (timeoutMs, signal) => waitUntilReady(base, ended, timeoutMs, signal),
    metrics: async () => {
      const text = await ask(`${base}/metrics`).then((answer) => answer?.text());
      if (text !== undefined) metrics = parseMetrics(text);
      return metrics;
    },
    // Once: a relay that has drained is on its way out, and a second signal would cut that short.
    stop: () => (stopping ??= stopChild(child, ended, options.drainTimeoutMs + graceMs)),
  };
}

async function stopChild(child: ChildProcess, ended: Promise<RelayEnd>, patienceMs: number): Promise<RelayEnd> {
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  const end = await ended;
  clearTimeout(impatience);
  return end;
}

function spawnRelay(options: RelayProcessOptions, port: number): ChildProcess {
  const { configFile, mountPath, spoolPath, connectTo, environment, onLog } = options;
  const folders = ["--mounts", mountPath, "--spool", spoolPath];
  const ports = ["--metrics-port", String(port), "--page-port", String(options.pagePort)];
  const args = ["run", "--config", configFile, ...folders, ...ports, ...onLoopback];
  const redirects = connectTo.flatMap((value) => ["--connect-to", value]);
  const child = spawn(process.execPath, ["--import", endWithParent, relayEntry, ...args, ...redirects], {
    env: { ...environment, PATH: process.env["PATH"] },
    stdio: "pipe",
    // Ctrl-C in a terminal goes to a whole process group: the demo itself says when the relay stops.
    detached: true,
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    onLog(parseLogLine(line));
  });
  createInterface({ input: child.stderr }).on("line", (msg) => {
    onLog({ level: "error", msg });
  });
  return child;
}

async function watchEnd(child: ChildProcess): Promise<RelayEnd> {
  const kill = () => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  // "close" and not "exit": its last lines have been read by then.
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  process.off("exit", kill);
  return { isClean: code === 0, how: signal ?? `exit code ${code}` };
}

async function waitUntilReady(
  base: string,
  ended: Promise<RelayEnd>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let end: RelayEnd | undefined;
  void ended.then((value) => (end = value));
  const deadline = performance.now() + timeoutMs;
  let reason = "it does not answer";
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    if (end !== undefined) throw new Error(`the relay: ended before it was ready (${end.how}); see what it said above`);
    const answer = await ask(`${base}/readyz`);
    if (answer?.ok === true) return;
    reason = (await answer?.text())?.trim() ?? reason;
    await delay(pollMs);
  }
  throw new Error(`the relay: is not ready within ${timeoutMs} ms (${reason}); see what it said above`);
}

/** @returns nothing when there is no answer in time */
async function ask(url: string): Promise<Response | undefined> {
  return fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) }).catch(() => undefined);
}

/** Finds a port of this machine that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
