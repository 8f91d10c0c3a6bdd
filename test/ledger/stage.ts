import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { startEventGridBroker, startMosquittoBroker, type LedgerBroker } from "./broker.ts";
import { Ledger, type FlowName } from "./ledger.ts";
import { createMachine, type Machine } from "./machine.ts";
import { Proxy } from "./proxy.ts";
import { between, pick } from "./random.ts";
import { Publisher, topics } from "./publisher.ts";
import { workshopFile } from "./workshop.ts";

/** One schedule of faults. */
export interface SchedulePlan {
  readonly seed: number;
  readonly messages: number;
  /** Path of mosquitto. */
  readonly mosquitto: string;
  /** What is preloaded into the relay, see `compileMachine`; omitted: no fault of its disk or clock. */
  readonly machine?: string | undefined;
  /** Every time in a schedule is multiplied by it: smaller is quicker and rougher. */
  readonly scale: number;
}

/** Everything that a schedule is about. */
export interface Stage {
  readonly plan: SchedulePlan;
  readonly random: () => number;
  readonly source: LedgerBroker;
  readonly destination: LedgerBroker;
  readonly sourceProxy: Proxy;
  readonly destinationProxy: Proxy;
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly machine: Machine | undefined;
  readonly relay: RelayUnderTest;
  /** While true, the publisher pays no regard to what the source's sessions have room for. */
  readonly isFlooded: { value: boolean };
  /** Sessions that the source's broker ended, as it says itself. */
  readonly sessionEnds: string[];
  close(): Promise<void>;
}

/** Settings of a configuration that a schedule changes. */
export interface Variant {
  readonly hasSide: boolean;
  readonly filters: readonly string[];
  readonly sideDestination: string;
  readonly drainMessagesPerSecond: number;
}

/** The relay's process, and the ones that come after it. */
export class RelayUnderTest {
  /** What a relay said last that ended without being told to. */
  readonly ends: string[] = [];
  readonly spoolFolder: string;
  readonly #start: (variant: Variant) => Promise<RelayProcess>;
  readonly #onEnd: (whileDown: () => unknown) => Promise<void>;
  #process: RelayProcess | undefined;
  #isTold = false;
  variant: Variant;

  constructor(
    spoolFolder: string,
    variant: Variant,
    start: (variant: Variant) => Promise<RelayProcess>,
    onEnd: (whileDown: () => unknown) => Promise<void>,
  ) {
    this.spoolFolder = spoolFolder;
    this.variant = variant;
    this.#start = start;
    this.#onEnd = onEnd;
  }

