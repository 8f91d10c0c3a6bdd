import path from "node:path";

import type { MqttClient } from "mqtt";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

describeWithPart("mosquitto", (executable) => {
  let source: Mosquitto<"mqtt">;
  let destination: Mosquitto<"mqtt">;
  let publisher: MqttClient;

  beforeAll(async () => {
    const folder = createTemporaryFolder("sessions");
    const listeners = { mqtt: {} };
    source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
  });

  afterAll(cleanUp);

  /** A relay with one dataflow, whose topics stay as they are. */
  function configOf(name: string, filters: string[], more: Partial<RelayConfigInput> = {}): RelayConfigInput {
    return buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: { [name]: buildDataflow(["source", filters], ["destination", "${inputTopic}"]) },
      ...more,
    });
  }

  async function startReady(config: RelayConfigInput, ordinal?: number): Promise<RelayProcess> {
    const folder = createTemporaryFolder("relay");
    const relay = await startRelay({ folder, config, ...(ordinal === undefined ? {} : { ordinal }) });
    await relay.untilReady();
    return relay;
  }

  async function publish(topic: string, payload = "x"): Promise<void> {
    await publisher.publishAsync(topic, payload, { qos: 1 });
  }

  function topicsOf({ messages }: Collector): string[] {
    return messages.map(({ topic }) => topic);
  }

  test("what is published while the relay is away arrives once it is back", async () => {
    const arrivals = await collect("away/#", { port: destination.ports.mqtt });
    const first = await startReady(configOf("away", ["away/#"]));
    await first.stop();
    for (const number of [1, 2, 3]) await publish(`away/${number}`);

    const second = await startReady(configOf("away", ["away/#"]));
    await arrivals.untilTopic("away/3");

    expect(topicsOf(arrivals)).toEqual(["away/1", "away/2", "away/3"]);
    await second.stop();
  });

  test("retained messages of the source are not repeated by a relay that starts again", async () => {
    const arrivals = await collect("kept/#", { port: destination.ports.mqtt });
    await publisher.publishAsync("kept/retained", "x", { qos: 1, retain: true });
    const first = await startReady(configOf("kept", ["kept/#"]));
    await arrivals.untilTopic("kept/retained");
    await first.stop();

    const second = await startReady(configOf("kept", ["kept/#"]));
    await publish("kept/marker");
    await arrivals.untilTopic("kept/marker");

    expect(topicsOf(arrivals)).toEqual(["kept/retained", "kept/marker"]);
    await second.stop();
  });

  describe("after a change of topic filters in a kept session", () => {
    let arrivals: Collector;
    let relay: RelayProcess;

    beforeAll(async () => {
      arrivals = await collect("changed/#", { port: destination.ports.mqtt });
      const before = await startReady(configOf("changed", ["changed/removed/#", "changed/stays/#"]));
      await before.stop();
      await publish("changed/removed/while-away");
      await publish("changed/stays/while-away");
      relay = await startReady(configOf("changed", ["changed/stays/#", "changed/added/#"]));
      await publish("changed/removed/live");
      await publish("changed/added/live");
      await publish("changed/stays/live");
      await arrivals.untilTopic("changed/stays/live");
    });

    test("what waited under a filter that stays arrives", () => {
      expect(topicsOf(arrivals)).toContain("changed/stays/while-away");
    });

    test("messages under an added filter arrive", () => {
      expect(topicsOf(arrivals)).toContain("changed/added/live");
    });

    test("messages under a removed filter don't arrive", () => {
      expect(topicsOf(arrivals).filter((topic) => topic.startsWith("changed/removed/"))).toEqual([]);
    });

    test("messages under a removed filter that the session still delivers are counted and logged", async () => {
      const lost = await relay.metric("relay_messages_lost_total", { reason: "filter_removed" });
      const lines = relay.log.filter(({ msg, kind }) => msg === "message lost" && kind === "filter_removed");

      expect(lost).toBeGreaterThan(0);
      expect(lines.map(({ topic }) => topic)).toContain("changed/removed/while-away");
    });
  });

  test.each([
    ["made wider", "wider", ["wider/+/x"], 1, ["wider/#"], 1],
    ["made narrower", "narrower", ["narrower/#"], 1, ["narrower/+/x"], 1],
    ["shared between two instances", "plain-before", ["plain-before/#"], 1, ["plain-before/#"], 2],
    ["no longer shared", "shared-before", ["shared-before/#"], 2, ["shared-before/#"], 1],
  ])(
    "after a filter of a kept session was %s, without a disk, each message arrives once, also what waited",
    async (_case, name, filtersBefore, instancesBefore, filters, instances) => {
      const arrivals = await collect(`${name}/#`, { port: destination.ports.mqtt });
      const configure = (some: string[], instanceCount: number) => configOf(name, some, { profile: { instanceCount } });
      const before = await startReady(configure(filtersBefore, instancesBefore), 0);
      await before.stop();
      for (const payload of ["1", "1", "2"]) await publish(`${name}/p/x`, payload);

      const relay = await startReady(configure(filters, instances), 0);
      for (const payload of ["2", "2", "3"]) await publish(`${name}/p/x`, payload);
      await publish(`${name}/last/x`);
      await arrivals.untilTopic(`${name}/last/x`);
      await relay.stop(); // nothing comes any more

      expect(arrivals.messages.map(({ payload }) => payload)).toEqual(["1", "1", "2", "2", "2", "3", "x"]);
    },
  );

  describe("with two instances", () => {
    const count = 1000;
    let arrivals: Collector;
    let relays: RelayProcess[];
    let received: number[];

    beforeAll(async () => {
      arrivals = await collect("shared/#", { port: destination.ports.mqtt });
      const config = configOf("shared", ["shared/#"], { profile: { instanceCount: 2 } });
      relays = await Promise.all([0, 1].map((ordinal) => startReady(config, ordinal)));
      const numbers = Array.from({ length: count }, (_, number) => number);
      await Promise.all(numbers.map((number) => publish(`shared/${number}`)));
      await arrivals.untilCount(count);
      received = await Promise.all(relays.map((relay) => relay.metric("relay_messages_received_total")));
    });

    test("each message arrives exactly once", async () => {
      // Once both have drained, nothing can come any more.
      await Promise.all(relays.map((relay) => relay.stop()));

      expect(topicsOf(arrivals).sort()).toEqual(
        Array.from({ length: count }, (_, number) => `shared/${number}`).sort(),
      );
    });

    test("both take part", () => {
      expect(Math.min(...received)).toBeGreaterThan(0);
      expect(received[0]! + received[1]!).toBe(count);
    });
  });

  test("where the broker ends a taken-over connection without a word, as mosquitto 2.0.11 does, the relay connects again", async () => {
    const arrivals = await collect("silent/#", { port: destination.ports.mqtt });
    const relay = await startReady(configOf("silent", ["silent/#"]));

    const other = await connectMqttClient({ port: source.ports.mqtt, clientId: "silent-0-source" });
    await relay.untilLog(({ msg, side }) => msg === "disconnected, will retry" && side === "source");
    await other.endAsync(true);
    await relay.untilReady();
    await publish("silent/after");
    await arrivals.untilTopic("silent/after");

    await relay.stop();
  });
});

