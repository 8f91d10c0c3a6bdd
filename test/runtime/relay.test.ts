import { setImmediate } from "node:timers/promises";

import { createLog } from "../../runtime/report/log.ts";
import { Relay } from "../../runtime/relay.ts";
import { buildDocument, parseDocument } from "./contract/config/build-document.ts";
import { ScriptedListener, settle, type ScriptedBroker } from "./mqtt/scripted-broker.ts";
import { nowhere } from "../support/relay-config.ts";

interface Bench {
  readonly relay: Relay;
  readonly source: ScriptedListener;
  readonly destination: ScriptedListener;
  readonly running: Promise<boolean>;
  readonly lines: Record<string, unknown>[];
}

const benches: Bench[] = [];

afterEach(async () => {
  for (const { relay, running, source, destination } of benches.splice(0)) {
    source.close();
    destination.close();
    await relay.stop();
    await running;
  }
});

/** The dataflow of the document under another name, or switched off. */
function dataflow(change: object = {}): object {
  const { dataflows } = buildDocument() as { dataflows: { upward: object } };
  return { ...dataflows.upward, ...change };
}

/** Runs a relay between two scripted brokers; `changes` sets fields of its document by path. */
async function start(changes: Readonly<Record<string, unknown>> = {}): Promise<Bench> {
  const source = await ScriptedListener.open();
  const destination = await ScriptedListener.open();
  const mqttSettings = { authentication: { method: "Anonymous" }, tls: { mode: "Disabled" } };
  const { config } = parseDocument(
    buildDocument({
      "endpoints.edge.mqttSettings": { ...mqttSettings, host: source.host },
      "endpoints.cloud.mqttSettings": { ...mqttSettings, host: "cloud.example:1883" },
      relay: { reconnect: { minDelayMs: 10, maxDelayMs: 10 }, drainTimeoutSeconds: 1 },
      ...changes,
    }),
  );
  const lines: Record<string, unknown>[] = [];
  const [hostname = "", port = ""] = destination.host.split(":");
  const relay = new Relay(config, {
    ordinal: 0,
    spoolPath: nowhere,
    connectTo: new Map([["cloud.example:1883", { hostname, port: Number(port) }]]),
    log: createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
  });
  const bench = { relay, source, destination, running: relay.run(), lines };
  benches.push(bench);
  return bench;
}

async function connectBoth(bench: Bench): Promise<{ source: ScriptedBroker; destination: ScriptedBroker }> {
  const destination = await bench.destination.next();
  await destination.accept();
  const source = await bench.source.next();
  await source.accept();
  await source.grant();
  while (!bench.relay.readiness.isReady) await settle();
  return { source, destination };
}

/** A message comes that can't be delivered, where none may be given up: its dataflow stops for good. */
async function refuseMessage(source: ScriptedBroker, destination: ScriptedBroker): Promise<void> {
  source.send({ cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false, topic: "a/b", payload: "x" });
  const { messageId = 0 } = await destination.next("publish");
  destination.send({ cmd: "puback", messageId, reasonCode: 0x90 });
}

describe("readiness", () => {
  test("names each end that is not up", async () => {
    const { relay } = await start();

    expect(relay.readiness).toEqual({
      isReady: false,
      reasons: ["upward: source is connecting", "upward: destination is connecting"],
    });
  });

  test("is there once both ends of every dataflow are up", async () => {
    const bench = await start();

    await connectBoth(bench);

    expect(bench.relay.readiness).toEqual({ isReady: true, reasons: [] });
  });

  test("says why an end is down", async () => {
    const { relay, destination } = await start();
    await (await destination.next()).accept({ reasonCode: 0x88 });
    while (relay.readiness.reasons.some((reason) => reason.includes("destination is connecting"))) await settle();

    expect(relay.readiness.reasons).toContain(
      "upward: destination is down, destination cloud (cloud.example:1883) refused the connection: 0x88 Server unavailable",
    );
  });

  test("names each filter that the source refuses while others deliver", async () => {
    const bench = await start({ "dataflows.upward.operations.0.sourceSettings.dataSources": ["a/#", "b/#"] });
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept();
    await source.grant();
    await source.grant([0x97]);
    while (bench.relay.readiness.reasons.some((reason) => reason.includes("source is connecting"))) await settle();

    expect(bench.relay.readiness).toEqual({
      isReady: false,
      reasons: [
        'upward: source refuses the filter "b/#": 0x97 Quota exceeded; check the broker\'s quotas, such as sessions per authentication name',
      ],
    });
  });

  test("says why a dataflow has stopped", async () => {
    const bench = await start();
    const { source, destination } = await connectBoth(bench);

    await refuseMessage(source, destination);
    await bench.running;

    expect(bench.relay.readiness.isReady).toBe(false);
    expect(bench.relay.readiness.reasons).toEqual([
      expect.stringMatching(/^upward: stopped, a message with topic .*Topic Name invalid/),
    ]);
  });

  test("says of a session that was taken over why it waits, and what to do", async () => {
    const bench = await start();
    const { source } = await connectBoth(bench);

    source.send({ cmd: "disconnect", reasonCode: 0x8e });
    while (bench.relay.readiness.isReady) await settle();

    expect(bench.relay.readiness.reasons).toEqual([
      expect.stringMatching(/^upward: source is down, source edge .*Session taken over; find the other client/),
    ]);
  });

  test("ends with the order to stop", async () => {
    const bench = await start();
    await connectBoth(bench);

    const stopped = bench.relay.stop();

    expect(bench.relay.readiness).toEqual({ isReady: false, reasons: [] });
    await stopped;
  });
});

