import { setTimeout as delay } from "node:timers/promises";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { swapFiles } from "../support/mounted-files.ts";
import { Stopwatch, untilTrueAfter } from "../support/patience.ts";
import { buildDataflow, type MqttSettingsInput } from "../support/relay-config.ts";
import type { RelayProcess } from "../support/relay-process.ts";
import type { Balance } from "./account.ts";
import { addresses, names, type Site } from "./site.ts";

/** What came of a scenario; all times are seconds of an idle machine. */
export interface Outcome extends Balance {
  /** What the scenario measured beside the messages. */
  readonly measured: Readonly<Record<string, number>>;
  /** The relay's last warnings and errors. */
  readonly relayLog: readonly string[];
}

type Scenario = (site: Site) => Promise<Outcome>;

/** Up: the relay's destination is behind the link. Down: its source is. */
type Direction = "up" | "down";

export const bigBytes = 512 * 1024;
/** 64 kbit/s. */
export const slowBytesPerSecond = 8000;
/** Of a message that fits into any of its time-outs. */
const smallBytes = 100;
export const keepAliveSeconds = 10;
/** A third of what a big message needs on the slow link. */
const stallTimeoutSeconds = 20;
export const connectTimeoutSeconds = 10;
export const drainTimeoutSeconds = 20;
/** Twice what a big message needs on the slow link. */
const slowLinkMs = ((2 * bigBytes) / slowBytesPerSecond) * 1000;
const shownLines = 12;

export const scenarios: Readonly<Record<string, Scenario>> = {
  "slow-uplink": (site) => crossSlowUplink(site, site.cloudEndpoint({ keepAliveSeconds })),
  "slow-uplink-tls": (site) => crossSlowUplink(site, site.cloudTlsEndpoint({ keepAliveSeconds })),
  "slow-downlink": crossSlowDownlink,
  "far-dead-address-first": (site) => connectFar(site, [addresses.dead, addresses.cloud]),
  "far-dead-address-last": (site) => connectFar(site, [addresses.cloud, addresses.dead]),
  "lossy-uplink": (site) => crossLossyLink(site, "up"),
  "lossy-downlink": (site) => crossLossyLink(site, "down"),
  "forgotten-uplink": (site) => loseConnection(site, "up", forgetConnection),
  "forgotten-downlink": (site) => loseConnection(site, "down", forgetConnection),
  "moved-destination": (site) => loseConnection(site, "up", moveBroker),
  "moved-source": (site) => loseConnection(site, "down", moveBroker),
  "silent-name": loseName,
  "stop-on-slow-uplink": stopWithQos0,
  "renew-on-slow-uplink": renewWithQos0,
  "stop-on-silent-uplink": stopInSilence,
};

interface DataflowOptions {
  readonly cloud?: EndpointInput;
  readonly relay?: DataflowInput["relay"];
  readonly waits?: RelayConfigInput["relay"];
  /** What it takes at most until it is ready, whatever the load of the machine. */
  readonly readyMs?: number;
}

/** Starts a relay with one dataflow over the link; one that doesn't get ready in time shows in what it delivers. */
async function startDataflow(site: Site, direction: Direction, options: DataflowOptions = {}): Promise<RelayProcess> {
  const { cloud = site.cloudEndpoint({ keepAliveSeconds }), relay: settings = {}, waits, readyMs = 10_000 } = options;
  const [source, destination] = direction === "up" ? (["edge", "cloud"] as const) : (["cloud", "edge"] as const);
  const relay = await site.startRelay({
    endpoints: { edge: site.edgeEndpoint(), cloud },
    dataflows: { flow: buildDataflow([source, ["t/#"]], [destination, "out/${inputTopic}"], { relay: settings }) },
    relay: { connectTimeoutSeconds, drainTimeoutSeconds, ...waits },
  });
  const isReady = async () => (await relay.readiness())?.status === 200;
  await untilTrueAfter("readiness", readyMs, isReady).catch(() => undefined);
  return relay;
}

/** Connects the test's own clients, past the link. */
async function watchMessages({ account, clientOf }: Site, direction: Direction): Promise<void> {
  const [source, destination] = direction === "up" ? (["edge", "cloud"] as const) : (["cloud", "edge"] as const);
  await account.connectPublisher(clientOf[source]);
  await account.connectCollector("out/#", clientOf[destination]);
}

