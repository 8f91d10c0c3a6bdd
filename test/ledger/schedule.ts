import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { digits, Ledger, type Verdict } from "./ledger.ts";
import { Proxy } from "./proxy.ts";
import { between, createRandom } from "./random.ts";

/** One schedule of faults. */
export interface SchedulePlan {
  readonly seed: number;
  readonly messages: number;
  /** Path of mosquitto. */
  readonly mosquitto: string;
  /** Every time in a schedule is multiplied by it: smaller is quicker and rougher. */
  readonly scale: number;
}

/** What happened in a schedule. */
export interface ScheduleResult extends Verdict {
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Messages that the source's broker took from the publisher. */
  readonly accepted: number;
  /** Whether all that the source's broker took was delivered in the end. */
  readonly isComplete: boolean;
  /** What a relay said last that ended without being told to. */
  readonly ends: readonly string[];
}

interface Stage {
  readonly random: () => number;
  readonly source: Mosquitto<"mqtt">;
  readonly destination: Mosquitto<"mqtt">;
  readonly sourceProxy: Proxy;
  readonly destinationProxy: Proxy;
  readonly ledger: Ledger;
  readonly startRelay: () => Promise<RelayProcess>;
  readonly scale: number;
  /** Relays that were told to end. */
  readonly told: Set<RelayProcess>;
  readonly ends: string[];
  relay: RelayProcess;
}

type Fault = (stage: Stage) => unknown;

const pick = <T>(random: () => number, values: readonly T[]): T => values[between(random, 0, values.length - 1)] as T;

async function restartRelay(stage: Stage, signal: NodeJS.Signals): Promise<void> {
  stage.told.add(stage.relay);
  await stage.relay.stop(signal);
  await delay(between(stage.random, 0, 300) * stage.scale);
  stage.relay = await stage.startRelay();
}

async function restartBroker(broker: Mosquitto<"mqtt">, stage: Stage): Promise<void> {
  await broker.stop();
  await delay(between(stage.random, 50, 1500) * stage.scale);
  await broker.start();
}

/** The relay's disk takes no byte more, for a while. */
async function fillDisk({ relay, random, scale }: Stage): Promise<void> {
  const limit = (bytes: string) => {
    try {
      execFileSync("prlimit", [`--pid=${String(relay.process.pid)}`, `--fsize=${bytes}:unlimited`]);
    } catch {
      // A relay that was just killed has no limits any more.
    }
  };
  limit("1");
  await delay(between(random, 100, 2500) * scale);
  limit("unlimited");
}

/** Each fault by its name, as the report counts them. */
const faults: Readonly<Record<string, Fault>> = {
  killRelay: (stage) => restartRelay(stage, "SIGKILL"),
  stopRelay: (stage) => restartRelay(stage, "SIGTERM"),
  cutSource: ({ sourceProxy, random }) => {
    sourceProxy.cut(pick(random, ["end", "reset"]));
  },
  cutDestination: ({ destinationProxy, random }) => {
    destinationProxy.cut(pick(random, ["end", "reset"]));
  },
  halfOpenSource: ({ sourceProxy, random, scale }) => sourceProxy.beSilent(between(random, 100, 4000) * scale),
  halfOpenDestination: ({ destinationProxy, random, scale }) =>
    destinationProxy.beSilent(between(random, 100, 4000) * scale),
  slowSource: ({ sourceProxy, random, scale }) =>
    sourceProxy.beSlow(between(random, 100, 1500) * scale, { delayMs: between(random, 1, 100) }),
  slowDestination: ({ destinationProxy, random, scale }) =>
    destinationProxy.beSlow(between(random, 100, 2500) * scale, { bytesPerSecond: between(random, 1000, 100_000) }),
  losePubacks: ({ ledger, random }) => {
    ledger.faults.dropPubacks = between(random, 1, 5);
  },
  refusePubacks: ({ ledger, random }) => {
    ledger.faults.refusePubacks = between(random, 1, 20);
  },
  refuseConnects: ({ ledger, sourceProxy, destinationProxy, random }) => {
    ledger.faults.refuseConnects = between(random, 1, 3);
    pick(random, [sourceProxy, destinationProxy]).cut("end");
  },
  restartSource: (stage) => restartBroker(stage.source, stage),
  restartDestination: (stage) => restartBroker(stage.destination, stage),
  freezeDestination: async ({ destination, random, scale }) => {
    destination.pause();
    await delay(between(random, 100, 3000) * scale);
    destination.resume();
  },
  fillDisk,
};

/** Persistent, so that only what a schedule does to it takes a message from its session. */
const persistent = ["persistence true", "max_inflight_messages 0", "autosave_interval 1"];

