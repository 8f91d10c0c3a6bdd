import type { ParsedConfig, RelayConfig } from "./contract/config.ts";
import { parseHost, type HostAddress } from "./contract/config/endpoint.ts";
import { ConfigError, describeError, firstLines, formatProblem } from "./contract/errors.ts";
import { memoryNeeds, memoryProblem, planMemory } from "./contract/memory.ts";
import { withoutUser } from "./contract/shown-url.ts";
import { readConfiguration } from "./read-configuration.ts";
import { startHealthServer } from "./report/health-server.ts";
import { createLog, type Logger } from "./report/log.ts";
import { createMetrics } from "./report/metrics.ts";
import type { PageServer } from "./report/page-server.ts";
import { EventRecorder } from "./report/status/event-recorder.ts";
import { startStatusServer, type StatusServerOptions } from "./report/status/status-server.ts";
import { exportMetrics } from "./report/otlp.ts";
import { startTracing, type Tracing } from "./report/traces.ts";
import { MemoryBudget } from "./memory/budget.ts";
import { findMemoryLimit } from "./memory/limit.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import { reserveLookUpThreads } from "./transport/look-up.ts";

/** What the command line and the environment say. */
export interface RunOptions {
  /** A file, or a folder of files, as `readConfiguration` reads it. */
  readonly configFile: string;
  /** With AIO's own resources: the profile whose dataflows are wanted. */
  readonly profile?: string;
  /** Names of the dataflows that are wanted; omitted: all of them. */
  readonly dataflows?: readonly string[];
  readonly mountPath?: string;
  /** Folder of the spool; omitted: the configuration's. */
  readonly spoolPath?: string;
  /** `<host>:<port>=<address>:<port>`, as often as needed; for development. */
  readonly connectTo: readonly string[];
  /** Port of probes and metrics; omitted: the configuration's. */
  readonly metricsPort?: number;
  /** Address that probes and metrics are served at; omitted: every address, which a pod's probes need. */
  readonly metricsHost?: string;
  /** Port of the status page on 127.0.0.1, 0 for none; omitted: the configuration's. */
  readonly pagePort?: number;
}

/** Exit codes of the process. */
export const ExitCode = { ok: 0, failed: 1, badConfiguration: 2 } as const;

/**
 * Runs a relay until SIGTERM or SIGINT.
 * @param onClosed called once everything is closed, for a program that ends then: see {@link endInTime}
 * @returns the exit code; a second signal ends the process at once
 */
