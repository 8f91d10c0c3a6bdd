import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Stopwatch } from "../support/patience.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { startEmulatedBroker, startMosquittoBroker, type LedgerBroker } from "./broker.ts";
import { configure, drainTimeoutSeconds } from "./config.ts";
import { createCredentials, type SideCredentials } from "./credentials.ts";
import { Fleet } from "./fleet.ts";
import { dataflows, flowOfClient, Ledger, type FlowName } from "./ledger.ts";
import { createMachine, type Machine } from "./machine.ts";
import { Proxy } from "./proxy.ts";
import { between } from "./random.ts";
import { Publisher } from "./publisher.ts";
import { drawScene, maxInstances, type Scene } from "./scene.ts";
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
  /** Faults to choose from; omitted: all that are possible. */
  readonly only?: readonly string[] | undefined;
}

/** Everything that a schedule is about. */
export interface Stage {
  readonly plan: SchedulePlan;
  readonly random: () => number;
  readonly scene: Scene;
  readonly source: LedgerBroker;
  readonly destination: LedgerBroker;
  readonly sourceProxy: Proxy;
  readonly destinationProxy: Proxy;
  readonly credentials: Readonly<Record<"source" | "destination", SideCredentials>>;
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  /** One for each instance; empty where no compiler is there. */
  readonly machines: readonly Machine[];
  readonly fleet: Fleet;
  /** While true, the publisher pays no regard to what the source's sessions have room for. */
  readonly isFlooded: { value: boolean };
  /** Sessions that the source's broker ended, as it says itself. */
  readonly sessionEnds: string[];
  /** What a fault found wrong that the account of messages does not show. */
  readonly complaints: string[];
  /** Lets the publisher go on to the next fault: one that waits for its moment keeps messages back until then. */
  release: () => void;
  close(): Promise<void>;
}

const instances = Array.from({ length: maxInstances }, (_, ordinal) => ordinal);
/** Client identifiers of the relay at either side, of every instance. */
export const clientIds = ["source", "destination"].flatMap((side) =>
  dataflows.flatMap((flow) => instances.map((ordinal) => `${flow}-${ordinal}-${side}`)),
);
const drainedPollMs = 5;
const readyMs = 30_000;
/** What a relay needs after its drain time-out to close connections and disk. */
const endMs = 10_000;
/** Longest time in which the slowest link passes on what a relay has left behind. */
const readMs = 20_000;