async function setStage({ seed, mosquitto, scale }: SchedulePlan, random: () => number): Promise<Stage> {
  const folder = createTemporaryFolder("ledger");
  const start = (side: string, settings: readonly string[]) =>
    startMosquitto(mosquitto, path.join(folder, side), { listeners: { mqtt: {} }, settings });
  const source = await start("source", persistent);
  const destination = await start("destination", random() < 0.5 ? persistent : ["persistence false"]);
  const ledger = new Ledger(path.join(folder, "spool"));
  const sourceProxy = await Proxy.open(source.ports.mqtt, ledger.source);
  const destinationProxy = await Proxy.open(destination.ports.mqtt, ledger.destination);
  const mqttSettings = () => ({ keepAliveSeconds: 2, maxInflightMessages: between(random, 5, 300) });
  const spool = { mode: pick(random, ["Enabled", "Enabled", "Disabled"] as const), maxBytes: 1_048_576 };
  const rates = { drainMessagesPerSecond: pick(random, [0, 2000]), drainBytesPerSecond: 0 };
  const config = buildConfig({
    endpoints: {
      source: plainEndpoint(sourceProxy.port, mqttSettings()),
      destination: plainEndpoint(destinationProxy.port, mqttSettings()),
    },
    dataflows: {
      flow: buildDataflow(["source", ["ledger/#"]], ["destination", `${seed}/\${inputTopic}`], {
        relay: { spool: { ...spool, ...rates }, stallTimeoutSeconds: 1 },
      }),
    },
    relay: { connectTimeoutSeconds: 1, drainTimeoutSeconds: 2, reconnect: { minDelayMs: 10, maxDelayMs: 200 } },
  });
  const told = new Set<RelayProcess>();
  const ends: string[] = [];
  const startAgain = async () => {
    const started = await startRelay({ folder, config });
    void started.ended.then(({ code, signal }) => {
      const last = started.process.lines.slice(-5).join("\n");
      if (!told.has(started)) ends.push(`${signal ?? `exit code ${code ?? ""}`}: ${last}`);
    });
    return started;
  };
  const relay = await startAgain();
  // Without a session there is nobody to keep messages for.
  await relay.untilReady();
  const parts = { random, source, destination, sourceProxy, destinationProxy, ledger, startRelay: startAgain, scale };
  return { ...parts, told, ends, relay };
}

/** Longest time, in seconds, for everything to arrive once there are no more faults. */
const patienceSeconds = 60;

/** Runs one schedule, from fresh brokers to the judgement. */
export async function runSchedule(plan: SchedulePlan): Promise<ScheduleResult> {
  const random = createRandom(plan.seed);
  const stage = await setStage(plan, random);
  const counts: Record<string, number> = {};
  const publisher = await connectMqttClient({
    port: stage.source.ports.mqtt,
    clientId: "publisher",
    isPersistent: true,
  });
  let accepted = 0;
  let next = 0;
  let released = 0;
  const publishNext = async (): Promise<void> => {
    while (next < plan.messages) {
      if (next >= released) {
        await delay(5);
        continue;
      }
      const number = next++;
      const filler = ".".repeat(between(createRandom(plan.seed + number), 0, 300));
      await publisher
        .publishAsync(`ledger/${number % 5}`, `${String(number).padStart(digits, "0")}${filler}`, { qos: 1 })
        .then(
          () => accepted++,
          () => undefined, // what mqtt.js gives up when its broker goes away, nobody has accepted
        );
    }
  };
  const publishing = Promise.all(Array.from({ length: 100 }, publishNext));
  const faultCount = between(random, 5, 10);
  for (let fault = 0; fault < faultCount; fault++) {
    // Every fault meets messages on their way.
    released = Math.ceil((plan.messages * (fault + 1)) / faultCount);
    await delay(between(random, 5, 300) * plan.scale);
    const name = pick(random, Object.keys(faults));
    counts[name] = (counts[name] ?? 0) + 1;
    await faults[name]?.(stage);
  }
  await publishing;
  const isComplete = await comeToRest(stage, accepted);
  stage.told.add(stage.relay);
  await stage.relay.stop("SIGTERM");
  stage.sourceProxy.close();
  stage.destinationProxy.close();
  await publisher.endAsync(true);
  await Promise.all([stage.source.stop(), stage.destination.stop()]);
  return { seed: plan.seed, faults: counts, accepted, isComplete, ends: stage.ends, ...stage.ledger.close() };
}

/** Waits until all that the source's broker took has arrived, and nothing comes any more. */
async function comeToRest({ ledger }: Stage, accepted: number): Promise<boolean> {
  ledger.faults.dropPubacks = ledger.faults.refusePubacks = ledger.faults.refuseConnects = 0;
  const hasArrived = () => ledger.outstanding === 0 && ledger.seen >= accepted;
  let quietMs = 0;
  let progress = -1;
  for (let waitedMs = 0; waitedMs < patienceSeconds * 1000 && quietMs < 1500; waitedMs += 100) {
    await delay(100);
    quietMs = hasArrived() && progress === ledger.progress ? quietMs + 100 : 0;
    progress = ledger.progress;
  }
  return hasArrived();
}
