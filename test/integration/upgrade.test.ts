import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { isRecording, recordedReleases, thisRelease, type RecordedRelease } from "../support/releases.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/*
 * What a relay of an earlier release left: messages on its disk, and a session at its source. The relay of today takes over both.
 * `npm run release:record` keeps what this version leaves.
 */

/** Messages on the disk that are to arrive. */
const spooled = 20;
/** Long enough to reach the disk, and over when the next relay reads it. */
const expirySeconds = 3;
const database = "spool.sqlite";

/** Who the relay was at its brokers: the client identifiers, which name the sessions. */
interface Sessions {
  readonly source: string;
  readonly destination: string;
}

interface Scene {
  readonly folder: string;
  readonly spool: string;
  readonly config: RelayConfigInput;
  readonly source: Mosquitto<"mqtt">;
  readonly destination: Mosquitto<"mqtt">;
}

/** The client identifiers that a broker has seen. */
function clientsOf({ log }: Mosquitto<"mqtt">): string[] {
  return log.flatMap((line) => /New client connected from \S+ as (\S+)/.exec(line)?.[1] ?? []);
}

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  async function prepare(): Promise<Scene> {
    const folder = createTemporaryFolder("upgrade");
    const settings = ["persistence true", "max_inflight_messages 0"];
    const startBroker = (side: string) =>
      startMosquitto(executable, path.join(folder, side), { listeners: { mqtt: {} }, settings });
    const [source, destination] = [await startBroker("source"), await startBroker("destination")];
    const spool = { mode: "Enabled", drainMessagesPerSecond: 0, drainBytesPerSecond: 0 } as const;
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        flow: buildDataflow(["source", ["in/#"]], ["destination", "out/${inputTopic.2}"], {
          relay: { spool, undeliverableMessages: "DeadLetter" },
        }),
      },
    });
    return { folder, spool: path.join(folder, "spool"), config, source, destination };
  }

  /** Keeps what a relay leaves on its disk while its destination is away, and who it was. */
  async function record(): Promise<void> {
    const { folder, spool, config, source, destination } = await prepare();
    const relay = await startRelay({ folder, config });
    await relay.untilReady();
    const [source0 = "", destination0 = ""] = [...clientsOf(source), ...clientsOf(destination)];
    const sessions: Sessions = { source: source0, destination: destination0 };
    await destination.stop();
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    const publish = (topic: string, text: string, properties: object) =>
      publisher.publishAsync(topic, text, { qos: 1, properties });
    for (let number = 0; number < spooled; number++)
      await publish("in/a", String(number), { contentType: "text/plain", userProperties: { machine: "press-2" } });
    await publish("in/a", "old", { messageExpiryInterval: expirySeconds });
    // Has no second level, which the destination's topic asks for.
    await publish("in", "dead", {});
    await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === spooled + 2);
    await relay.stop();
    thisRelease.writeJson("sessions.json", sessions);
    // The other files are the lock and the reserve of room, which hold nothing.
    for (const file of readdirSync(spool).filter((name) => /^spool\.sqlite(-marks|-wal)?$/.test(name)))
      thisRelease.write(`spool/${file}.gz`, readFileSync(path.join(spool, file)));
    await cleanUp();
    await delay(expirySeconds * 1000);
  }

  /** Lays out a disk as a release left it. */
  function restoreSpool(release: RecordedRelease, folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(path.join(release.folder, "spool")))
      writeFileSync(path.join(folder, path.basename(file, ".gz")), release.read(`spool/${file}`), { mode: 0o600 });
  }

  beforeAll(async () => {
    if (isRecording) await record();
  });

  describe.each(recordedReleases().map((release) => [release.version, release] as const))(
    "after an upgrade from %s",
    (_, release) => {
      test("what is on the disk arrives once, in order and as it was published, what has expired is counted, and dead letters stay", async () => {
        const { folder, spool, config, destination } = await prepare();
        restoreSpool(release, spool);
        const arrivals = await collect("out/#", { port: destination.ports.mqtt });

        const relay = await startRelay({ folder, config });
        await relay.untilMetric("relay_messages_lost_total", (value) => value === 1);
        await relay.untilMetric("relay_spool_messages", (value) => value === 0);
        await arrivals.untilCount(spooled);

        const texts = Array.from({ length: spooled }, (__, number) => String(number));
        expect(arrivals.messages.map(({ payload }) => payload)).toEqual(texts);
        for (const { topic, packet } of arrivals.messages) {
          expect(topic).toBe("out/a");
          expect(packet.properties).toMatchObject({
            contentType: "text/plain",
            userProperties: { machine: "press-2" },
          });
        }
        expect(await relay.metric("relay_messages_lost_total", { reason: "expired" })).toBe(1);
        await relay.stop();
        const opened = new DatabaseSync(path.join(spool, database), { readOnly: true });
        const dead = opened.prepare("SELECT dataflow, topic, payload FROM dead_letter").all();
        opened.close();
        expect(dead).toMatchObject([{ dataflow: "flow", topic: "in" }]);
        expect(Buffer.from(dead[0]!["payload"] as Uint8Array).toString()).toBe("dead");
      });

      test("the sessions are those of before: what waits in the source's arrives", async () => {
        const sessions = release.readJson("sessions.json") as Sessions;
        const { folder, config, source, destination } = await prepare();
        const before = await connectMqttClient({
          port: source.ports.mqtt,
          clientId: sessions.source,
          isPersistent: true,
        });
        await before.subscribeAsync("in/#", { qos: 1 });
        await before.endAsync();
        const publisher = await connectMqttClient({ port: source.ports.mqtt });
        await publisher.publishAsync("in/a", "waited", { qos: 1 });
        const arrivals = await collect("out/#", { port: destination.ports.mqtt });

        await startRelay({ folder, config });
        await arrivals.untilCount(1);

        expect(arrivals.messages.map(({ payload }) => payload)).toEqual(["waited"]);
        expect(clientsOf(destination)).toContain(sessions.destination);
      });
    },
  );

  test("a disk of a later release is refused with the remedy, and not a byte of it is changed", async () => {
    const { folder, spool, config } = await prepare();
    restoreSpool(recordedReleases().at(-1)!, spool);
    const later = new DatabaseSync(path.join(spool, database));
    later.exec("PRAGMA user_version = 1000; PRAGMA journal_mode = DELETE");
    later.close();
    const before = readFileSync(path.join(spool, database));

    const relay = await startRelay({ folder, config });
    const { reason } = await relay.untilLog(({ msg }) => msg === "dataflow stopped");
    await relay.ended;

    expect(reason).toMatch(/it is of version 1000, and this relay reads version \d+.*run the later release/);
    expect(readdirSync(spool).filter((file) => file.includes("sqlite-") && !file.endsWith("-marks"))).toEqual([]);
    expect(readFileSync(path.join(spool, database)).equals(before)).toBe(true);
  });
});
