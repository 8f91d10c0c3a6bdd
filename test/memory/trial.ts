import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { between, createRandom, pick } from "../ledger/random.ts";
import { readImageEnvironment, readImageFlags } from "../support/image-flags.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { FloodDestination, FloodSource, type DestinationPlan, type FloodPlan } from "./flood-broker.ts";

const mebibyte = 1024 * 1024;
const root = path.join(import.meta.dirname, "../..");
/** Where this machine lets a process of limited memory be made: cgroup v1, or v2 with the controller. */
const cgroupRoot = "/sys/fs/cgroup/memory";

/** What is tried: how a relay is configured, what it has, and what it meets. */
export interface Trial {
  readonly seed: number;
  readonly memoryMebibytes: number;
  readonly dataflows: number;
  readonly dataflow: NonNullable<RelayConfigInput["dataflows"][string]["relay"]>;
  readonly template: string;
  readonly endpoints: Readonly<
    Record<"source" | "destination", { readonly qos: 0 | 1; readonly maxInflightMessages: number }>
  >;
  readonly flood: Pick<FloodPlan, "qos" | "isWide" | "propertyBytes" | "keepsReceiveMaximum"> & {
    readonly payloadBytes: number;
    readonly topicBytes: number;
    /** Whether sizes are drawn up to these, and are not just these. */
    readonly isVaried: boolean;
  };
  readonly destination: DestinationPlan;
}

/** What became of it. */
export interface Outcome {
  /** How the process ended by itself; `undefined` when it did not. */
  readonly ended: string | undefined;
  /** Whether it refused to start, since there is too little memory for its configuration. */
  readonly isRefused: boolean;
  /** Largest anonymous memory that was seen, in MiB. */
  readonly peakMebibytes: number;
  /** Dataflows through which a message came when it was over. */
  readonly flowing: number;
  readonly sent: number;
  readonly received: number;
  readonly log: readonly string[];
}

/** Draws a trial. Small and extreme values are as likely as usual ones. */
export function drawTrial(seed: number): Trial {
  const random = createRandom(seed);
  const dataflows = pick(random, [1, 1, 2, 4, 8, 16, 32, 64]);
  const bytes = (most: number) => Math.floor(2 ** (random() * Math.log2(most)));
  const endpoint = () => ({
    qos: random() < 0.25 ? (0 as const) : (1 as const),
    maxInflightMessages: pick(random, [1, 10, 100, 100, 1000, 64_999]),
  });
  const isSpooled = random() < 0.3;
  const trial: Trial = {
    seed,
    memoryMebibytes: pick(random, [160, 192, 256, 256, 256, 384, 512]),
    dataflows,
    dataflow: {
      maxInflightBytes: pick(random, [65_536, 1_000_000, 16_777_216, 16_777_216, 200_000_000, 1_073_741_824]),
      undeliverableMessages: pick(random, ["Discard", "Discard", "DeadLetter"]),
      spool: isSpooled ? { mode: "Enabled", maxBytes: pick(random, [1_048_576, 100_000_000]) } : { mode: "Disabled" },
      ...(random() < 0.2 ? { maxHops: 8 } : {}),
    },
    template: pick(random, ["${inputTopic}", "${inputTopic}", "out/${inputTopic.1}", "one/topic"]),
    endpoints: { source: endpoint(), destination: endpoint() },
    flood: {
      qos: random() < 0.3 ? 0 : 1,
      payloadBytes: bytes(pick(random, [10, 200, 2000, 200_000, 2_000_000, 80_000_000, 200_000_000])),
      topicBytes: bytes(pick(random, [4, 20, 60_000])),
      propertyBytes: random() < 0.3 ? bytes(60_000) : 0,
      isVaried: random() < 0.5,
      isWide: false,
      keepsReceiveMaximum: random() < 0.5,
    },
    destination: pick(random, ["takes", "neverAcknowledges", "neverReads", "keepsOldest", "refuses", "away", "away"]),
  };
  // Drawn last, so that a seed means what it meant before these were thought of.
  const isWide = random() < 0.2;
  const other = random() < 0.2 ? pick<DestinationPlan>(random, ["keepsSome", "refusesForGood"]) : trial.destination;
  return { ...trial, flood: { ...trial.flood, isWide }, destination: other };
}

/** A configuration of the trial. */
export function configOf(
  trial: Trial,
  ports: { readonly source: number; readonly destination: number },
): RelayConfigInput {
  const { dataflow, endpoints, memoryMebibytes } = trial;
  const deadLetter =
    dataflow.undeliverableMessages === "DeadLetter" ? { deadLetter: { endpointRef: "target", topic: "dead" } } : {};
  return buildConfig({
    relay: { maxMemoryBytes: memoryMebibytes * mebibyte },
    endpoints: {
      origin: plainEndpoint(ports.source, endpoints.source),
      target: plainEndpoint(ports.destination, endpoints.destination),
    },
    dataflows: Object.fromEntries(
      Array.from({ length: trial.dataflows }, (_, index) => [
        `flow-${index}`,
        buildDataflow(["origin", ["t/#", "probe/#"]], ["target", trial.template], {
          relay: { ...dataflow, ...deadLetter },
        }),
      ]),
    ),
  });
}

