import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";

import { readFields } from "../../../components/stack-settings.ts";
import { openCredentialFolder } from "../../../cli/emulate/folder.ts";
import { emulationSchema } from "../../../cli/emulate/schema.ts";
import { startEmulation, type Emulation } from "../../../cli/emulate/start.ts";

type Faults = Readonly<Record<string, unknown>>;

function parse(faults: Faults, limits: Faults = {}) {
  const read = readFields(emulationSchema, {
    version: 1,
    profile: "plain",
    anonymousAllowed: true,
    clients: {},
    faults,
    limits,
  });
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const folder = openCredentialFolder(undefined);
const emulations: Emulation[] = [];
const clients: MqttClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true);
  await Promise.all(emulations.splice(0).map((emulation) => emulation.close()));
});
afterAll(() => {
  folder.close();
});

async function start(faults: Faults): Promise<Emulation> {
  const file = parse(faults);
  const emulation = await startEmulation({ file, host: "127.0.0.1", port: 0, folder, onEvent: () => undefined });
  emulations.push(emulation);
  return emulation;
}

async function connect({ settings: { port } }: Emulation, clientId = "a"): Promise<MqttClient> {
  const url = `mqtt://127.0.0.1:${port}`;
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, clientId, reconnectPeriod: 0 }, false);
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

/** The reason codes that publishing brings, one after the other. */
async function publish(client: MqttClient, count: number): Promise<number[]> {
  const codes: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const code = await client.publishAsync("a/b", "x", { qos: 1 }).then(
      (packet) => (packet as IPublishPacket & { reasonCode?: number }).reasonCode ?? 0,
      (error: unknown) => (error as { code: number }).code,
    );
    codes.push(code);
  }
  return codes.map((code) => (code === 0x10 ? 0 : code));
}

test("refuses every third PUBLISH, with the reason code of the file", async () => {
  const client = await connect(await start({ refusePublishes: { everyNth: 3, reasonCode: "payloadFormatInvalid" } }));

  expect(await publish(client, 7)).toEqual([0, 0, 0x99, 0, 0, 0x99, 0]);
});

test("refuses every PUBLISH of one client, and none of another", async () => {
  const emulation = await start({ refusePublishes: { clientId: "a" } });

  expect(await publish(await connect(emulation, "a"), 2)).toEqual([0x97, 0x97]);
  expect(await publish(await connect(emulation, "b"), 2)).toEqual([0, 0]);
});

test("ends a connection after as many messages as the file says, with the PUBACK of the last", async () => {
  const client = await connect(await start({ disconnectAfter: { messages: 2 } }));
  const closed = new Promise((resolve) => client.once("disconnect", resolve));

  expect(await publish(client, 2)).toEqual([0, 0]);
  expect(await closed).toMatchObject({ reasonCode: 0x98 });
});

test("refuses as many connections as the file says", async () => {
  const emulation = await start({ refuseConnections: { times: 1, reasonCode: "serverBusy" } });

  await expect(connect(emulation)).rejects.toMatchObject({ code: 0x89 });
  await expect(connect(emulation)).resolves.toBeDefined();
});

test("each byte comes later by the latency, in each direction", async () => {
  const client = await connect(await start({ latencyMs: 150 }));
  const before = performance.now();

  await publish(client, 1);

  expect(performance.now() - before).toBeGreaterThanOrEqual(290);
});

test("takes other faults and limits while clients are connected", async () => {
  const emulation = await start({ refusePublishes: {} });
  const client = await connect(emulation);
  const before = await publish(client, 1);

  emulation.setFaults(parse({}, { retainAvailable: false }));

  expect([before, await publish(client, 1)]).toEqual([[0x97], [0]]);
  const packets: unknown[] = [];
  const next = mqtt.connect(`mqtt://127.0.0.1:${emulation.settings.port}`, { protocolVersion: 5, reconnectPeriod: 0 });
  clients.push(next);
  await new Promise<void>((resolve) => {
    next.once("connect", (packet) => {
      packets.push(packet.properties);
      resolve();
    });
  });
  expect(packets).toEqual([expect.objectContaining({ retainAvailable: false })]);
});