function conclude({ account }: Site, relay: RelayProcess, measured: Readonly<Record<string, number>>): Outcome {
  const isNews = ({ level }: { level: string }) => ["warn", "error", "fatal"].includes(level);
  const relayLog = relay.log.filter(isNews).slice(-shownLines);
  return { ...account.balance, measured, relayLog: relayLog.map((line) => JSON.stringify(line)) };
}

async function crossSlowUplink(site: Site, cloud: EndpointInput): Promise<Outcome> {
  site.link.set({ delayMs: 50, upBytesPerSecond: slowBytesPerSecond });
  await watchMessages(site, "up");
  const relay = await startDataflow(site, "up", { cloud, relay: { stallTimeoutSeconds } });

  const watch = new Stopwatch();
  await site.account.publish("t/a", smallBytes, bigBytes, smallBytes, smallBytes);
  await site.account.untilAll(slowLinkMs);

  return conclude(site, relay, { seconds: watch.elapsedMs / 1000 });
}

/** The broker sends what it kept before it answers SUBSCRIBE, and the answer waits behind it; later PINGRESP does. */
async function crossSlowDownlink(site: Site): Promise<Outcome> {
  await watchMessages(site, "down");
  const first = await startDataflow(site, "down");
  await first.stop();
  await site.account.publish("t/a", smallBytes, bigBytes, smallBytes);
  site.link.set({ delayMs: 50, downBytesPerSecond: slowBytesPerSecond });

  const watch = new Stopwatch();
  const relay = await startDataflow(site, "down", { readyMs: slowLinkMs });
  await site.account.publish("t/a", bigBytes / 4, smallBytes);
  await site.account.untilAll(slowLinkMs / 2);

  return conclude(site, relay, { seconds: watch.elapsedMs / 1000 });
}

async function connectFar(site: Site, inOrder: readonly string[]): Promise<Outcome> {
  site.link.set({ delayMs: 300 });
  site.nameServer.set(names.cloud, inOrder);
  await watchMessages(site, "up");

  const watch = new Stopwatch();
  const relay = await startDataflow(site, "up");
  const secondsUntilReady = watch.elapsedMs / 1000;
  await site.account.publish("t/a", ...Array<number>(20).fill(smallBytes));
  await site.account.untilAll(20_000);

  return conclude(site, relay, { secondsUntilReady });
}

async function crossLossyLink(site: Site, direction: Direction): Promise<Outcome> {
  site.link.set({ delayMs: 20, lossPerMille: 200 });
  await watchMessages(site, direction);
  const relay = await startDataflow(site, direction);

  // One at a time, so that they travel in packets of their own.
  for (let count = 0; count < 150; count++) {
    await site.account.publish("t/a", smallBytes);
    await delay(50);
  }
  await site.account.untilAll(20_000);

  return conclude(site, relay, {});
}

/** Loses the connection without a word to either side, while messages flow. */
async function loseConnection(site: Site, direction: Direction, lose: (site: Site) => void): Promise<Outcome> {
  const { account } = site;
  await watchMessages(site, direction);
  const relay = await startDataflow(site, direction);
  const publishFor = async (milliseconds: number) => {
    for (let waited = 0; waited < milliseconds; waited += 20) {
      await account.publish("t/a", smallBytes);
      await delay(20);
    }
  };

  await publishFor(2000);
  lose(site);
  const watch = new Stopwatch();
  await publishFor(5000);
  await account.untilAll(20_000);
  const secondsUntilAll = watch.elapsedMs / 1000;
  await publishFor(500);
  await account.untilAll(10_000);

  return conclude(site, relay, { secondsUntilAll });
}

/** The line is there, and knows the connection no more; a new one passes. */
function forgetConnection({ link }: Site): void {
  link.forgetConnections();
}

function moveBroker({ link, nameServer }: Site): void {
  link.silence(addresses.cloud);
  nameServer.set(names.cloud, [addresses.otherCloud]);
}

/** More dataflows than Node.js has threads for look-ups. */
const manyDataflows = 8;