describe("when an emulated broker tells that another client took the client identifier", () => {
  let source: Broker;
  let destination: Broker;

  beforeEach(async () => {
    const options = {
      profile: createAioProfile({ isAnonymousAllowed: true }),
      listeners: [{ transport: "tcp" }] as const,
    };
    [source, destination] = await Promise.all([createBroker(options), createBroker(options)]);
  });

  afterEach(async () => {
    await cleanUp();
    await Promise.all([source.close(), destination.close()]);
  });

  async function startBetween(...names: string[]): Promise<RelayProcess> {
    const config = buildConfig({
      endpoints: { source: plainEndpoint(portOf(source)), destination: plainEndpoint(portOf(destination)) },
      dataflows: Object.fromEntries(
        names.map((name) => [name, buildDataflow(["source", [`${name}/#`]], ["destination", "${inputTopic}"])]),
      ),
    });
    const relay = await startRelay({ folder: createTemporaryFolder("relay"), config });
    await relay.untilReady();
    return relay;
  }

  test.each(["source", "destination"] as const)(
    "at the %s, the dataflow waits, says why, and comes back once the other client is gone",
    async (side) => {
      const relay = await startBetween("taken");
      const port = portOf(side === "source" ? source : destination);

      const other = await connectMqttClient({ port, clientId: `taken-0-${side}` });
      const lost = await relay.untilLog(({ msg }) => msg === "disconnected, will retry");
      await other.endAsync();
      await relay.untilReady();

      expect(lost).toMatchObject({ level: "warn", dataflow: "taken", side });
      expect(lost["reason"]).toContain(`${side} ${side} (127.0.0.1:${port}) ended the connection: 0x8e Session`);
      expect(lost["reason"]).toContain("find the other client with this client identifier");
      expect(lost["retryInMs"]).toBeGreaterThanOrEqual(2000);
      expect(await relay.metric("relay_dataflow_stopped")).toBe(0);
    },
  );

  test("the relay's other dataflows go on, and readiness names the one that waits", async () => {
    const relay = await startBetween("goes-on", "taken");
    const arrivals = await collect("goes-on/#", { port: portOf(destination) });
    const publisher = await connectMqttClient({ port: portOf(source) });

    await connectMqttClient({ port: portOf(source), clientId: "taken-0-source" });
    const reasons = await relay.untilUnready(/^taken: source is down, source .*0x8e/);
    await publisher.publishAsync("goes-on/after", "x", { qos: 1 });
    await arrivals.untilTopic("goes-on/after");

    expect(reasons.trim().split("\n")).toHaveLength(1);
  });
});

function portOf({ addresses }: Broker): number {
  return addresses[0]!.port;
}
