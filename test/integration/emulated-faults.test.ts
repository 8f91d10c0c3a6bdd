import { setTimeout as delay } from "node:timers/promises";

import { connectAsync, type MqttClient } from "mqtt";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { parseRelayConfig, type RelayConfig } from "../../runtime/contract/config.ts";
import { createLog } from "../../runtime/report/log.ts";
import { Relay } from "../../runtime/relay.ts";
import { untilTrue } from "../support/patience.ts";

/** Messages of one schedule, and the topics that they take turns on. */
const messages = 1500;
const topics = 5;
const clients = { source: "oslo-flow-0-source", destination: "oslo-flow-0-destination" };

/** A generator of its own, so that a schedule can be run again by its seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

async function startBroker(random: () => number): Promise<Broker> {
  return createBroker({
    profile: createAioProfile({ isAnonymousAllowed: true }),
    listeners: [{ transport: "tcp" }],
    limits: { receiveMaximum: 20 + Math.floor(random() * 200) },
  });
}

function configure(source: Broker, destination: Broker, random: () => number): RelayConfig {
  const endpoint = (broker: Broker) => ({
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${broker.addresses[0]?.port ?? 0}`,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      clientIdPrefix: "oslo-",
      maxInflightMessages: 10 + Math.floor(random() * 300),
    },
  });
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/#"] } },
    {
      operationType: "Destination",
      destinationSettings: { endpointRef: "cloud", dataDestination: "site/${inputTopic}" },
    },
  ];
  const document = {
    endpoints: { edge: endpoint(source), cloud: endpoint(destination) },
    dataflows: { flow: { operations } },
    relay: { connectTimeoutSeconds: 1, reconnect: { minDelayMs: 10, maxDelayMs: 50 } },
  };
  return parseRelayConfig(JSON.stringify(document), { where: "the test" }).config;
}

/** A client that comes back to its session. */
async function connectSession(broker: Broker, clientId: string): Promise<MqttClient> {
  const client = await connectAsync(broker.addresses[0]?.url ?? "", {
    protocolVersion: 5,
    clientId,
    properties: { sessionExpiryInterval: 3600 },
    reconnectPeriod: 20,
  });
  client.options.clean = false;
  return client;
}

/** Makes one thing go wrong. */
type Fault = (stage: {
  source: Broker;
  destination: Broker;
  restart: () => Promise<void>;
  random: () => number;
}) => unknown;

const faults: readonly Fault[] = [
  ({ source }) => {
    source.faults.closeSocket(clients.source);
  },
  ({ destination }) => {
    destination.faults.closeSocket(clients.destination);
  },
  async ({ destination, random }) => {
    destination.faults.dropPubacks(1 + Math.floor(random() * 5), clients.destination);
    await delay(40);
    destination.faults.clear();
    destination.faults.closeSocket(clients.destination);
  },
  ({ destination }) => {
    destination.faults.forgetSession(clients.destination);
  },
  ({ source }) => {
    source.faults.dropSubacks(1, clients.source);
  },
  async ({ source, random }) => {
    await source.suspend();
    await delay(random() * 100);
    await source.resume();
  },
  async ({ destination, random }) => {
    await destination.suspend();
    await delay(random() * 100);
    await destination.resume();
  },
  ({ restart }) => restart(),
];

/**
 * Shows that connections, sessions and brokers may come and go. It can't see an acknowledgement that comes too early: these
 * relays are drained, never killed, so they lose nothing from memory. `faults.test.ts` (kill -9) and the forwarder's tests do.
 */
describe("a relay between two emulated brokers that fail at random", () => {
  it.each([1, 2, 3])("delivers every accepted message, in order but for redeliveries (seed %i)", async (seed) => {
    const random = createRandom(seed);
    const [source, destination] = [await startBroker(random), await startBroker(random)];
    const config = configure(source, destination, random);
    let relay = new Relay(config, { ordinal: 0, log: createLog("error") });
    let running = relay.run();
    const restart = async () => {
      await relay.stop();
      await running;
      relay = new Relay(config, { ordinal: 0, log: createLog("error") });
      running = relay.run();
    };
    const arrived = new Map<string, number[]>();
    const subscriber = await connectSession(destination, "subscriber");
    subscriber.on("message", (topic, payload) => {
      arrived.set(topic, [...(arrived.get(topic) ?? []), Number(payload.toString())]);
    });
    await subscriber.subscribeAsync("site/#", { qos: 1 });
    await until(() => relay.readiness.isReady);
    const publisher = await connectSession(source, "publisher");

    const publishingEnd = new AbortController();
    const failing = (async () => {
      while (!publishingEnd.signal.aborted) {
        await delay(20 + random() * 120);
        await faults[Math.floor(random() * faults.length)]?.({ source, destination, restart, random });
      }
    })();
    const publishing: Promise<unknown>[] = [];
    const accepted = new Set<number>();
    for (let number = 0; number < messages; number++) {
      const topic = `plant/${number % topics}`;
      publishing.push(
        publisher.publishAsync(topic, String(number), { qos: 1 }).then(() => accepted.add(number), giveUp),
      );
      if (number % 10 === 0) await delay(10);
    }
    await Promise.all(publishing);
    publishingEnd.abort();
    await failing;
    source.faults.clear();
    destination.faults.clear();
    const missing = () =>
      [...accepted].filter((number) => !arrived.get(`site/plant/${number % topics}`)?.includes(number));
    await until(() => missing().length === 0);
    await relay.stop();
    await running;
    for (const client of [subscriber, publisher]) {
      client.options.reconnectPeriod = 0; // one that is just away would come back behind the test's end
      await client.endAsync(true);
    }
    await Promise.all([source.close(), destination.close()]);

    expect(accepted.size).toBeGreaterThan(messages / 2);
    expect(missing()).toEqual([]);
    for (const numbers of arrived.values())
      expect([...new Set(numbers)]).toEqual([...numbers].sort((a, b) => a - b).filter(isFirst));
  });
});

/** mqtt.js gives up what it was just sending when the broker goes away: nobody has accepted that. */
function giveUp(): void {
  // Left out of what has to arrive.
}

function isFirst(number: number, index: number, all: readonly number[]): boolean {
  return index === 0 || all[index - 1] !== number;
}

/** Waits for a condition: the assertion that follows says what is missing. */
async function until(isTrue: () => boolean): Promise<void> {
  await untilTrue("a condition", isTrue).catch(() => undefined);
}
