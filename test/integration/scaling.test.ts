import { setTimeout as delay } from "node:timers/promises";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { createLog } from "../../runtime/report/log.ts";
import { Relay } from "../../runtime/relay.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(cleanUp);

async function startEmulator(): Promise<{ port: number; broker: Broker }> {
  const profile = createAioProfile({ isAnonymousAllowed: true });
  const broker = await createBroker({ profile, listeners: [{ transport: "tcp" }] });
  endings.push(() => broker.close());
  return { port: broker.addresses[0]?.port ?? 0, broker };
}

/** Starts the instances of a relay between two brokers, and waits until they are ready. */
async function startInstances(instanceCount: number, [source, destination]: readonly [number, number]) {
  const endpoint = (port: number) => ({
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${port}`,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      clientIdPrefix: "oslo-",
    },
  });
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/#"] } },
    { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "${inputTopic}" } },
  ];
  const document = {
    endpoints: { edge: endpoint(source), cloud: endpoint(destination) },
    dataflows: { flow: { operations } },
    profile: { instanceCount },
  };
  const { config } = parseRelayConfig(JSON.stringify(document), { where: "the test" });
  const lines: { msg: string; instance?: number }[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as { msg: string }) });
  const relays = Array.from({ length: instanceCount }, (_, ordinal) => new Relay(config, { ordinal, log }));
  const running = relays.map((relay) => relay.run());
  const stop = async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await Promise.all(running);
  };
  endings.push(stop);
  while (!relays.every(({ readiness }) => readiness.isReady)) await delay(20);
  const takenUp = () => lines.filter(({ msg }) => msg.startsWith("took up")).map(({ instance }) => instance);
  return { stop, takenUp };
}

/** Publishes 60 messages, some of them large, at the source and returns what arrives at the destination, once it has all or nothing more comes. */
async function connectEnds(source: number, destination: number) {
  const publisher = await connectMqttClient({ port: source });
  const subscriber = await connectMqttClient({ port: destination });
  const received: string[] = [];
  subscriber.on("message", (_topic, payload) => received.push(payload.toString()));
  await subscriber.subscribeAsync("#", { qos: 1 });
  return async (name: string) => {
    const expected = Array.from(
      { length: 60 },
      (_, index) => `${name} ${index}${index % 20 === 0 ? "x".repeat(200_000) : ""}`,
    );
    for (const payload of expected) await publisher.publishAsync("plant/a", payload, { qos: 1 });
    while (!expected.every((payload) => received.includes(payload))) await delay(20);
    await delay(300); // for copies
    return { expected, received: received.splice(0).sort() };
  };
}

/** Three instances become two, and those one; each time messages come before anybody looks at the removed sessions. */
async function scaleDown(source: number, destination: number): Promise<(number | undefined)[][]> {
  const send = await connectEnds(source, destination);
  const takenUp: (number | undefined)[][] = [];
  for (const count of [3, 2, 1]) {
    const instances = await startInstances(count, [source, destination]);
    const { expected, received } = await send(`with ${count}`);
    expect(received).toEqual(expected.sort());
    const isDone = () => instances.takenUp().length === (count === 3 ? 0 : 1);
    while (!isDone()) await delay(50);
    takenUp.push(instances.takenUp());
    await instances.stop();
  }
  return takenUp;
}

describe("a relay with fewer instances than before", () => {
  test("delivers what the sessions of the removed ones get, and ends those", async () => {
    const { port, broker } = await startEmulator();
    const { port: destination } = await startEmulator();

    const takenUp = await scaleDown(port, destination);

    expect(takenUp).toEqual([[], [2], [1]]);
    expect(broker.faults.forgetSession("oslo-flow-2-source")).toBe(false);
    expect(broker.faults.forgetSession("oslo-flow-0-source")).toBe(true);
  });
});

describeWithPart("mosquitto", (executable) => {
  test("a relay with fewer instances than before delivers what the sessions of the removed ones get", async () => {
    const start = (name: string) =>
      startMosquitto(executable, createTemporaryFolder(name), { listeners: { plain: {} }, settings: [] });
    const [source, destination] = [await start("source"), await start("destination")];

    expect(await scaleDown(source.ports.plain, destination.ports.plain)).toEqual([[], [2], [1]]);
  });
});