  async start(): Promise<RelayProcess> {
    this.#isTold = false;
    const started = await this.#start(this.variant);
    this.#process = started;
    void started.ended.then(({ code, signal }) => {
      if (this.#isTold && this.#process === started) return;
      this.ends.push(`${signal ?? `exit code ${code ?? ""}`}: ${started.process.lines.slice(-5).join("\n")}`);
    });
    return started;
  }

  /** Ends the process; `whileDown` is called when all that it has sent was read. */
  async stop(signal: NodeJS.Signals, whileDown: () => unknown = () => undefined): Promise<void> {
    this.#isTold = true;
    const end = await this.#process?.stop(signal);
    // One that has not got as far as listening for signals ends by it, and has done nothing yet.
    if (signal === "SIGTERM" && end !== undefined && end.code !== 0 && end.signal !== "SIGTERM")
      this.ends.push(`exit code ${end.code ?? ""} after SIGTERM: ${this.log.slice(-5).join("\n")}`);
    await this.#onEnd(whileDown);
  }

  get log(): readonly string[] {
    return this.#process?.process.lines ?? [];
  }
}

const drainedPollMs = 5;
/** A share of the schedules has Event Grid's rules at an end. */
const eventGridShare = { source: 0.25, destination: 0.35 } as const;

/** Starts brokers, proxies, relay and publisher. */
export async function setStage(plan: SchedulePlan, random: () => number): Promise<Stage> {
  const folder = createTemporaryFolder("ledger");
  const spoolFolder = path.join(folder, "spool");
  const window = between(random, 5, 300);
  const ledger = new Ledger({ messages: plan.messages, spoolFolder, window });
  const sessionEnds: string[] = [];
  const proxies: Proxy[] = [];
  const noteLost = (flows: readonly FlowName[], why: string) => {
    ledger.noteSessionLost(flows, proxies[0]?.connections ?? 0);
    sessionEnds.push(why);
  };
  const source = await startSource(plan, path.join(folder, "source"), random, noteLost);
  const destination = await startDestination(plan, path.join(folder, "destination"), random);
  const sourceProxy = await Proxy.open(source.port, ledger.source);
  const destinationProxy = await Proxy.open(destination.port, ledger.destination);
  proxies.push(sourceProxy, destinationProxy);
  const machine = plan.machine === undefined ? undefined : createMachine(plan.machine);
  // A relay starts ten times in a schedule: it need not be compiled each time.
  const env = { NODE_COMPILE_CACHE: workshopFile("compiled"), ...machine?.env };
  const { configure, spooled } = planConfig(random, {
    ports: [sourceProxy.port, destinationProxy.port],
    seed: plan.seed,
    window,
  });
  Object.assign(ledger.spooled, spooled);
  const variant = { hasSide: true, filters: ["ledger/#"], sideDestination: "side", drainMessagesPerSecond: 0 };
  const relay = new RelayUnderTest(
    spoolFolder,
    variant,
    (wanted) => startRelay({ folder, config: configure(wanted), env }),
    async (whileDown) => {
      while (proxies.some((proxy) => proxy.isInUse)) await delay(drainedPollMs);
      await whileDown();
      ledger.noteProcessEnd();
    },
  );
  // Without a session there is nobody to keep messages for.
  await (await relay.start()).untilReady();
  const isFlooded = { value: false };
  const publisher = new Publisher({
    port: source.port,
    messages: plan.messages,
    seed: plan.seed,
    messagesPerSecond: between(random, 4000, 12_000),
    ledger,
    room: () => (isFlooded.value ? Infinity : source.room()),
  });
  const close = async () => {
    publisher.stop();
    for (const proxy of proxies) proxy.close();
    await Promise.all([source.stop(), destination.stop()]);
  };
  const parts = { plan, random, source, destination, sourceProxy, destinationProxy, ledger, publisher, machine, relay };
  return { ...parts, isFlooded, sessionEnds, close };
}

async function startSource(
  { mosquitto }: SchedulePlan,
  folder: string,
  random: () => number,
  noteLost: (flows: readonly FlowName[], why: string) => void,
): Promise<LedgerBroker> {
  if (random() < eventGridShare.source)
    return startEventGridBroker({
      sessions: 2,
      onSessionEnd: (clientId, why) => {
        noteLost([clientId.startsWith("side") ? "side" : "flow"], why);
      },
    });
  return startMosquittoBroker({
    executable: mosquitto,
    folder,
    isPersistent: true,
    onSessionsLost: () => {
      noteLost(["flow", "side"], "lost its file");
    },
  });
}

async function startDestination(
  { mosquitto }: SchedulePlan,
  folder: string,
  random: () => number,
): Promise<LedgerBroker> {
  if (random() < eventGridShare.destination)
    return startEventGridBroker({ sessions: 0, onSessionEnd: () => undefined });
  const isPersistent = random() < 0.5;
  return startMosquittoBroker({ executable: mosquitto, folder, isPersistent, onSessionsLost: () => undefined });
}

/** Decides what all configurations of a schedule have in common; each variant makes one of it. */
function planConfig(
  random: () => number,
  { ports, seed, window }: { ports: readonly [number, number]; seed: number; window: number },
): { configure: (variant: Variant) => RelayConfigInput; spooled: Readonly<Record<FlowName, boolean>> } {
  const sourceWindow = between(random, 5, 300);
  const spool = { mode: pick(random, ["Enabled", "Enabled", "Disabled"] as const), maxBytes: 1_048_576 };
  const spoolOfSide = { ...spool, mode: pick(random, ["Enabled", "Disabled"] as const) };
  const settings = (maxInflightMessages: number) => ({ keepAliveSeconds: 1, maxInflightMessages });
  const endpoints = {
    source: plainEndpoint(ports[0], settings(sourceWindow)),
    destination: plainEndpoint(ports[1], settings(window)),
  };
  const relayOf = (mode: typeof spool, drainMessagesPerSecond: number): DataflowInput["relay"] => ({
    spool: { ...mode, drainMessagesPerSecond, drainBytesPerSecond: 0 },
    undeliverableMessages: "DeadLetter",
    stallTimeoutSeconds: 1,
  });
  const configure = ({ hasSide, filters, sideDestination, drainMessagesPerSecond: drain }: Variant) => {
    const flow = buildDataflow(["source", [...filters]], ["destination", `${seed}/\${inputTopic}`], {
      relay: relayOf(spool, drain),
    });
    const side = buildDataflow(["source", [topics.at(-1) ?? ""]], ["destination", sideDestination], {
      relay: relayOf(spoolOfSide, drain),
    });
    return buildConfig({
      endpoints,
      dataflows: { flow, ...(hasSide ? { side } : {}) },
      relay: { connectTimeoutSeconds: 1, drainTimeoutSeconds: 2, reconnect: { minDelayMs: 10, maxDelayMs: 200 } },
    });
  };
  return { configure, spooled: { flow: spool.mode === "Enabled", side: spoolOfSide.mode === "Enabled" } };
}
