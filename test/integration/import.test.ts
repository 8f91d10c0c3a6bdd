import path from "node:path";

import { importMosquitto } from "../../cli/import/import-configuration.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const topics = [
  "topic up/# out 1",
  'topic cmd/+/set in 1 "" v1/',
  "topic # out 1 site/ cloud/",
  "topic shared/# both 1",
  'topic beacon/# in 1 alarms/ ""',
  'topic "" out 1 one/local other/remote',
  "topic low/+ out 0 a/ b/c/",
];

/** What is published where; the rest of the topics have to arrive at the other broker or nowhere. */
const published = {
  local: ["up/x/y", "site/a", "site/a/b", "site/a/b/c/d", "shared/from-local", "one/local", "a/low/1", "elsewhere/1"],
  remote: ["v1/cmd/7/set", "shared/from-remote", "beacon", "beacon/1/2", "up/not-back"],
} as const;

/** The last messages of each side: what is to come has come before. */
const settleMs = 1500;

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  const section = (port: number) => [
    "connection site",
    `address 127.0.0.1:${port}`,
    "bridge_protocol_version mqttv50",
    "notifications false",
    "cleansession true",
    ...topics,
  ];

  async function move(
    local: Mosquitto<"mqtt">,
    remote: Mosquitto<"mqtt">,
  ): Promise<{ local: string[]; remote: string[] }> {
    const atLocal = await collect("#", { port: local.ports.mqtt });
    const atRemote = await collect("#", { port: remote.ports.mqtt });
    const publish = async (port: number, names: readonly string[]) => {
      const client = await connectMqttClient({ port });
      for (const name of names) await client.publishAsync(name, name, { qos: 1 });
    };
    await publish(local.ports.mqtt, published.local);
    await publish(remote.ports.mqtt, published.remote);
    await atRemote.untilTopic("b/c/low/1");
    await atLocal.untilTopic("alarms/beacon/1/2");
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const sorted = ({ messages }: typeof atLocal) =>
      messages.map(({ topic, payload }) => `${payload} as ${topic}`).sort();
    return { local: sorted(atLocal), remote: sorted(atRemote) };
  }

  test("the messages that mosquitto's bridge moves are moved by the relay with the imported section, each once", async () => {
    const folder = createTemporaryFolder("import");
    const listeners = { mqtt: {} };
    const remote = await startMosquitto(executable, path.join(folder, "remote"), { listeners });
    const lines = section(remote.ports.mqtt);
    // The bridge's lines stand before the listeners, which take up the broker's own options again.
    const bridge = await startMosquitto(executable, path.join(folder, "bridge"), { listeners, settings: lines });
    await remote.untilLog((line) => line.endsWith(" 1 beacon/#"));
    const byMosquitto = await move(bridge, remote);
    await bridge.stop();
    const local = await startMosquitto(executable, path.join(folder, "local"), { listeners });
    const { configuration } = importMosquitto(lines.join("\n"), {
      ...{ file: "mosquitto.conf", site: "oslo", levels: 4 },
      local: `127.0.0.1:${local.ports.mqtt}`,
    });
    const relay = await startRelay({ folder, config: configuration });
    await relay.untilReady();
    const byRelay = await move(local, remote);

    expect(byRelay).toEqual(byMosquitto);
    expect(byRelay.local).toContain("v1/cmd/7/set as cmd/7/set");
    expect(byRelay.remote).toContain("site/a/b/c/d as cloud/a/b/c/d");
  });

  test("messages of one site go through a hub with two imported connections, and end there", async () => {
    const folder = createTemporaryFolder("import-hub");
    const listeners = { mqtt: {} };
    const start = (name: string) => startMosquitto(executable, path.join(folder, name), { listeners });
    const [hub, north, south] = [await start("hub"), await start("north"), await start("south")];
    const connection = (name: string, { ports }: Mosquitto<"mqtt">) =>
      `connection ${name}\naddress 127.0.0.1:${ports.mqtt}\ntopic plant/# both 1\n`;
    const { configuration } = importMosquitto(connection("north", north) + connection("south", south), {
      ...{ file: "mosquitto.conf", site: "oslo", levels: 4 },
      local: `127.0.0.1:${hub.ports.mqtt}`,
    });
    const relay = await startRelay({ folder, config: configuration });
    await relay.untilReady();
    const arrivals = {
      hub: await collect("#", { port: hub.ports.mqtt }),
      north: await collect("#", { port: north.ports.mqtt }),
      south: await collect("#", { port: south.ports.mqtt }),
    };
    const publisher = await connectMqttClient({ port: north.ports.mqtt });
    await publisher.publishAsync("plant/1", "x", { qos: 1 });
    await arrivals.south.untilTopic("plant/1");
    await new Promise((resolve) => setTimeout(resolve, settleMs));

    const counts = Object.values(arrivals).map(({ messages }) => messages.length);
    expect(counts).toEqual([1, 2, 1]);
  });
});
