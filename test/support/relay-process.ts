import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { findFreePort } from "./free-port.ts";
import { patientMs } from "./patience.ts";
import { publicKeys, recordOutput, registerSecret } from "./secrets/run-record.ts";
import { startProcess, type ProcessEnd, type StartedProcess, type Within } from "./started-process.ts";

const entryPoint = path.join(import.meta.dirname, "../../runtime/main.ts");

/** Longest wait for an answer of probes and metrics on an idle machine. */
const answerMs = 5000;

/** Contents of mounted files: by name of the Secret or ConfigMap, then by key. */
export interface Mounts {
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly configmaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Writes mounted files as Kubernetes would lay them out. */
export function writeMounts(folder: string, mounts: Mounts): void {
  for (const [kind, named] of Object.entries(mounts)) {
    for (const [name, keys] of Object.entries(named as NonNullable<Mounts["secrets"]>)) {
      const target = path.join(folder, kind, name);
      mkdirSync(target, { recursive: true });
      for (const [key, content] of Object.entries(keys)) {
        if (kind === "secrets" && !publicKeys.has(key)) registerSecret(`"${key}" of Secret "${name}"`, content);
        writeFileSync(path.join(target, key), content);
      }
    }
  }
}

export interface RelayOptions {
  /** Folder for the configuration and, under `mounts`, the mounted files. */
  readonly folder: string;
  /** The document, or its text. */
  readonly config: RelayConfigInput | string;
  readonly mounts?: Mounts;
  /** Number of this instance; 0 when omitted. */
  readonly ordinal?: number;
  /** Folder of the spool; `spool` in {@link folder} when omitted. */
  readonly spoolFolder?: string;
  /** `<host>:<port>=<address>:<port>` each. */
  readonly connectTo?: readonly string[];
  /** What to start in place of a program, so that it sees another machine; omitted: the program. */
  readonly within?: Within;
  /** Port of the status page; 0, which is none, when omitted. */
  readonly pagePort?: number;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What `/readyz` answers. */
export interface ReadinessAnswer {
  readonly status: number;
  readonly text: string;
}

/** One line of the relay's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A relay in a process of its own, as it runs in a container. */
export interface RelayProcess {
  readonly process: StartedProcess;
  /** Port of probes and metrics. */
  readonly port: number;
  /** The log so far; what is no log line is left out. */
  readonly log: readonly LogLine[];
  readonly ended: Promise<ProcessEnd>;
  /** Asks `/readyz`; `undefined` while nobody answers. */
  readiness(): Promise<ReadinessAnswer | undefined>;
  /** @param waitMs milliseconds of an idle machine, 20 s when omitted */
  untilReady(waitMs?: number): Promise<void>;
  /** Waits until `/readyz` says 503 with a reason that matches. */
  untilUnready(reason: RegExp): Promise<string>;
  untilLog(isWanted: (line: LogLine) => boolean): Promise<LogLine>;
  /** Sum of a metric over those of its series that have all these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  untilMetric(name: string, isWanted: (value: number) => boolean): Promise<number>;
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
}

/** Starts a relay; returns as soon as the process runs. */
export async function startRelay(options: RelayOptions): Promise<RelayProcess> {
  const { folder, config, mounts = {}, ordinal, connectTo = [], pagePort = 0, env = {} } = options;
  const { within = (program, args) => [program, [...args]] } = options;
  const mountFolder = path.join(folder, "mounts");
  writeMounts(mountFolder, mounts);
  const file = path.join(folder, "relay.json");
  writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
  const port = await findFreePort();
  const spool = options.spoolFolder ?? path.join(folder, "spool");
  const pages = ["--metrics-port", String(port), "--metrics-host", "127.0.0.1", "--page-port", String(pagePort)];
  const args = ["run", "--config", file, "--mounts", mountFolder, "--spool", spool, ...pages];
  const started = startProcess(
    ...within(process.execPath, [entryPoint, ...args, ...connectTo.flatMap((value) => ["--connect-to", value])]),
    { env: { ...env, ...(ordinal === undefined ? {} : { RELAY_ORDINAL: String(ordinal) }) } },
  );
  return createRelayProcess(started, port);
}

function createRelayProcess(started: StartedProcess, port: number): RelayProcess {
  const readLog = () => started.lines.flatMap(parseLogLine);
  const record = recordOutput("relay-pages");
  const get = async (page: string) => {
    const signal = AbortSignal.timeout(patientMs(answerMs));
    const response = await fetch(`http://127.0.0.1:${port}/${page}`, { signal }).catch(() => undefined);
    const text = (await response?.text()) ?? "";
    record(`${text}\n`);
    return response === undefined ? undefined : { status: response.status, text };
  };
  const relay: RelayProcess = {
    process: started,
    port,
    get log() {
      return readLog();
    },
    ended: started.ended,
    readiness: () => get("readyz"),
    untilReady: async (waitMs) => {
      const isReady = async () => ((await relay.readiness())?.status === 200 ? true : undefined);
      await started.until("readiness", isReady, waitMs);
    },
    untilUnready: (reason) =>
      started.until(`a 503 with ${String(reason)}`, async () => {
        const answer = await relay.readiness();
        return answer?.status === 503 && reason.test(answer.text) ? answer.text : undefined;
      }),
    untilLog: (isWanted) => started.until("the log line that a test waits for", () => readLog().find(isWanted)),
    metric: async (name, labels = {}) => {
      const page = await get("metrics");
      return sumOfMetric(page?.text ?? "", name, labels);
    },
    untilMetric: (name, isWanted) =>
      started.until(`the wanted ${name}`, async () => {
        const value = await relay.metric(name);
        return isWanted(value) ? value : undefined;
      }),
    stop: (signal) => started.stop(signal),
  };
  return relay;
}

function parseLogLine(line: string): LogLine[] {
  try {
    return line.startsWith("{") ? [JSON.parse(line) as LogLine] : [];
  } catch {
    return []; // the last line of a process that was killed can be half a line
  }
}

function sumOfMetric(exposition: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return exposition
    .split("\n")
    .filter(
      (line) =>
        (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && wanted.every((label) => line.includes(label)),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
