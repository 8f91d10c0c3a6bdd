import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { MqttClient } from "mqtt";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const settings = ["persistence true", "max_inflight_messages 0"];
/** As fast as the destination takes them. */
const unlimited = { drainMessagesPerSecond: 0, drainBytesPerSecond: 0 } as const;

type Spool = NonNullable<NonNullable<DataflowInput["relay"]>["spool"]>;

interface Scene {
  readonly folder: string;
  readonly config: RelayConfigInput;
  readonly source: Mosquitto<"mqtt">;
  readonly destination: Mosquitto<"mqtt">;
  readonly publisher: MqttClient;
  readonly start: () => Promise<RelayProcess>;
}

/** Bounds the files that a running process may write, as a full disk does. */
function limitFileSize(relay: RelayProcess, bytes: string): void {
  execFileSync("prlimit", [`--pid=${String(relay.process.pid)}`, `--fsize=${bytes}:unlimited`]);
}

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  async function prepare(relay: NonNullable<DataflowInput["relay"]>, topics = "${inputTopic}"): Promise<Scene> {
    const folder = createTemporaryFolder("spool");
    const startBroker = (side: string) =>
      startMosquitto(executable, path.join(folder, side), { listeners: { mqtt: {} }, settings });
    const [source, destination] = [await startBroker("source"), await startBroker("destination")];
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: { flow: buildDataflow(["source", ["in/#"]], ["destination", topics], { relay }) },
    });
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    return { folder, config, source, destination, publisher, start: () => startRelay({ folder, config }) };
  }

  const withSpool = (spool: Spool = {}) => prepare({ spool: { mode: "Enabled", ...unlimited, ...spool } });

  async function publishMany(publisher: MqttClient, count: number, bytes = 0, from = 0): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => from + index);
    await Promise.all(
      numbers.map((number) => publisher.publishAsync("in/a", `${number}${" ".repeat(bytes)}`, { qos: 1 })),
    );
  }

  /** Collects also what the destination gets between its restart and the collector's next connection. */
  const collectThrough = ({ ports }: Scene["destination"]) =>
    collect("in/#", { port: ports.mqtt, isPersistent: true, clientId: "collector" });

  const numbersOf = ({ messages }: Collector) => messages.map(({ payload }) => Number(payload));
  const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

  /** Waits until the source's session is made, so that it keeps what is published. */
  const untilSubscribed = (relay: RelayProcess) =>
    relay.untilLog(({ msg, side }) => msg === "connected" && side === "source");

  test("what comes while the destination is away is acknowledged from the disk, outlives a kill, and arrives once and in order", async () => {
    const { destination, publisher, start } = await withSpool();
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await publishMany(publisher, 2000);
    await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === 2000);
    expect(await relay.metric("relay_spool_messages")).toBe(2000);

    await relay.stop("SIGKILL");
    await destination.start();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    const next = await start();
    await arrivals.untilCount(2000);
    await next.untilMetric("relay_spool_messages", (value) => value === 0);

    expect(numbersOf(arrivals)).toEqual(upTo(2000));
  });

  test("messages of a dataflow that was disabled are reported at the start with their age and what to do, and arrive once it is enabled again", async () => {
    const { folder, config, destination, publisher, start } = await withSpool();
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await publishMany(publisher, 10);
    await relay.untilMetric("relay_spool_messages", (value) => value === 10);
    await relay.stop();

    const off = { ...config, dataflows: { flow: { ...config.dataflows["flow"]!, mode: "Disabled" as const } } };
    const idle = await startRelay({ folder, config: off });
    const line = await idle.untilLog(({ msg }) => msg === "messages are on the disk that no dataflow delivers");
    expect(line).toMatchObject({ level: "warn", dataflow: "flow", messages: 10, oldestSeconds: expect.any(Number) });
    expect(line["remedy"]).toContain('enable dataflow "flow"');
    await idle.untilMetric("relay_spool_unattended_messages", (value) => value === 10);
    await idle.stop();

    await destination.start();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    const again = await start();
    await arrivals.untilCount(10);
    expect(again.log.filter(({ msg }) => msg.includes("no dataflow delivers"))).toEqual([]);
    expect(numbersOf(arrivals)).toEqual(upTo(10));
  });

  test("what comes while the disk is drained goes behind what is on it", async () => {
    const { destination, publisher, start } = await withSpool({ drainMessagesPerSecond: 500 });
    const arrivals = await collectThrough(destination);
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await publishMany(publisher, 500);
    await relay.untilMetric("relay_spool_messages", (value) => value === 500);

    await destination.start();
    const startMs = performance.now();
    await arrivals.untilCount(50);
    await publishMany(publisher, 100, 0, 500);
    await arrivals.untilCount(600);

    expect(numbersOf(arrivals)).toEqual(upTo(600));
    // 600 messages at 500 a second, but for those that came before the clock was started.
    expect(performance.now() - startMs).toBeGreaterThan(500);
  });

  test("while the destination keeps up nothing is written", async () => {
    const { folder, destination, publisher, start } = await withSpool();
    const relay = await start();
    await relay.untilReady();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    for (let count = 0; count < 100; count += 5) {
      await publishMany(publisher, 5, 0, count);
      await arrivals.untilCount(count + 5);
    }
    // A message is here before its PUBACK is there, and a relay that is told to stop writes what nobody has acknowledged.
    await relay.untilMetric("relay_messages_in_flight", (value) => value === 0);
    // What waits for half a second counts as held up: on a loaded machine some may, and the relay has its own clock.
    const keptUp = await relay.metric("relay_delivery_duration_seconds_bucket", { le: "0.5" });
    await relay.stop();

    const database = new DatabaseSync(path.join(folder, "spool", "spool.sqlite"), { readOnly: true });
    const rows = database.prepare("SELECT last_sequence FROM queue WHERE name = 'flow'").all();
    database.close();
    expect(rows).toHaveLength(1);
    expect(Number(rows[0]?.["last_sequence"])).toBeLessThanOrEqual(100 - keptUp);
    expect(keptUp).toBeGreaterThan(0);
  });

  test("a destination that is connected and takes nothing does not hold the source up", async () => {
    const { destination, publisher, start } = await withSpool();
    const relay = await start();
    await relay.untilReady();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    destination.pause();
    await publishMany(publisher, 1000);
    await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === 1000);
    expect(await relay.metric("relay_spool_messages")).toBe(1000);

    destination.resume();
    await arrivals.untilCount(1000);

    expect(numbersOf(arrivals)).toEqual(upTo(1000));
  });

  test("a full spool acknowledges nothing more, says so, and loses nothing", async () => {
    const { destination, publisher, start } = await withSpool({ maxBytes: 1_048_576 });
    const arrivals = await collectThrough(destination);
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await publishMany(publisher, 1200, 1000);
    await relay.untilUnready(/flow: spool is full, \d+ messages of \d+ bytes wait for the destination/);
    const spooled = await relay.metric("relay_spool_messages");
    const acknowledged = await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === spooled);
    // Three of them fit into a page of 4096 bytes of the file.
    expect(acknowledged).toBeLessThanOrEqual(768);
    expect(acknowledged).toBeGreaterThan(700);

    await destination.start();
    await arrivals.untilCount(1200);
    await relay.untilReady();

    expect(numbersOf(arrivals)).toEqual(upTo(1200));
  });

  test("a relay that is told to stop while the destination is away ends at once with everything on the disk", async () => {
    const { destination, publisher, start } = await withSpool();
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    await publishMany(publisher, 100);
    const end = await relay.stop("SIGTERM");

    expect(end).toEqual({ code: 0, signal: null });
    expect(relay.log).toContainEqual(expect.objectContaining({ msg: "drained" }));
    await destination.start();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });
    await start();
    await arrivals.untilCount(100);
    expect(new Set(numbersOf(arrivals))).toEqual(new Set(upTo(100)));
  });

  test("a disk that takes no more: nothing is acknowledged, the relay is unready and says why, and goes on once there is room", async () => {
    const { destination, publisher, start } = await withSpool();
    await destination.stop();
    const relay = await start();
    await untilSubscribed(relay);
    limitFileSize(relay, "1");
    await publishMany(publisher, 50);

    await relay.untilUnready(/flow: spool can't be written, /);
    expect(await relay.metric("relay_messages_acknowledged_total")).toBe(0);
    expect(await relay.metric("relay_spool_healthy")).toBe(0);
    limitFileSize(relay, "unlimited");

    await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === 50);
    expect(await relay.metric("relay_spool_healthy")).toBe(1);
    expect(relay.log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([
        "spool can't be written, will retry; nothing is acknowledged",
        "spool can be written again",
      ]),
    );
  });

  test("a relay whose spool another one has open waits, unready with the reason, and delivers what is in it once that one has ended", async () => {
    const { destination, publisher, start } = await withSpool();
    await destination.stop();
    const first = await start();
    await untilSubscribed(first);
    await publishMany(publisher, 20);
    const second = await start();

    await second.untilUnready(
      /^flow: spool can't be opened, another process has the spool open \(database is locked\)/m,
    );
    expect(await second.metric("relay_dataflow_stopped")).toBe(0);
    await first.stop("SIGTERM");
    await destination.start();
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });

    await arrivals.untilCount(20);
    expect(numbersOf(arrivals)).toEqual(upTo(20));
    expect(second.log.map(({ msg }) => msg)).toContain("spool is open");
  });

  /** Leaves messages on the disk, and then a file in their place that is no database. */
  async function damageSpool(policy: "Stop" | "Discard") {
    const scene = await prepare({ undeliverableMessages: policy, spool: { mode: "Enabled", ...unlimited } });
    await scene.destination.stop();
    const first = await scene.start();
    await untilSubscribed(first);
    await publishMany(scene.publisher, 10);
    await first.untilMetric("relay_messages_acknowledged_total", (value) => value === 10);
    await first.stop();
    writeFileSync(path.join(scene.folder, "spool", "spool.sqlite"), "x".repeat(5000));
    await scene.destination.start();
    return scene;
  }

  test("a spool that is no database stops a dataflow with the policy Stop, at each start, and its file is kept", async () => {
    const { folder, start } = await damageSpool("Stop");

    for (let count = 0; count < 2; count++) {
      const relay = await start();
      expect(await relay.ended).toMatchObject({ code: 1 });
      expect(relay.log.find(({ msg }) => msg === "dataflow stopped")?.["reason"]).toMatch(
        /^up to 10 messages on the disk can't be read: file is not a database; the old files are kept as .*; to go on without them, set undeliverableMessages to "DeadLetter" or "Discard"$/,
      );
    }

    const kept = readdirSync(path.join(folder, "spool")).filter((name) => name.includes(".damaged-"));
    expect(kept).toHaveLength(1);
  });

  test("a spool that is no database is kept aside and counted with the policy Discard, and messages flow again", async () => {
    const { destination, publisher, start } = await damageSpool("Discard");
    const arrivals = await collect("in/#", { port: destination.ports.mqtt });

    const relay = await start();
    await relay.untilReady();
    await publishMany(publisher, 5, 0, 10);
    await arrivals.untilCount(5);

    expect(numbersOf(arrivals)).toEqual([10, 11, 12, 13, 14]);
    expect(await relay.metric("relay_messages_lost_total", { reason: "disk_damaged" })).toBe(10);
    expect(await relay.metric("relay_spool_files_aside")).toBe(1);
    expect(relay.log).toContainEqual(
      expect.objectContaining({
        level: "error",
        msg: expect.stringMatching("goes on in new files") as string,
        lost: 10,
      }),
    );
    await relay.stop();
    const next = await start();
    await next.untilReady();
    expect(await next.metric("relay_messages_lost_total", { reason: "disk_damaged" })).toBe(0);
  });

  test.each(["disk", "source", "destination"] as const)(
    "a message that can't be delivered is kept as a dead letter: %s",
    async (place) => {
      const deadLetter = place === "disk" ? {} : { endpointRef: place, topic: "dead" };
      const scene = await prepare({ undeliverableMessages: "DeadLetter", deadLetter }, "out/${inputTopic.3}");
      const { folder, destination, source, publisher, start } = scene;
      const relay = await start();
      await relay.untilReady();
      const arrivals = await collect("out/#", { port: destination.ports.mqtt });
      const letters = await collect("dead", { port: (place === "source" ? source : destination).ports.mqtt });
      const properties = { contentType: "text/plain", messageExpiryInterval: 500, userProperties: { a: "b" } };

      await publisher.publishAsync("in/short", "body", { qos: 1, properties });
      await publisher.publishAsync("in/a/long", "fine", { qos: 1 });
      await arrivals.untilTopic("out/long");
      await relay.untilMetric("relay_messages_dead_lettered_total", (value) => value === 1);
      await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === 2);

      const reason = 'the topic "in/short" lacks a level that "out/${inputTopic.3}" asks for';
      if (place === "disk") {
        const database = new DatabaseSync(path.join(folder, "spool", "spool.sqlite"), { readOnly: true });
        const rows = database.prepare("SELECT * FROM dead_letter").all();
        database.close();
        expect(rows).toMatchObject([{ dataflow: "flow", topic: "in/short", reason, destination_topic: "" }]);
        expect(Buffer.from(rows[0]?.["payload"] as Uint8Array).toString()).toBe("body");
        expect(JSON.parse(String(rows[0]?.["properties"]))).toEqual(properties);
      } else {
        const { payload, packet } = await letters.untilTopic("dead");
        expect(payload).toBe("body");
        expect(packet.properties).toEqual({
          contentType: "text/plain",
          userProperties: {
            a: "b",
            deadLetterReason: reason,
            deadLetterTopic: "in/short",
            "mqtt-dataflow-hops": "1",
            deadLetterDataflow: "flow",
            deadLetterTime: expect.stringMatching(/^\d{4}-/) as string,
          },
        });
      }
      expect(relay.log).toContainEqual(
        expect.objectContaining({ msg: "message undeliverable, kept as a dead letter", topic: "in/short", reason }),
      );
    },
  );

  test("a filter that the configuration has no more is taken back from the session", async () => {
    const scene = await withSpool();
    const first = await scene.start();
    await first.untilReady();
    await first.stop();
    const { folder, source, destination } = scene;
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        flow: buildDataflow(["source", ["other/#"]], ["destination", "x"], { relay: { spool: { mode: "Enabled" } } }),
      },
    });
    const relay = await startRelay({ folder, config });
    await relay.untilReady();

    expect(relay.log).toContainEqual(
      expect.objectContaining({ filter: "in/#", msg: "unsubscribed a filter of an earlier configuration" }),
    );
    const arrivals = await collect("x", { port: destination.ports.mqtt });
    await scene.publisher.publishAsync("in/a", "unwanted", { qos: 1 });
    await scene.publisher.publishAsync("other/a", "wanted", { qos: 1 });
    await arrivals.untilCount(1);
    expect(arrivals.messages.map(({ payload }) => payload)).toEqual(["wanted"]);
    expect(await relay.metric("relay_messages_lost_total")).toBe(0);
  });
});
