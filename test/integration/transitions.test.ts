import { setTimeout as delay } from "node:timers/promises";

import { unboundedMemory } from "../../runtime/memory/budget.ts";
import { createBroker, type Broker, type BrokerOptions } from "../../emulator/broker.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { parseRelayConfig, type RelayConfig } from "../../runtime/contract/config.ts";
import { Dataflow } from "../../runtime/dataflow.ts";
import type { CredentialChange, CredentialSource } from "../../runtime/identity/credentials.ts";
import { createLog } from "../../runtime/report/log.ts";
import { Relay } from "../../runtime/relay.ts";
import { cleanUp } from "../support/integration.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const sides = ["source", "destination"] as const;
type Side = (typeof sides)[number];

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(cleanUp);

async function startBroker(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const profile = createAioProfile({ isAnonymousAllowed: true });
  const broker = await createBroker({ profile, listeners: [{ transport: "tcp" }], ...options });
  endings.push(() => broker.close());
  return broker;
}

/** A destination that keeps the payloads that it took. */
async function startDestination(): Promise<{ broker: Broker; received: string[] }> {
  const received: string[] = [];
  const broker = await startBroker({
    onEvent: (event) => {
      if (event.kind === "publish" && event.reasonCode < 0x80) received.push(event.message.payload.toString());
    },
  });
  return { broker, received };
}

function configure(source: Broker, destination: Broker, relay: object = {}): RelayConfig {
  const endpoint = (broker: Broker) => ({
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${broker.addresses[0]?.port ?? 0}`,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      clientIdPrefix: "oslo-",
    },
  });
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["a/#"] } },
    { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "${inputTopic}" } },
  ];
  const document = {
    endpoints: { edge: endpoint(source), cloud: endpoint(destination) },
    dataflows: { flow: { operations, relay } },
    relay: { reconnect: { minDelayMs: 50, maxDelayMs: 100 } },
  };
  return parseRelayConfig(JSON.stringify(document), { where: "the test" }).config;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(10);
}

/** Publishes to a broker, one message after the other. */
async function connectPublisher(broker: Broker) {
  const client = await connectMqttClient({ port: broker.addresses[0]?.port ?? 0 });
  return (payload: string) => client.publishAsync("a/b", payload, { qos: 1 });
}

describe.each(sides)("a renewed certificate at the %s", (side) => {
  /** A credential whose renewal asks for another connection, and takes its time when it is told to. */
  function createRenewable() {
    let slowMs = 0;
    const watchers = new Set<(change: CredentialChange) => void>();
    const source: CredentialSource = {
      read: async () => {
        const waitMs = slowMs;
        slowMs = 0;
        await delay(waitMs);
        return { proof: {} };
      },
      watch: (_used, onChange) => {
        watchers.add(onChange);
        return () => watchers.delete(onChange);
      },
      ends: () => [],
    };
    const renew = (takesMs: number) => {
      slowMs = takesMs;
      for (const onChange of watchers) onChange({ kind: "reconnect", what: "client certificate" });
    };
    return { source, renew };
  }

  /** A dataflow that is up, whose credential at this side can be renewed. */
  async function start() {
    const source = await startBroker();
    const { broker: destination, received } = await startDestination();
    const config = configure(source, destination);
    const { source: renewable, renew } = createRenewable();
    const plain = createRenewable().source;
    const dataflow = new Dataflow("flow", config.dataflows["flow"]!, {
      config,
      credentials: new Map([
        ["edge", side === "source" ? renewable : plain],
        ["cloud", side === "destination" ? renewable : plain],
      ]),
      ordinal: 0,
      connectTo: new Map(),
      random: () => 0,
      memory: unboundedMemory,
      log: createLog("error", { write: () => undefined }),
    });
    const running = dataflow.run();
    endings.push(async () => {
      await dataflow.stop(AbortSignal.abort());
      await running;
    });
    await until(() => sides.every((one) => dataflow.status[one].kind === "up"));
    const brokers: Record<Side, Broker> = { source, destination };
    return { dataflow, renew, received, brokers, publish: await connectPublisher(source) };
  }

  test.each([
    ["that connection breaks and is made anew before the other one is open", [side]],
    ["both connections break, this one first", [side, side === "source" ? "destination" : "source"]],
    ["both connections break, this one last", [side === "source" ? "destination" : "source", side]],
  ] as [string, Side[]][])("leaves messages flowing where %s", async (_case, broken) => {
    const { dataflow, renew, received, brokers, publish } = await start();
    await publish("before");

    renew(1000);
    await delay(100);
    for (const one of broken) brokers[one].faults.closeSocket(`oslo-flow-0-${one}`);
    await until(() => sides.some((one) => dataflow.status[one].kind !== "up"));
    await until(() => sides.every((one) => dataflow.status[one].kind === "up"));
    await delay(2000); // the slow one is open by now, and would take the place of what it was not made for
    const after = Array.from({ length: 10 }, (_, index) => `after ${index}`);
    for (const payload of after) await publish(payload);

    await until(() => after.every((payload) => received.includes(payload)));
    expect(received).toEqual(["before", ...after]);
  });
});

describe("a spool whose source ends a session at 100 waiting messages", () => {
  test.each(["the source", "the destination"])("loses nothing where %s is lost first", async (first) => {
    const overflows: string[] = [];
    let connects = 0;
    const source = await startBroker({
      limits: { maxQueuedMessages: 100, maxQueuedBytes: 1024 * 1024, maxInflightMessages: 100 },
      onEvent: (event) => {
        if (event.kind === "sessionEnd") overflows.push(event.why);
        if (event.kind === "connect" && event.clientId === "oslo-flow-0-source") connects++;
      },
    });
    const { broker: destination, received } = await startDestination();
    const config = configure(source, destination, { spool: { mode: "Enabled" } });
    const log = createLog("error", { write: () => undefined });
    const relay = new Relay(config, { ordinal: 0, spoolPath: createTemporaryFolder("spool"), log });
    const running = relay.run();
    endings.push(async () => {
      await relay.stop();
      await running;
    });
    await until(() => relay.readiness.isReady);
    const publish = await connectPublisher(source);
    const hold = destination.faults.holdPubacks();
    await publish("in flight");
    await until(() => relay.dataflows[0]?.status.inFlight === 1);

    const losses = [
      () => Promise.resolve(source.faults.closeSocket("oslo-flow-0-source")),
      () => destination.suspend(),
    ];
    for (const lose of first === "the source" ? losses : losses.reverse()) {
      await lose();
      await delay(20);
    }
    hold.release();
    // On a busy machine the relay may not have seen yet that the first one is closed.
    await until(() => connects === 2 && relay.dataflows[0]?.status.source.kind === "up");
    const numbers = Array.from({ length: 300 }, (_, index) => String(index));
    // No faster than a busy disk: the session has room for so many that the relay has not acknowledged.
    const spooled = () => relay.dataflows[0]?.status.spooled.messages ?? 0;
    for (const [index, number] of numbers.entries()) {
      await until(() => index - spooled() < 80);
      await publish(number);
    }
    await until(() => overflows.length > 0 || spooled() >= 300);
    expect(overflows).toEqual([]);
    await destination.resume();
    await until(() => numbers.every((number) => received.includes(number)));

    expect(overflows).toEqual([]);
    expect(received).toContain("in flight");
  });
});