export async function runRelay(options: RunOptions, onClosed: (log: Logger) => void = ignore): Promise<number> {
  let parsed: ParsedConfig;
  let connectTo: ReadonlyMap<string, HostAddress>;
  let instance: Pick<RelayOptions, "ordinal" | "joinMs">;
  try {
    parsed = readConfiguration(options.configFile, options);
    connectTo = parseConnectTo(options.connectTo);
    instance = readInstance(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return ExitCode.badConfiguration;
  }
  const { config } = parsed;
  reserveLookUpThreads(mostHostNames(config));
  const pagePort = options.pagePort ?? config.relay.statusPage.port;
  const recorder = pagePort === 0 ? undefined : new EventRecorder();
  const log = createLog(config.profile.diagnostics.logs.level, undefined, recorder?.record.bind(recorder)).child(
    config.relay.site === undefined ? {} : { site: config.relay.site },
  );
  announce(log, parsed, connectTo);
  const memory = reserveMemory(config, options.configFile, log);
  if (typeof memory === "string") {
    process.stderr.write(`${memory}\n`);
    return ExitCode.badConfiguration;
  }
  const tracing = await startTracing(process.env, log);
  const relay = new Relay(config, {
    ...instance,
    connectTo,
    log,
    memory,
    tracing,
    ...readPaths(options),
  });
  const port = options.metricsPort ?? config.profile.diagnostics.metrics.prometheusPort;
  const page = recorder && { port: pagePort, recorder, limitBytes: memory.limitBytes };
  const served = { port, host: options.metricsHost, page, tracing };
  return superviseRelay(relay, served, log).finally(onClosed.bind(undefined, log));
}

function readPaths({ mountPath, spoolPath }: RunOptions): Pick<RunOptions, "mountPath" | "spoolPath"> {
  return { ...(mountPath === undefined ? {} : { mountPath }), ...(spoolPath === undefined ? {} : { spoolPath }) };
}

/** Divides the memory that there is among the dataflows; or says that there is too little for them. */
function reserveMemory({ relay, dataflows }: RelayConfig, where: string, log: Logger): MemoryBudget | string {
  const { bytes: limitBytes, from } = findMemoryLimit(relay.maxMemoryBytes);
  const needs = memoryNeeds(dataflows);
  const plan = planMemory(limitBytes, needs);
  if ("neededBytes" in plan) {
    const path = from === "configuration" ? "relay.maxMemoryBytes" : `the memory of this ${from}`;
    const problem = memoryProblem(path, limitBytes, needs);
    return new ConfigError(where, problem === undefined ? [] : [problem]).message;
  }
  const shares = [...plan.shares.values()];
  const share = { leastBytes: Math.min(...shares), mostBytes: Math.max(...shares) };
  log.info(
    { event: "memory-planned", limitBytes, from, share, largeMessageBytes: plan.laneBytes },
    "memory for messages",
  );
  return new MemoryBudget({
    limitBytes,
    plan,
    onTight: (isTight, residentBytes) => {
      const memory = { residentBytes, limitBytes };
      if (isTight)
        log.warn(
          { event: "memory-short", ...memory },
          "short of memory: little more is taken in until messages have left",
        );
      else log.info({ event: "memory-enough", ...memory }, "enough memory again");
    },
  });
}

/** What a relay is seen by. */
interface Served {
  /** Of probes and metrics; 0: none. */
  readonly port: number;
  readonly host: string | undefined;
  readonly page: ServedPage | undefined;
  readonly tracing: Tracing | undefined;
}

type ServedPage = Pick<StatusServerOptions, "port" | "recorder" | "limitBytes">;

/** Serves the status page where that is possible: messages do not depend on it. */
async function servePage(relay: Relay, page: ServedPage, log: Logger): Promise<PageServer | undefined> {
  try {
    const server = await startStatusServer({ ...page, relay, log });
    log.info({ event: "page-open", address: `http://127.0.0.1:${server.port}/` }, "serving the status page");
    return server;
  } catch (cause) {
    const remedy = "set relay.statusPage.port to a free port, or to 0 for no page";
    log.warn({ event: "page-not-served", reason: describeError(cause), remedy }, "the status page can't be served");
    return undefined;
  }
}

async function superviseRelay(relay: Relay, { port, host, page, tracing }: Served, log: Logger): Promise<number> {
  const metrics = createMetrics(relay);
  const health = port === 0 ? undefined : await startHealthServer({ port, host, relay, metrics, log });
  const metricExport = await exportMetrics(relay, metrics, process.env, log);
  const status = page && (await servePage(relay, page, log));
  let isTold = false;
  const onSignal = (signal: NodeJS.Signals) => {
    // The second one, whichever it is, is meant: somebody waits no longer.
    if (isTold) {
      log.warn(
        { event: "stop-forced", signal },
        "told to stop again: ends now, what is not acknowledged stays with its source",
      );
      if (relay.hasThread) endNow();
      process.exit(ExitCode.failed);
    }
    isTold = true;
    log.info({ event: "stop-requested", signal }, "told to stop");
    void relay.stop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Node's own listener would open the debugger to whoever can send a signal.
  process.on("SIGUSR1", ignore);
  if (health !== undefined) log.info({ event: "port-open", port: health.port }, "serving probes and metrics");
  try {
    if (await relay.run()) return ExitCode.ok;
    log.error({ event: "no-dataflow-left" }, "no dataflow is left that can run");
    return ExitCode.failed;
  } finally {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
    process.off("SIGUSR1", ignore);
    health?.close();
    status?.close();
    await Promise.all([metricExport?.stop(), tracing?.stop()]);
    if (relay.hasThread) endNow();
  }
}

/** Time for the process to end by itself once everything is closed; a broker that does not close its side has 2 s of it. */
const endMs = 5000;

/** Ends a process that something keeps alive after all was closed: Kubernetes would wait for it for its whole grace period. */
export function endInTime(log: Logger): void {
  setTimeout(() => {
    const resources = process.getActiveResourcesInfo();
    log.error({ event: "end-delayed", resources }, "closed, and something keeps this process from ending: ends now");
    process.exit();
  }, endMs).unref();
}

/**
 * Ends the process, whatever its threads wait for: `process.exit` waits for all of them, and one that waits for a disk which
 * does not answer never ends. The exit code is 137.
 */
function endNow(): void {
  process.kill(process.pid, "SIGKILL");
}

function ignore(): void {
  // SIGUSR1 means nothing to a relay.
}

/** Names that may be looked up at the same time: of each endpoint a broker and a proxy, and the relay's proxy and Entra. */
function mostHostNames({ endpoints }: RelayConfig): number {
  return 2 * Object.keys(endpoints).length + 2;
}

function announce(
  log: Logger,
  { config, warnings, skipped, notes }: ParsedConfig,
  connectTo: ReadonlyMap<string, HostAddress>,
): void {
  for (const line of firstLines(warnings, formatProblem)) log.warn({ event: "configuration-warning" }, line);
  for (const reason of firstLines(skipped, String)) log.warn({ event: "configuration-skipped", reason }, "skipped");
  for (const note of firstLines(notes, String)) log.info({ event: "configuration-note", note }, "noted");
  for (const [name, { mode }] of Object.entries(config.dataflows)) {
    if (mode === "Disabled") log.info({ event: "dataflow-disabled", dataflow: name }, "dataflow is disabled");
  }
  for (const [host, { hostname: to, port }] of connectTo)
    log.warn(
      { event: "connecting-elsewhere", host, to: `${to}:${port}` },
      "connecting elsewhere, for development only",
    );
}

/** Parses `--connect-to`. @throws {ConfigError} naming each that is not of its form */
export function parseConnectTo(values: readonly string[]): ReadonlyMap<string, HostAddress> {
  const map = new Map<string, HostAddress>();
  const problems = values.flatMap((value) => {
    const [from = "", to = "", ...more] = value.split("=");
    const source = parseHost(from);
    const target = parseHost(to);
    if (source === undefined || target === undefined || more.length > 0) {
      return [
        {
          path: "--connect-to",
          problem: `is "${withoutUser(value)}"`,
          remedy: 'give "<host>:<port>=<address>:<port>"',
        },
      ];
    }
    map.set(`${source.hostname}:${source.port}`, target);
    return [];
  });
  if (problems.length > 0) throw new ConfigError("the command line", problems);
  return map;
}

function readInstance(environment: NodeJS.ProcessEnv): Pick<RelayOptions, "ordinal" | "joinMs"> {
  const ordinal = readOrdinal(environment["RELAY_ORDINAL"]);
  return { ordinal, joinMs: readJoinSeconds(environment["RELAY_JOIN_SECONDS"]) * 1000 };
}

/** Number of this instance, from 0, as `RELAY_ORDINAL` says it. @throws {ConfigError} when it is no number */
export function readOrdinal(given: string | undefined): number {
  if (given === undefined) return 0;
  if (/^[0-9]{1,4}$/.test(given)) return Number(given);
  const remedy = "give the number of this instance, from 0";
  throw new ConfigError("the environment", [{ path: "RELAY_ORDINAL", problem: `is "${given}"`, remedy }]);
}

/**
 * Seconds that a new instance waits before it subscribes, as `RELAY_JOIN_SECONDS` says it; 0 to 999, 0 when it is not set.
 * @throws {ConfigError} when it is no such number
 */
export function readJoinSeconds(given: string | undefined): number {
  if (given === undefined) return 0;
  if (/^[0-9]{1,3}$/.test(given)) return Number(given);
  const remedy = "give the seconds that a new instance waits before it subscribes, 0 to 999";
  throw new ConfigError("the environment", [{ path: "RELAY_JOIN_SECONDS", problem: `is "${given}"`, remedy }]);
}
