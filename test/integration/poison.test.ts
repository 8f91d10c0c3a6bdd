import path from "node:path";

import type { MqttClient } from "mqtt";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** Levels of a topic that mosquitto takes; at a PUBLISH with more it ends the connection (0x82). */
const maxLevels = 200;
/** A topic that the source takes, and the destination does not: `dataDestination` has two levels more. */
const poisonTopic = `deep${"/x".repeat(maxLevels - 1)}`;
const maxPayloadBytes = 1000;

describeWithPart("mosquitto", (executable) => {
  let publisher: MqttClient;
  let arrivals: Collector;
  let relay: RelayProcess;
  let destination: Mosquitto<"mqtt">;

  beforeAll(async () => {
    const folder = createTemporaryFolder("poison");
    const listeners = { mqtt: {} };
    const source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    destination = await startMosquitto(executable, path.join(folder, "destination"), {
      listeners,
      settings: [`message_size_limit ${maxPayloadBytes}`],
    });
    arrivals = await collect("#", { port: destination.ports.mqtt });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
    relay = await startRelay({ folder, config: configOf(source.ports.mqtt, destination.ports.mqtt) });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  test("a message at which mosquitto ends the connection goes to the dead letters with the reason, and those around it arrive in order", async () => {
    const topics = ["deep/1", poisonTopic, "deep/2", "deep/3"];
    await Promise.all(topics.map((topic) => publisher.publishAsync(topic, "x", { qos: 1 })));
    await arrivals.untilTopic("far/away/deep/3");
    const letter = await arrivals.untilTopic("dead/letters");

    expect(letter.packet.properties?.userProperties).toMatchObject({
      deadLetterTopic: poisonTopic,
      deadLetterReason: expect.stringMatching(/ends the connection when it is sent.*0x82 Protocol Error/),
    });
    const arrived = arrivals.messages.map(({ topic }) => topic).filter((topic) => topic.startsWith("far/"));
    expect([...new Set(arrived)]).toEqual(["far/away/deep/1", "far/away/deep/2", "far/away/deep/3"]);
    await relay.untilReady();
    expect(await relay.metric("relay_messages_dead_lettered_total", { dataflow: "deep" })).toBe(1);
  });

  test("a message that mosquitto refuses for its size is given up, though no PUBACK may say so, and the next arrives", async () => {
    await publisher.publishAsync("large/1", "x".repeat(maxPayloadBytes + 1), { qos: 1 });
    await publisher.publishAsync("large/2", "x", { qos: 1 });
    await arrivals.untilTopic("large/2");

    expect(
      await relay.untilLog(({ msg, dataflow }) => dataflow === "large" && msg.startsWith("message")),
    ).toMatchObject({
      msg: "message lost",
      reason: "the destination refused it for good: 0x95 Packet too large",
      topic: "large/1",
    });
  });

  test("a message at which mosquitto ends the connection stops a dataflow that says so, and no other", async () => {
    await publisher.publishAsync(poisonTopic.replace("deep", "stop"), "x", { qos: 1 });
    const reasons = await relay.untilUnready(/^stop: stopped/m);

    expect(reasons).toMatch(/can't be delivered: the destination ends the connection when it is sent/);
    expect(reasons.trim().split("\n")).toHaveLength(1);
  });
});

function configOf(source: number, destination: number) {
  const flow = (name: string, dataDestination: string, relay: object) =>
    buildDataflow(["source", [`${name}/#`]], ["destination", dataDestination], { relay });
  const deadLetter = { endpointRef: "destination", topic: "dead/letters" };
  return buildConfig({
    endpoints: { source: plainEndpoint(source), destination: plainEndpoint(destination) },
    dataflows: {
      deep: flow("deep", "far/away/${inputTopic}", { undeliverableMessages: "DeadLetter", deadLetter }),
      large: flow("large", "${inputTopic}", { undeliverableMessages: "Discard" }),
      stop: flow("stop", "far/away/${inputTopic}", { undeliverableMessages: "Stop" }),
    },
  });
}
