import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { MqttClient } from "mqtt";

import type { DataflowReport, StatusDocument } from "../../runtime/contract/status/schema.ts";
import { runCommand } from "../support/command-process.ts";
import { findFreePort } from "../support/free-port.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

type Series = readonly [metric: string, labels?: Readonly<Record<string, string>>];
type Numbers = Readonly<Record<string, number>>;

/** What only grows: the status has it under this name, the exposition under that one. */
const counters: Readonly<Record<string, readonly [(report: DataflowReport) => number, Series]>> = {
  received: [(report) => report.received, ["relay_messages_received_total"]],
  delivered: [(report) => report.delivered, ["relay_messages_delivered_total"]],
  deadLettered: [(report) => report.deadLettered, ["relay_messages_dead_lettered_total"]],
  rejected: [(report) => report.rejected, ["relay_messages_rejected_total"]],
  lost: [(report) => report.lost, ["relay_messages_lost_total"]],
  "lostByReason.undeliverable": [
    (report) => report.lostByReason["undeliverable"] ?? 0,
    ["relay_messages_lost_total", { reason: "undeliverable" }],
  ],
  "source.disconnects": [(report) => report.source.disconnects, ["relay_disconnects_total", { side: "source" }]],
  "destination.disconnects": [
    (report) => report.destination.disconnects,
    ["relay_disconnects_total", { side: "destination" }],
  ],
};

/** What goes up and down. */
const gauges: typeof counters = {
  waiting: [(report) => report.waiting, ["relay_messages_waiting"]],
  inFlight: [(report) => report.inFlight, ["relay_messages_in_flight"]],
  heldBytes: [(report) => report.heldBytes, ["relay_memory_held_bytes"]],
  "onDisk.messages": [(report) => report.onDisk.messages, ["relay_spool_messages"]],
  "onDisk.bytes": [(report) => report.onDisk.bytes, ["relay_spool_bytes"]],
  "onDisk.takenBytes": [(report) => report.onDisk.takenBytes, ["relay_spool_taken_bytes"]],
  "onDisk.maxBytes": [(report) => report.onDisk.maxBytes ?? 0, ["relay_spool_limit_bytes"]],
  "source.state": [(report) => Number(report.source.state === "up"), ["relay_connection_up", { side: "source" }]],
  "destination.state": [
    (report) => Number(report.destination.state === "up"),
    ["relay_connection_up", { side: "destination" }],
  ],
};

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  async function prepare() {
    const folder = createTemporaryFolder("numbers");
    const startBroker = (side: string) =>
      startMosquitto(executable, path.join(folder, side), { listeners: { mqtt: {} } });
    const [source, destination] = [await startBroker("source"), await startBroker("destination")];
    const relaySettings = { spool: { mode: "Enabled" }, undeliverableMessages: "Discard" } as const;
    const config = buildConfig({
      endpoints: { source: plainEndpoint(source.ports.mqtt), destination: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        // A message whose topic has no third level can't be delivered.
        flow: buildDataflow(["source", ["in/#"]], ["destination", "out/${inputTopic.3}"], { relay: relaySettings }),
      },
    });
    const pagePort = await findFreePort();
    const relay = await startRelay({ folder, config, pagePort });
    await relay.untilReady();
    const publisher = await connectMqttClient({ port: source.ports.mqtt });
    return { relay, publisher, destination, pagePort };
  }

  const readPage = async (port: number, table: typeof counters): Promise<Numbers> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/status`);
    return numbersOf((await answer.json()) as StatusDocument, table);
  };

  const readCommand = async (port: number, table: typeof counters): Promise<Numbers> => {
    const { code, output, errors } = await runCommand(["status", "--json", "--port", String(port)]);
    if (output === "") throw new Error(`status ended with ${String(code)}: ${errors}`);
    return numbersOf(JSON.parse(output) as StatusDocument, table);
  };

  function numbersOf({ dataflows: [report] }: StatusDocument, table: typeof counters): Numbers {
    if (report === undefined) throw new Error("the status names no dataflow");
    return Object.fromEntries(Object.entries(table).map(([name, [read]]) => [name, read(report)]));
  }

  async function readExposition(relay: RelayProcess, table: typeof counters): Promise<Numbers> {
    const read: Record<string, number> = {};
    for (const [name, [, [metric, labels]]] of Object.entries(table)) {
      const series = { dataflow: "flow", ...labels };
      read[name] = await relay.metric(metric, series);
    }
    return read;
  }

  async function publishMany(publisher: MqttClient, topic: string, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => publisher.publishAsync(topic, "x", { qos: 1 })));
  }

  test("page, command and exposition show the same numbers once the traffic rests", async () => {
    const { relay, publisher, destination, pagePort } = await prepare();
    await publishMany(publisher, "in/a/b", 30);
    await publishMany(publisher, "in/a", 3);
    await relay.untilMetric("relay_messages_delivered_total", (value) => value === 30);
    await destination.stop();
    await relay.untilUnready(/./);
    await publishMany(publisher, "in/a/b", 12);
    await relay.untilMetric("relay_spool_messages", (value) => value === 12);

    const all = { ...counters, ...gauges };
    const exposition = await readExposition(relay, all);

    expect(await readPage(pagePort, all)).toEqual(exposition);
    expect(await readCommand(pagePort, all)).toEqual(exposition);
    expect(exposition).toMatchObject({
      received: 45,
      delivered: 30,
      lost: 3,
      "lostByReason.undeliverable": 3,
      "onDisk.messages": 12,
      "source.state": 1,
      "destination.state": 0,
      "destination.disconnects": 1,
    });
  });

  test("while messages flow, none of the three goes back behind what another has shown", async () => {
    const { relay, publisher, pagePort } = await prepare();
    const traffic = new AbortController();
    const flowing = (async () => {
      while (!traffic.signal.aborted) {
        await publishMany(publisher, "in/a/b", 20);
        await publishMany(publisher, "in/a", 1);
        await delay(10);
      }
    })();

    const shown = [
      await readExposition(relay, counters),
      await readPage(pagePort, counters),
      await readCommand(pagePort, counters),
      await readPage(pagePort, counters),
      await readExposition(relay, counters),
    ];
    traffic.abort();
    await flowing;

    for (const name of Object.keys(counters)) {
      const values = shown.map((numbers) => numbers[name]);
      expect({ name, values }).toEqual({ name, values: values.toSorted((a = 0, b = 0) => a - b) });
    }
    expect(shown.at(-1)?.["received"]).toBeGreaterThan(shown[0]?.["received"] ?? Infinity);
    expect(shown.at(-1)?.["lost"]).toBeGreaterThan(0);
  });
});