/** A process of limited memory, where the machine makes one. */
export class MemoryGroup {
  readonly #folder: string;

  constructor(name: string, mebibytes: number) {
    this.#folder = path.join(cgroupRoot, name);
    mkdirSync(this.#folder);
    writeFileSync(path.join(this.#folder, "memory.limit_in_bytes"), String(mebibytes * mebibyte));
  }

  /** The command that runs another one within it. */
  command(program: string, args: readonly string[]): readonly [string, string[]] {
    const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    return ["/bin/sh", ["-c", script, this.#folder, program, ...args]];
  }

  async remove(): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      try {
        rmdirSync(this.#folder);
        return;
      } catch {
        await delay(100); // its last process is on its way out
      }
    }
  }
}

/** Whether this machine makes processes of limited memory; else why not. */
export function memoryGroupProblem(): string | undefined {
  const probe = path.join(cgroupRoot, `mqtt-dataflow-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    readFileSync(path.join(probe, "memory.limit_in_bytes"));
    rmdirSync(probe);
    return undefined;
  } catch (cause) {
    return `no cgroup with a memory limit can be made at ${cgroupRoot} (${(cause as Error).message})`;
  }
}

export interface TrialTimes {
  readonly floodMs: number;
  /** Longest time in which nothing moves afterwards. */
  readonly afterMs: number;
}

const settleMs = 500;
const probeMs = 200;

/** Runs a trial: floods the relay, and looks then whether each dataflow still takes a message through. */
export async function runTrial(trial: Trial, entryPoint: string, { floodMs, afterMs }: TrialTimes): Promise<Outcome> {
  const folder = createTemporaryFolder("memory");
  const random = createRandom(trial.seed + 1);
  const { payloadBytes, topicBytes, isVaried, ...rest } = trial.flood;
  const size = (most: number) => () => (isVaried ? between(random, 1, most) : most);
  const source = new FloodSource({ ...rest, payloadBytes: size(payloadBytes), topicBytes: size(topicBytes) });
  const destination = new FloodDestination(trial.destination);
  await Promise.all([source.listen(), destination.listen()]);
  const file = path.join(folder, "config.json");
  writeFileSync(file, JSON.stringify(configOf(trial, { source: source.port, destination: destination.port })));
  // Without one the relay is told its limit, and whether it keeps to it is all that can be seen.
  const isLimited = memoryGroupProblem() === undefined;
  const group = isLimited
    ? new MemoryGroup(`mqtt-dataflow-${process.pid}-${trial.seed}`, trial.memoryMebibytes)
    : undefined;
  const node = realpathSync(path.join(root, "node_modules/.bin/node"));
  const ports = ["--metrics-port", "0", "--page-port", "0"];
  const args = ["run", "--config", file, "--spool", path.join(folder, "spool"), ...ports];
  const program = [node, [...(await readImageFlags()), entryPoint, ...args]] as const;
  const child = spawn(...(group?.command(...program) ?? program), {
    env: {
      ...process.env,
      ...(await readImageEnvironment()),
      NODE_OPTIONS: `--max-old-space-size=${trial.memoryMebibytes / 2}`,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => log.push(text.toString()));
  let ended: string | undefined;
  const whenEnded = new Promise<void>((resolve) => {
    child.on("exit", (code, signal) => {
      ended = signal ?? `exit code ${String(code)}`;
      resolve();
    });
  });
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, anonymousMebibytes(child.pid))), 20);
  await Promise.race([delay(floodMs), whenEnded]);
  source.isFlooding = false;
  destination.turnGood();
  // What is held leaves first, at whatever rate: only a relay where nothing moves any more is stuck.
  let movedMs = performance.now();
  let before = 0;
  await Promise.race([delay(settleMs), whenEnded]);
  while (ended === undefined && destination.flowing < trial.dataflows && performance.now() - movedMs < afterMs) {
    if (destination.received > before) movedMs = performance.now();
    before = destination.received;
    source.probe();
    await Promise.race([delay(probeMs), whenEnded]);
  }
  const isRefused = log.some((line) => line.includes("too little for"));
  const endedBy = ended;
  clearInterval(sampling);
  child.kill("SIGKILL");
  source.close();
  destination.close();
  await whenEnded;
  await group?.remove();
  const { sent } = source;
  const { received, flowing } = destination;
  return { ended: endedBy, isRefused, peakMebibytes: peak, flowing, sent, received, log: log.join("").split("\n") };
}

/** The peak stays under the limit less this part. */
const spared = 0.1;

/** What went wrong in a trial; nothing where the relay refused to start: too little memory is said, and not found out. */
export function faultsOf(trial: Trial, { ended, isRefused, peakMebibytes, flowing }: Outcome): string[] {
  if (isRefused) return [];
  const faults: string[] = [];
  if (ended !== undefined) faults.push(`ended with ${ended}`);
  else if (flowing < trial.dataflows) faults.push(`${flowing} of ${trial.dataflows} dataflows flow again`);
  const share = peakMebibytes / trial.memoryMebibytes;
  if (share > 1 - spared) faults.push(`took ${share.toFixed(2)} of its memory`);
  return faults;
}

/** Memory of a process that is in no file. */
function anonymousMebibytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, "latin1");
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
