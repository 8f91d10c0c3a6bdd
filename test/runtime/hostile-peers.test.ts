import { hostileScripts, type HostileScript } from "../support/hostile-scripts.ts";
import { end, endDataflows, publish, start, startConnected, until, type Bench } from "./dataflow-bench.ts";
import { encode, type ScriptedBroker } from "./mqtt/scripted-broker.ts";

type Healthy = Awaited<ReturnType<typeof startConnected>>;
type SideName = "source" | "destination";

/** A dataflow in the same process, whose brokers behave. */
let healthy: Healthy;
let sent = 0;

beforeAll(async () => {
  healthy = await startConnected();
});
afterAll(endDataflows);

/** A message of the other dataflow arrives and is acknowledged. */
async function expectOthersFlow(): Promise<void> {
  const { source, destination } = healthy.brokers;
  const payload = `healthy ${++sent}`;
  publish(source, 1, { payload });
  const { messageId = 0, ...forwarded } = await destination.next("publish");
  expect(forwarded.payload.toString()).toBe(payload);
  destination.send({ cmd: "puback", messageId });
  await source.next("puback");
}

/** The hostile broker's end of a connection at which its script is due. */
async function reachScript(
  side: SideName,
  when: HostileScript["when"],
): Promise<{ bench: Bench; broker: ScriptedBroker }> {
  if (when === "connected") {
    const bench = await startConnected();
    return { bench, broker: bench.brokers[side] };
  }
  const bench = await start();
  if (side === "source") await (await bench.destination.next()).accept();
  const broker = await bench[side].next();
  await broker.next("connect");
  return { bench, broker };
}

describe.each(["source", "destination"] as const)(
  "a hostile %s ends its own connection, and nothing else, with",
  (side) => {
    test.each(hostileScripts)("$name", async ({ when, bytes, code }) => {
      const { bench, broker } = await reachScript(side, when);

      broker.sendBytes(bytes);
      await Promise.all([broker.ended, expectOthersFlow()]);

      const disconnects = broker.received.flatMap((packet) => (packet.cmd === "disconnect" ? [packet.reasonCode] : []));
      expect(disconnects).toEqual(code === undefined ? [] : [code]);
      await until(() => bench.dataflow.status[side].kind === "down");
      expect(bench.dataflow.status.failure).toBeUndefined();
      expect(bench.lines.filter(({ msg }) => String(msg).includes("fault of the relay"))).toEqual([]);
      await end(bench);
    });
  },
);

test("there are 200 scripts at least, each with a name of its own", () => {
  expect(new Set(hostileScripts.map(({ name }) => name)).size).toBe(hostileScripts.length);
  expect(hostileScripts.length).toBeGreaterThanOrEqual(200);
});

test("a Session Present for a CONNECT with Clean Start ends the connection", async () => {
  const { bench, broker } = await reachScript("destination", "first");

  broker.send({ cmd: "connack", reasonCode: 0, sessionPresent: true });

  expect(await broker.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
  await expectOthersFlow();
  await end(bench);
});

const floodBytes = 4_000_000;

function flood(unit: Buffer): Buffer {
  return Buffer.alloc(floodBytes - (floodBytes % unit.length), unit);
}

/** What the process may grow by: the flood itself is in it, and what the sockets hold. */
const mostGrowthBytes = 100_000_000;

describe("a flood of 4 MB", () => {
  test.each<[string, Buffer, SideName]>([
    ["PINGRESP", Buffer.from([0xd0, 0]), "source"],
    ["PINGRESP", Buffer.from([0xd0, 0]), "destination"],
    ["SUBACK", Buffer.from([0x90, 4, 0xfd, 0xe8, 0, 1]), "source"],
    ["AUTH", Buffer.from([0xf0, 0]), "source"],
    ["PUBACK", Buffer.from([0x40, 2, 0, 9]), "destination"],
  ])("of %s that nobody waits for ends at its first packet: %#", async (_name, unit, side) => {
    const { bench, broker } = await reachScript(side, "connected");
    const before = process.memoryUsage().rss;

    broker.sendBytes(flood(unit));

    expect(await broker.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
    await expectOthersFlow();
    expect(process.memoryUsage().rss - before).toBeLessThan(mostGrowthBytes);
    await end(bench);
  });

  test.each<[string, Buffer, SideName]>([
    ["PUBACK in a kept session", Buffer.from([0x40, 2, 0, 9]), "destination"],
    [
      "PUBLISH with QoS 0",
      encode({ cmd: "publish", qos: 0, dup: false, retain: false, topic: "a", payload: "" }),
      "source",
    ],
  ])("of %s, which is allowed, lets the messages of other dataflows through", async (_name, unit, side) => {
    const bench = await startConnected();
    let broker = bench.brokers[side];
    if (side === "destination") {
      broker.stream.destroy();
      broker = await bench.destination.next();
      await broker.accept({ sessionPresent: true });
    }
    const before = process.memoryUsage().rss;

    for (let count = 0; count < 4; count++) broker.sendBytes(flood(unit));
    await expectOthersFlow();

    expect(broker.stream.writableLength).toBeGreaterThan(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(mostGrowthBytes);
    await end(bench);
  });
});