/** Starts brokers, proxies, relay and publisher. */
export async function setStage(plan: SchedulePlan, random: () => number): Promise<Stage> {
  const folder = createTemporaryFolder("ledger");
  const folders = instances.map((ordinal) => path.join(folder, `relay-${ordinal}`));
  const mounts = folders.map((each) => path.join(each, "mounts"));
  for (const each of mounts) mkdirSync(each, { recursive: true });
  const scene = drawScene(random);
  const credentials = {
    source: await createCredentials("source", scene.source, mounts),
    destination: await createCredentials("destination", scene.destination, mounts),
  };
  const ledger = new Ledger({
    messages: plan.messages,
    spoolFolders: folders.map((each) => path.join(each, "spool")),
    window: scene.window,
    qos: { source: scene.source.qos, destination: scene.destination.qos },
    spooled: scene.spooled,
    hasDeadLetters: scene.hasDeadLetters,
    drainTimeoutMs: drainTimeoutSeconds(scene) * 1000,
  });
  const sessionEnds: string[] = [];
  const late = { connections: () => 0, oldest: () => 0, sharedDataflows: (): readonly FlowName[] => [] };
  const noteLost = (flows: readonly FlowName[], why: string, from = 0) => {
    ledger.noteSessionLost(flows, late.connections(), from);
    sessionEnds.push(why);
  };
  const source = await startBroker(plan, scene, path.join(folder, "source"), "source", credentials, {
    onLost: noteLost,
    // What is published until somebody has subscribed again is for nobody.
    onRestart: () => {
      const shared = late.sharedDataflows();
      if (shared.length > 0) noteLost(shared, "forgot the shared subscriptions", late.oldest());
    },
  });
  const destination = await startBroker(plan, scene, path.join(folder, "destination"), "destination", credentials);
  const doors = (events: (instance: number) => ReturnType<Ledger["source"]>) => instances.map(events);
  const sourceProxy = await Proxy.open({
    brokerPort: source.port,
    doors: doors((instance) => ledger.source(instance)),
    tls: credentials.source.tls,
  });
  const destinationProxy = await Proxy.open({
    brokerPort: destination.port,
    doors: doors((instance) => ledger.destination(instance)),
    tls: credentials.destination.tls,
  });
  const { machine: library } = plan;
  const machines = library === undefined ? [] : instances.map(() => createMachine(library, scene.socketBufferBytes));
  const proxies = [sourceProxy, destinationProxy];
  const fleet = new Fleet({
    folders,
    variant: {
      hasSide: true,
      filters: ["ledger/#"],
      sideDestination: "side",
      drainMessagesPerSecond: 0,
      instances: scene.instances,
    },
    configure: (variant, ordinal) =>
      configure({ scene, seed: plan.seed, credentials }, variant, {
        source: sourceProxy.port(ordinal),
        destination: destinationProxy.port(ordinal),
      }),
    // A relay starts ten times in a schedule: it need not be compiled each time.
    env: (ordinal) => ({ NODE_COMPILE_CACHE: workshopFile("compiled"), ...machines[ordinal]?.env }),
    endsWithinMs: drainTimeoutSeconds(scene) * 1000 + endMs,
    onStart: (ordinal) => {
      ledger.noteProcessStart(ordinal);
    },
    onStop: (ordinal, signal) => {
      if (signal === "SIGKILL") ledger.noteKilled(ordinal);
    },
    onEnd: async (ordinal, stopped) => {
      await untilRead(proxies, ordinal);
      const isLate = stopped.tookMs >= drainTimeoutSeconds(scene) * 1000;
      if (stopped.signal === "SIGTERM" && isLate) ledger.noteLateStop(ordinal);
      await stopped.whileDown();
      ledger.noteProcessEnd(ordinal);
    },
  });
  // Without a session there is nobody to keep messages for.
  await fleet.start();
  if (!(await fleet.untilReady(readyMs)))
    throw new Error(`not ready within ${readyMs} ms: ${await fleet.readiness()}\n${fleet.log.join("\n")}`);
  const isFlooded = { value: false };
  const publisher = new Publisher({
    port: source.port,
    messages: plan.messages,
    seed: plan.seed,
    messagesPerSecond: between(random, 4000, 12_000),
    fillerBytes: scene.fillerBytes,
    ledger,
    room: () => (isFlooded.value ? Infinity : source.room()),
  });
  Object.assign(late, {
    connections: () => sourceProxy.connections,
    oldest: () => publisher.oldest,
    sharedDataflows: () => fleet.sharedDataflows,
  });
  const close = async () => {
    publisher.stop();
    for (const proxy of proxies) proxy.close();
    await Promise.all([source.stop(), destination.stop()]);
  };
  const parts = { plan, random, scene, source, destination, sourceProxy, destinationProxy, credentials };
  const more = { ledger, publisher, machines, fleet, isFlooded, sessionEnds, complaints: [], release: () => undefined };
  return { ...parts, ...more, close };
}

/** Waits until the proxies have read all that an instance has sent which has ended. */
async function untilRead(proxies: readonly Proxy[], ordinal: number): Promise<void> {
  const watch = new Stopwatch();
  while (proxies.some((proxy) => proxy.isInUse(ordinal))) {
    if (watch.elapsedMs > readMs) {
      const open = proxies.map((proxy) => proxy.describe(ordinal)).join("; ");
      throw new Error(`the proxies have connections of instance ${ordinal} ${readMs} ms after its end: ${open}`);
    }
    await delay(drainedPollMs);
  }
}

interface BrokerEvents {
  readonly onLost: (flows: readonly FlowName[], why: string) => void;
  readonly onRestart: () => void;
}

async function startBroker(
  { mosquitto }: SchedulePlan,
  scene: Scene,
  folder: string,
  side: "source" | "destination",
  credentials: Stage["credentials"],
  { onLost, onRestart }: BrokerEvents = { onLost: () => undefined, onRestart: () => undefined },
): Promise<LedgerBroker> {
  const { broker, isPersistent } = scene[side];
  if (broker !== "mosquitto")
    return startEmulatedBroker({
      rules: broker,
      sessions: side === "source" ? dataflows.length : 0,
      keySet: credentials[side].keySet,
      clientIds,
      onSessionEnd: (clientId, why) => {
        onLost([flowOfClient(clientId)], why);
      },
    });
  return startMosquittoBroker({
    executable: mosquitto,
    folder,
    isPersistent: side === "source" || isPersistent,
    onSessionsLost: () => {
      onLost(dataflows, "lost its file");
    },
    onRestart,
  });
}
