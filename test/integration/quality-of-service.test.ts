import path from "node:path";

import type { MqttClient } from "mqtt";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** More than the window of 100, so that acknowledgements have to flow. */
const burst = 500;
/** Messages of QoS 0 that are there at once: more than the relay keeps while a destination is away. */
const qos0Burst = 30_000;
/** So that what is lost was lost by the relay. */
const settings = ["max_queued_messages 0"];

describeWithPart("mosquitto", (executable) => {
  let publisher: MqttClient;
  let arrivals: Collector;
  let relay: RelayProcess;

  beforeAll(async () => {
    const folder = createTemporaryFolder("quality-of-service");
    const listeners = { mqtt: {} };
    const source = await startMosquitto(executable, path.join(folder, "source"), { listeners, settings });
    const destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners, settings });
    arrivals = await collect("#", { port: destination.ports.mqtt, qos: 2 });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
    relay = await startRelay({ folder, config: configOf(source.ports.mqtt, destination.ports.mqtt) });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  test.each([
    { source: 0, destination: 0, published: 1, arrives: 0 },
    { source: 0, destination: 1, published: 1, arrives: 1 },
    { source: 1, destination: 0, published: 1, arrives: 0 },
    { source: 1, destination: 1, published: 1, arrives: 1 },
    { source: 1, destination: 1, published: 0, arrives: 1 },
    { source: 1, destination: 1, published: 2, arrives: 1 },
  ] as const)(
    "from an endpoint with QoS $source to one with QoS $destination, a message published with QoS $published arrives with $arrives",
    async ({ source, destination, published, arrives }) => {
      const topic = `pair-${source}-${destination}/single/${published}`;

      await publisher.publishAsync(topic, "x", { qos: published });
      const { packet } = await arrivals.untilTopic(topic);

      expect(packet.qos).toBe(arrives);
    },
  );

  test.each([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const)("from QoS %s to QoS %s a burst arrives once and in order", async (source, destination) => {
    const topic = `pair-${source}-${destination}/burst`;
    const numbers = Array.from({ length: burst }, (_, number) => String(number));

    await Promise.all(numbers.map((number) => publisher.publishAsync(topic, number, { qos: 1 })));
    await arrivals.until((message) => message.topic === topic && message.payload === String(burst - 1));

    const payloads = arrivals.messages.filter((message) => message.topic === topic).map(({ payload }) => payload);
    expect(payloads).toEqual(numbers);
  });

  test.each([0, 1] as const)(
    "a burst of QoS 0 that is faster than a destination with QoS %s loses nothing: it waits at its broker",
    async (destination) => {
      const topic = `pair-0-${destination}/flood`;
      const lost = () => relay.metric("relay_messages_lost_total", { dataflow: `pair-0-${destination}` });
      const before = arrivals.messages.length;

      relay.process.kill("SIGSTOP");
      for (let number = 0; number < qos0Burst; number++) publisher.publish(topic, String(number), { qos: 0 });
      await publisher.publishAsync("accepted", "x", { qos: 1 }); // what was published before it has come too
      relay.process.kill("SIGCONT");
      await arrivals.untilCount(before + qos0Burst);

      expect(arrivals.messages.filter((message) => message.topic === topic)).toHaveLength(qos0Burst);
      expect(await lost()).toBe(0);
    },
  );

  test("messages that go from QoS 1 to QoS 0 are counted as unconfirmed", async () => {
    const before = await relay.metric("relay_messages_unconfirmed_total");

    await publisher.publishAsync("pair-1-0/unconfirmed", "x", { qos: 1 });
    await arrivals.untilTopic("pair-1-0/unconfirmed");

    expect(await relay.metric("relay_messages_unconfirmed_total", { dataflow: "pair-1-0" })).toBe(before + 1);
  });
});

function configOf(source: number, destination: number) {
  const pairs = [0, 1].flatMap((from) => [0, 1].map((to) => [from, to] as const));
  return buildConfig({
    endpoints: {
      "from-0": plainEndpoint(source, { qos: 0 }),
      "from-1": plainEndpoint(source, { qos: 1 }),
      "to-0": plainEndpoint(destination, { qos: 0 }),
      "to-1": plainEndpoint(destination, { qos: 1 }),
    },
    dataflows: Object.fromEntries(
      pairs.map(([from, to]) => {
        const name = `pair-${from}-${to}`;
        return [name, buildDataflow([`from-${from}`, [`${name}/#`]], [`to-${to}`, "${inputTopic}"])];
      }),
    ),
  });
}
