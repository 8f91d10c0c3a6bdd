import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How the relay is started: as its image would be, in a process and an environment of its own. */
export interface RelayProcessOptions {
  readonly configFile: string;
  readonly mountPath: string;
  /** `<host>:<port>=<address>:<port>` */
  readonly connectTo: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onLog: (line: RelayLogLine) => void;
}

/** A line of the relay's log, as far as the demo reads it. */
export interface RelayLogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Metrics of one dataflow, by metric name. */
export type DataflowMetrics = Readonly<Record<string, number>>;

/** A running relay. */
export interface RelayProcess {
  /** Resolves once every dataflow is connected at both ends. @throws when the relay ends first, or time is up */
  readonly ready: (timeoutMs: number) => Promise<void>;
  /** Metrics by dataflow; empty while the relay can't be asked. */
  readonly metrics: () => Promise<ReadonlyMap<string, DataflowMetrics>>;
  /** Sends SIGTERM and waits for the end. @returns the exit code */
  readonly stop: () => Promise<number>;
}

const relayEntry = fileURLToPath(new URL("../../runtime/main.ts", import.meta.url));
const pollMs = 100;

export async function startRelay(options: RelayProcessOptions): Promise<RelayProcess> {
  const { configFile, mountPath, connectTo, environment, onLog } = options;
  const port = await findFreePort();
  const args = ["run", "--config", configFile, "--mounts", mountPath, "--metrics-port", String(port)];
  const redirects = connectTo.flatMap((value) => ["--connect-to", value]);
  const child = spawn(process.execPath, [relayEntry, ...args, ...redirects], {
    env: { ...environment, PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "inherit"],
    // Ctrl-C in a terminal goes to a whole process group: the demo itself says when the relay stops.
    detached: true,
  });
  process.once("exit", () => {
    child.kill("SIGKILL");
  });
  let exitCode: number | undefined;
  const exited = once(child, "exit").then(([code]) => {
    exitCode = typeof code === "number" ? code : 1;
    return exitCode;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    onLog(parseLogLine(line));
  });
  const base = `http://127.0.0.1:${port}`;
  return {
    ready: (timeoutMs) => waitUntilReady(base, timeoutMs, () => exitCode),
    metrics: async () => {
      const answer = await fetch(`${base}/metrics`).catch(() => undefined);
      return parseMetrics((await answer?.text()) ?? "");
    },
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

async function waitUntilReady(base: string, timeoutMs: number, exitCode: () => number | undefined): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let reason = "it does not answer";
  while (performance.now() < deadline) {
    const code = exitCode();
    if (code !== undefined) throw new Error(`the relay ended with code ${code} before it was ready`);
    const answer = await fetch(`${base}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    reason = (await answer?.text())?.trim() ?? reason;
    await delay(pollMs);
  }
  throw new Error(`the relay is not ready in ${timeoutMs} ms: ${reason}`);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function parseLogLine(line: string): RelayLogLine {
  try {
    return JSON.parse(line) as RelayLogLine;
  } catch {
    // Not the relay's own: an engine's warning, say.
    return { level: "warn", msg: line };
  }
}

/** Reads `name{dataflow="x",…} value` lines; values of one name and dataflow are added up. */
function parseMetrics(text: string): ReadonlyMap<string, DataflowMetrics> {
  const byDataflow = new Map<string, Record<string, number>>();
  for (const match of text.matchAll(/^(\w+)\{dataflow="([^"]+)"[^}]*\} ([0-9.e+-]+)$/gm)) {
    const [, name = "", dataflow = "", value = "0"] = match;
    const metrics = byDataflow.get(dataflow) ?? {};
    metrics[name] = (metrics[name] ?? 0) + Number(value);
    byDataflow.set(dataflow, metrics);
  }
  return byDataflow;
}
