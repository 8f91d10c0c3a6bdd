import { rmSync } from "node:fs";
import path from "node:path";

import { compileMachine, createMachine, type Machine } from "../ledger/machine.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { patientMs } from "../support/patience.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** A disk that works, for a while, from the first byte on, as a relay meets it that is started while it is full. */
describeWithParts(["mosquitto", "cc"], ([mosquitto, compiler]) => {
  let library = "";

  beforeAll(() => {
    library = compileMachine(compiler);
  });

  afterEach(cleanUp);

  async function prepare() {
    const folder = createTemporaryFolder("failing-disk");
    const listeners = { listeners: { mqtt: {} } };
    const source = await startMosquitto(mosquitto, path.join(folder, "source"), listeners);
    const destination = await startMosquitto(mosquitto, path.join(folder, "destination"), listeners);
    const machine = createMachine(library);
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        spooled: buildDataflow(["source", ["spooled"]], ["destination", "a"], {
          relay: { spool: { mode: "Enabled" } },
        }),
        direct: buildDataflow(["source", ["direct"]], ["destination", "b"], { relay: { spool: { mode: "Disabled" } } }),
      },
    });
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    const spoolFolder = path.join(folder, "spool");
    return { machine, publisher, spoolFolder, start: () => startRelay({ folder, config, env: machine.env }) };
  }

  test.each<[string, (machine: Machine, isFailing: boolean) => void]>([
    ["is full", (machine, isFailing) => machine.setFull(isFailing)],
    ["fails to fsync", (machine, isFailing) => machine.setFsyncFailing(isFailing)],
  ])(
    "a disk that %s when the relay starts holds up the dataflows that need it and no other, and no longer than it lasts",
    async (_, setFailing) => {
      const { machine, publisher, spoolFolder, start } = await prepare();
      // Both sessions are there, so that nothing is for nobody.
      const first = await start();
      await first.untilReady();
      await first.stop();
      rmSync(spoolFolder, { recursive: true });
      await publisher.publishAsync("spooled", "1", { qos: 1 });
      await publisher.publishAsync("direct", "1", { qos: 1 });
      setFailing(machine, true);

      const relay = await start();

      await relay.untilMetric("relay_messages_delivered_total", (value) => value === 1);
      expect(await relay.untilUnready(/spool can.t be opened/)).toMatch(/spooled: spool can't be opened, .+/);
      expect(await relay.metric("relay_messages_delivered_total", { dataflow: "direct" })).toBe(1);
      const healthy = (dataflow: string) => relay.metric("relay_spool_healthy", { dataflow });
      expect([await healthy("spooled"), await healthy("direct")]).toEqual([0, 1]);
      setFailing(machine, false);
      await relay.untilReady();
      expect(await healthy("spooled")).toBe(1);
      await relay.untilMetric("relay_messages_delivered_total", (value) => value === 2);
      expect((await relay.stop()).code).toBe(0);
    },
  );

  test("a relay whose disk never works ends at once when it is told to", async () => {
    const { machine, start } = await prepare();
    machine.setFull(true);
    const relay = await start();
    await relay.untilUnready(/spool can't be opened/);

    const beforeMs = performance.now();
    expect((await relay.stop()).code).toBe(0);
    expect(performance.now() - beforeMs).toBeLessThan(patientMs(4000));
  });
});