/** The name server is silent about one broker, and meanwhile the other one restarts. */
async function loseName(site: Site): Promise<Outcome> {
  const { account, nameServer, edge, cloud } = site;
  const topics = Array.from({ length: manyDataflows }, (_, index) => `t/${index}`);
  const flow = (topic: string) => buildDataflow(["edge", [topic]], ["cloud", "out/${inputTopic}"]);
  await watchMessages(site, "up");
  const relay = await site.startRelay({
    endpoints: { edge: site.edgeEndpoint(), cloud: site.cloudEndpoint() },
    dataflows: Object.fromEntries(topics.map((topic, index) => [`flow-${index}`, flow(topic)])),
  });
  await relay.untilReady();

  nameServer.silence(names.cloud);
  await cloud.stop();
  await delay(15_000); // each dataflow looks the name up
  await edge.stop();
  await edge.start();
  const watch = new Stopwatch();
  const areBack = async () => (await relay.metric("relay_connection_up", { side: "source" })) === manyDataflows;
  await untilTrueAfter("all sources", 20_000, areBack).catch(() => undefined);
  const secondsUntilBack = watch.elapsedMs / 1000;
  for (const topic of topics) await account.publish(topic, smallBytes, smallBytes);
  await cloud.start();
  nameServer.set(names.cloud, [addresses.cloud]);
  await account.untilAll(20_000);

  return conclude(site, relay, { secondsUntilBack });
}

/** Messages of a kilobyte, so that they need ten seconds. */
const qos0Messages = 1000;

/** Starts a dataflow to QoS 0, and returns when messages that it may have acknowledged are on their way. */
async function sendWithQos0(site: Site, cloud: MqttSettingsInput): Promise<RelayProcess> {
  site.link.set({ delayMs: 20, upBytesPerSecond: 100_000 });
  await watchMessages(site, "up");
  const relay = await startDataflow(site, "up", { cloud: site.cloudEndpoint(cloud) });
  await site.account.publish("t/a", ...Array<number>(qos0Messages).fill(1000));
  await relay.untilMetric("relay_messages_received_total", (received) => received > qos0Messages / 10);
  return relay;
}

/** A relay is told to stop while a megabyte is on its way with QoS 0; another one goes on. */
async function stopWithQos0(site: Site): Promise<Outcome> {
  const cloud: MqttSettingsInput = { qos: 0 };
  const first = await sendWithQos0(site, cloud);

  const acknowledged = await first.metric("relay_messages_acknowledged_total");
  const watch = new Stopwatch();
  const { code } = await first.stop();
  const secondsUntilEnd = watch.elapsedMs / 1000;
  const second = await startDataflow(site, "up", { cloud: site.cloudEndpoint(cloud) });
  await site.account.untilAll(20_000);

  return conclude(site, second, { secondsUntilEnd, exitCode: code ?? -1, acknowledged });
}

/** A token is renewed, and so is the connection, while a megabyte is on its way with QoS 0. */
async function renewWithQos0(site: Site): Promise<Outcome> {
  const secretRef = "access";
  swapFiles(site.secretFolder(secretRef), { accessToken: "the first token" });
  const authentication = { method: "AccessToken", accessTokenSettings: { secretRef } } as const;
  const relay = await sendWithQos0(site, { qos: 0, authentication });

  swapFiles(site.secretFolder(secretRef), { accessToken: "the second token" });
  await relay.untilLog(({ msg }) => msg === "replacing the connection");
  await site.account.untilAll(20_000);

  return conclude(site, relay, {});
}

/** A relay is told to stop while its destination is silent; another one goes on. */
async function stopInSilence(site: Site): Promise<Outcome> {
  const waits = { drainTimeoutSeconds: 3 };
  await watchMessages(site, "up");
  const first = await startDataflow(site, "up", { waits });

  site.link.set({ isSilent: true });
  await site.account.publish("t/a", ...Array<number>(50).fill(smallBytes));
  await first.untilMetric("relay_messages_received_total", (received) => received > 0);
  const watch = new Stopwatch();
  await first.stop();
  const secondsUntilEnd = watch.elapsedMs / 1000;
  site.link.set({ isSilent: false });
  const second = await startDataflow(site, "up", { waits });
  await site.account.untilAll(20_000);

  return conclude(site, second, { secondsUntilEnd });
}
