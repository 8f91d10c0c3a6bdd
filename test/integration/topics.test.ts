import path from "node:path";

import type { MqttClient } from "mqtt";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** A `dataDestination`, a topic name under the dataflow's filter, and the topic name that it makes. */
const templates = [
  { template: "${inputTopic}", topic: "t0/line4/temperature", output: "t0/line4/temperature" },
  { template: "oslo/${inputTopic}", topic: "t1/line4/temperature", output: "oslo/t1/line4/temperature" },
  { template: "oslo/${inputTopic.2}/of/${inputTopic.3}", topic: "t2/line4/rpm", output: "oslo/line4/of/rpm" },
  { template: "${inputTopic.3}/${inputTopic.1}", topic: "t3/line4/rpm", output: "rpm/t3" },
  { template: "line-${inputTopic.2}-${inputTopic.2}/x", topic: "t4/4", output: "line-4-4/x" },
  { template: "all/telemetry", topic: "t5/line4/temperature", output: "all/telemetry" },
  { template: "no-slash/${inputTopic.2}", topic: "/t6/line4", output: "no-slash/line4" },
  { template: "utf-8/${inputTopic.2}", topic: "t7/größe ☃", output: "utf-8/größe ☃" },
] as const;

describeWithPart("mosquitto", (executable) => {
  let publisher: MqttClient;
  let arrivals: Collector;
  let relay: RelayProcess;

  beforeAll(async () => {
    const folder = createTemporaryFolder("topics");
    const listeners = { mqtt: {} };
    const source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    const destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners });
    arrivals = await collect("#", { port: destination.ports.mqtt });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
    relay = await startRelay({ folder, config: configOf(source.ports.mqtt, destination.ports.mqtt) });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  test.each(templates)("$template makes $output of $topic", async ({ topic, output }) => {
    await publisher.publishAsync(topic, topic, { qos: 1 });
    const arrived = await arrivals.until(({ payload }) => payload === topic);

    expect(arrived.topic).toBe(output);
  });

  test("with undeliverableMessages Discard a topic that lacks a level is counted, and the next message arrives", async () => {
    await publisher.publishAsync("discard", "lacks level 2", { qos: 1 });
    await publisher.publishAsync("discard/line4", "has level 2", { qos: 1 });
    await arrivals.untilTopic("discarded/line4");

    expect(await relay.metric("relay_messages_lost_total", { dataflow: "discard", reason: "undeliverable" })).toBe(1);
    expect(await relay.untilLog(({ msg, dataflow }) => msg === "message lost" && dataflow === "discard")).toMatchObject(
      {
        topic: "discard",
        reason: expect.stringContaining("lacks a level"),
      },
    );
  });

  test("with undeliverableMessages Stop a topic that lacks a level stops its dataflow and no other", async () => {
    await publisher.publishAsync("stop", "lacks level 2", { qos: 1 });
    const reasons = await relay.untilUnready(/^stop: stopped/);
    await publisher.publishAsync("t0/after", "after the stop", { qos: 1 });
    await arrivals.untilTopic("t0/after");

    expect(reasons).toContain('a message with topic "stop" can\'t be delivered');
    expect(reasons.trim().split("\n")).toHaveLength(1);
  });
});

function configOf(source: number, destination: number) {
  const fromTemplates = templates.map(({ template, topic }, index) => {
    const filter = topic.startsWith("/") ? `/t${index}/#` : `t${index}/#`;
    return [`template-${index}`, buildDataflow(["source", [filter]], ["destination", template])] as const;
  });
  const lacking = (name: string, policy: "Discard" | "Stop") =>
    buildDataflow(["source", [`${name}/#`]], ["destination", `${name}ed/\${inputTopic.2}`], {
      relay: { undeliverableMessages: policy },
    });
  return buildConfig({
    endpoints: { source: plainEndpoint(source), destination: plainEndpoint(destination) },
    dataflows: {
      ...Object.fromEntries(fromTemplates),
      discard: lacking("discard", "Discard"),
      stop: lacking("stop", "Stop"),
    },
  });
}
