import path from "node:path";

import { HangingDisk } from "../support/hanging-disk.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { Stopwatch, untilTrue } from "../support/patience.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const drainTimeoutSeconds = 2;
/** What the end takes beside the drain time-out: the spool's thread is told to end, and is not waited for. */
const boundMs = 3000;

/** A disk that stops answering while the relay runs: what is asked of it never returns, as with a file server that is away. */
describeWithParts(["mosquitto"], ([mosquitto]) => {
  let disk: HangingDisk | undefined;

  afterEach(async () => {
    disk?.release();
    await cleanUp();
  });

  async function prepare() {
    const folder = createTemporaryFolder("hanging-disk");
    const listeners = { listeners: { mqtt: {} } };
    const source = await startMosquitto(mosquitto, path.join(folder, "source"), listeners);
    const destination = await startMosquitto(mosquitto, path.join(folder, "destination"), listeners);
    const relay = { spool: { mode: "Enabled" } } as const;
    const config = buildConfig({
      relay: { drainTimeoutSeconds },
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        spooled: buildDataflow(["source", ["spooled"]], ["destination", "a"], { relay }),
        direct: buildDataflow(["source", ["direct"]], ["destination", "b"], { relay: { spool: { mode: "Disabled" } } }),
      },
    });
    const started = await startRelay({ folder, config });
    await started.untilReady();
    disk = new HangingDisk(path.join(folder, "spool"));
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    const subscriber = await collect("#", { port: destination.ports.mqtt });
    disk.hang();
    await started.untilUnready(/spooled: spool can't be written, the disk has not answered for \d+ s/);
    return { relay: started, publisher, destination, subscriber };
  }

  test("does not stop a dataflow whose destination is there, and what comes while that is away is not acknowledged", async () => {
    const { relay, publisher, destination, subscriber } = await prepare();

    for (const topic of ["spooled", "direct"])
      for (let number = 1; number <= 20; number++) await publisher.publishAsync(topic, String(number), { qos: 1 });
    await untilTrue("all messages", () => subscriber.messages.length === 40);
    expect(await relay.metric("relay_messages_acknowledged_total")).toBe(40);

    await destination.stop();
    await publisher.publishAsync("spooled", "late", { qos: 1 });
    await relay.untilMetric("relay_messages_received_total", (value) => value === 41);
    expect(await relay.metric("relay_messages_acknowledged_total")).toBe(40);

    disk?.release();
    await relay.untilMetric("relay_messages_acknowledged_total", (value) => value === 41);
  });

  test("does not hold up the end: it is over shortly after the drain time-out, says so, and is no success", async () => {
    const { relay, publisher, destination } = await prepare();
    await destination.stop();
    await publisher.publishAsync("spooled", "late", { qos: 1 });
    await relay.untilMetric("relay_messages_received_total", (value) => value === 1);
    const watch = new Stopwatch();

    const end = await relay.stop();

    expect(watch.elapsedMs).toBeLessThan(drainTimeoutSeconds * 1000 + boundMs);
    expect(end).toEqual({ code: null, signal: "SIGKILL" });
    expect(relay.log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([
        "not acknowledged, the source will send them again",
        "spool's thread can't be ended: it waits for a disk that does not answer",
      ]),
    );
  });

  test("is ended at once by a second signal", async () => {
    const { relay, publisher, destination } = await prepare();
    await destination.stop();
    await publisher.publishAsync("spooled", "late", { qos: 1 });
    await relay.untilMetric("relay_messages_received_total", (value) => value === 1);

    relay.process.kill("SIGTERM");
    await relay.untilLog(({ msg }) => msg === "told to stop");
    const watch = new Stopwatch();
    await relay.stop("SIGINT");

    expect(watch.elapsedMs).toBeLessThan(drainTimeoutSeconds * 1000);
  });
});
