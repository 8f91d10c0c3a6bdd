import path from "node:path";

import type { MqttClient } from "mqtt";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import { ScriptedListener } from "../runtime/mqtt/scripted-broker.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint, type MqttSettingsInput } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/*
 * What mosquitto's own tests of its bridge (test/broker/06-bridge-*) ask of one, where no other test of the relay does.
 * doc/scenarios.md has the whole list.
 */

interface Scene {
  readonly folder: string;
  readonly source: Mosquitto<"mqtt">;
  readonly destination: Mosquitto<"mqtt">;
  readonly publisher: MqttClient;
  /** Starts a relay from `in/#` at the source to the same topics at the destination. */
  readonly start: (change?: SceneChange) => Promise<RelayProcess>;
}

interface SceneChange {
  readonly source?: MqttSettingsInput;
  readonly destination?: MqttSettingsInput;
  readonly relay?: DataflowInput["relay"];
  /** Further dataflows. */
  readonly dataflows?: RelayConfigInput["dataflows"];
}

const topicsOf = ({ messages }: Collector) => messages.map(({ topic }) => topic);

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  async function prepare(destinationSettings: readonly string[] = []): Promise<Scene> {
    const folder = createTemporaryFolder("bridge");
    const listeners = { mqtt: {} };
    const source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    const destination = await startMosquitto(executable, path.join(folder, "destination"), {
      listeners,
      settings: ["persistence true", ...destinationSettings],
    });
    const publisher = await connectMqttClient({ port: source.ports.mqtt, isPersistent: true, clientId: "publisher" });
    const start = ({ source: at, destination: to, relay, dataflows = {} }: SceneChange = {}) => {
      const more = relay === undefined ? {} : { relay };
      const config = buildConfig({
        endpoints: {
          source: plainEndpoint(source.ports.mqtt, at),
          destination: plainEndpoint(destination.ports.mqtt, to),
        },
        dataflows: { flow: buildDataflow(["source", ["in/#"]], ["destination", "${inputTopic}"], more), ...dataflows },
      });
      return startRelay({ folder, config });
    };
    return { folder, source, destination, publisher, start };
  }

  const untilSubscribed = (relay: RelayProcess) =>
    relay.untilLog(({ msg, side }) => msg === "connected" && side === "source");

  test("a destination that comes up after the relay gets what was published before, in order", async () => {
    const { destination, publisher, start } = await prepare();
    // Its session is there before the relay can reach the destination: nothing passes by it.
    const arrivals = await collect("in/#", { port: destination.ports.mqtt, isPersistent: true, clientId: "late" });
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    for (const number of [1, 2, 3]) await publisher.publishAsync(`in/${number}`, "x", { qos: 1 });
    await destination.start();
    await arrivals.untilTopic("in/3");

    expect(topicsOf(arrivals)).toEqual(["in/1", "in/2", "in/3"]);
  });

  test("a message that was retained before a late destination came up is retained there", async () => {
    const { destination, publisher, start } = await prepare();
    await publisher.publishAsync("in/retained", "kept", { qos: 1, retain: true });
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await destination.start();
    await relay.untilMetric("relay_messages_delivered_total", (value) => value === 1);
    const late = await collect("in/#", { port: destination.ports.mqtt });

    expect((await late.untilTopic("in/retained")).packet.retain).toBe(true);
  });

  test("with a session expiry of 0 at the source nothing waits there while the relay is away", async () => {
    const { destination, publisher, start } = await prepare();
    const first = await start({ source: { sessionExpirySeconds: 0 } });
    await first.untilReady();
    await first.stop();
    await publisher.publishAsync("in/away", "x", { qos: 1 });
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    await (await start({ source: { sessionExpirySeconds: 0 } })).untilReady();
    await publisher.publishAsync("in/live", "x", { qos: 1 });
    await arrivals.untilTopic("in/live");

    expect(topicsOf(arrivals)).toEqual(["in/live"]);
  });

  test("a source that restarts without its sessions is subscribed to again, and what comes then arrives", async () => {
    const { source, destination, publisher, start } = await prepare();
    const relay = await start();
    await relay.untilReady();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    await source.stop();
    await relay.untilUnready(/source is down/);
    await source.start();
    await relay.untilReady();
    await publisher.publishAsync("in/after", "x", { qos: 1 });
    await arrivals.untilTopic("in/after");

    expect(await relay.metric("relay_sessions_lost_total")).toBe(1);
  });

  test("two dataflows that lead back to where messages come from end the loop by their hop count", async () => {
    const { source, publisher, start } = await prepare();
    const relay = await start({
      relay: { maxHops: 4, undeliverableMessages: "Discard" },
      dataflows: {
        back: buildDataflow(["destination", ["in/#"]], ["source", "${inputTopic}"], {
          relay: { maxHops: 4, undeliverableMessages: "Discard" },
        }),
      },
    });
    await relay.untilReady();
    const seen = await collect("in/#", { port: source.ports.mqtt });
    await publisher.publishAsync("in/loop", "x", { qos: 1 });
    await relay.untilMetric("relay_messages_lost_total", (value) => value === 1);

    expect(topicsOf(seen)).toHaveLength(3); // by its publisher, and twice by the relay
    expect(await relay.metric("relay_messages_delivered_total")).toBe(4);
  });

  test("a topic name with wildcards in it, which no source may send, ends two connections and then costs that message alone", async () => {
    const { folder, destination } = await prepare();
    const listener = await ScriptedListener.open();
    const config = buildConfig({
      endpoints: {
        source: plainEndpoint(Number(listener.host.split(":")[1])),
        destination: plainEndpoint(destination.ports.mqtt),
      },
      dataflows: {
        flow: buildDataflow(["source", ["in/#"]], ["destination", "${inputTopic}"], {
          relay: { undeliverableMessages: "Discard" },
        }),
      },
    });
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    const relay = await startRelay({ folder, config });
    // Written by hand: no encoder writes such a topic.
    const malformed = Buffer.concat([Buffer.from([0x32, 9, 0, 4]), Buffer.from("in/#"), Buffer.from([0, 1, 0])]);
    for (const sessionPresent of [false, true]) {
      const refused = await listener.next();
      await refused.accept({ sessionPresent });
      await refused.grant();
      refused.sendBytes(malformed);
      expect(await refused.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
      refused.stream.end();
    }
    const source = await listener.next();
    await source.accept({ sessionPresent: true });
    await source.grant();
    source.sendBytes(malformed);
    source.send({ cmd: "publish", qos: 1, messageId: 2, dup: false, retain: false, topic: "in/next", payload: "" });
    await arrivals.untilTopic("in/next");

    expect(await source.next("puback")).toMatchObject({ messageId: 1 });
    expect(await source.next("puback")).toMatchObject({ messageId: 2 });
    expect(await relay.metric("relay_messages_lost_total", { reason: "undeliverable" })).toBe(1);
    listener.close();
  });

  test("to a destination whose CONNACK says Retain Available 0 messages go without the flag, counted", async () => {
    const { destination, publisher, start } = await prepare(["retain_available false"]);
    const relay = await start({ destination: { retain: "Keep" } });
    await relay.untilReady();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt, keepsRetainFlag: true });
    await publisher.publishAsync("in/retained", "x", { qos: 1, retain: true });

    expect((await arrivals.untilTopic("in/retained")).packet.retain).toBe(false);
    expect(await relay.metric("relay_messages_retain_cleared_total")).toBe(1);
  });
});