describe("run", () => {
  test("ends with true when it was told to stop", async () => {
    const bench = await start();
    await connectBoth(bench);

    await bench.relay.stop();

    expect(await bench.running).toBe(true);
    expect(bench.lines.map(({ msg }) => msg).slice(-3)).toContain("drained");
  });

  test("ends with false when no dataflow is left that can run", async () => {
    const bench = await start();
    const { source, destination } = await connectBoth(bench);

    await refuseMessage(source, destination);

    expect(await bench.running).toBe(false);
  });

  test("goes on while another dataflow runs", async () => {
    const other = dataflow({
      operations: [
        { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["b"] } },
        { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "c" } },
      ],
    });
    const bench = await start({ "dataflows.other": other });
    let hasEnded = false;
    void bench.running.then(() => (hasEnded = true));
    const [first, second] = [await bench.destination.next(), await bench.destination.next()];

    await first.accept();
    await second.accept();
    const source = await bench.source.next();
    await source.accept();
    await source.grant();
    source.send({ cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false, topic: "b", payload: "x" });
    for (const destination of [first, second]) {
      void destination.next("publish").then(
        ({ messageId = 0 }) => {
          destination.send({ cmd: "puback", messageId, reasonCode: 0x90 });
        },
        () => undefined,
      );
    }
    while (bench.relay.dataflows.every(({ status }) => status.failure === undefined)) await settle();

    expect(hasEnded).toBe(false);
    expect(bench.relay.dataflows.filter(({ status }) => status.failure !== undefined)).toHaveLength(1);
  });

  test("leaves out what is disabled", async () => {
    const { relay } = await start({ "dataflows.off": dataflow({ mode: "Disabled" }) });

    expect(relay.dataflows.map(({ name }) => name)).toEqual(["upward"]);
  });

  test("waits to be told to stop when every dataflow is disabled", async () => {
    const { relay, running } = await start({ "dataflows.upward": dataflow({ mode: "Disabled" }) });

    expect(await Promise.race([running, setImmediate("still running")])).toBe("still running");
    await relay.stop();

    expect(await running).toBe(true);
  });
});

describe("stop", () => {
  test("may be asked for more than once", async () => {
    const bench = await start();
    const { source } = await connectBoth(bench);

    await Promise.all([bench.relay.stop(), bench.relay.stop()]);
    await source.ended;

    expect(source.commands().filter((cmd) => cmd === "disconnect")).toHaveLength(1);
  });

  test("says how many messages it leaves with their source after the drain time-out", async () => {
    const bench = await start();
    const { source, destination } = await connectBoth(bench);
    source.send({
      cmd: "publish",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
      topic: "plant/a/telemetry",
      payload: "",
    });
    await destination.next("publish");

    await bench.relay.stop();

    expect(bench.lines).toContainEqual(
      expect.objectContaining({ level: "warn", messages: 1, msg: expect.stringContaining("not acknowledged") }),
    );
    expect(source.commands()).not.toContain("puback");
  });
});

test("connects elsewhere only where it was told to, under the name that it was given", async () => {
  const bench = await start();

  await connectBoth(bench);

  const connected = bench.lines.filter(({ msg }) => msg === "connected").map(({ host }) => host);
  expect(new Set(connected)).toEqual(new Set([bench.source.host, "cloud.example:1883"]));
});
