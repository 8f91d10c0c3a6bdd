import { subscribeAll } from "../../../runtime/connection/subscribe.ts";
import { readLimits } from "../../../runtime/mqtt/connect.ts";
import { Connection } from "../../../runtime/mqtt/connection.ts";
import { connack, connectInMemory, settle, type ScriptedBroker } from "../mqtt/scripted-broker.ts";

const peer = "source edge (broker.example:8883)";
const limits = readLimits(connack());
const connections: Connection[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.destroy("the test has ended");
});

async function open(): Promise<{ connection: Connection; broker: ScriptedBroker }> {
  const { client, broker } = connectInMemory();
  const options = {
    peer,
    clientId: "c",
    cleanStart: false,
    sessionExpirySeconds: 60,
    keepAliveSeconds: 0,
    receiveMaximum: 10,
    timeoutMs: 10_000,
  };
  const ignore = () => undefined;
  const connection = new Connection(client, options, {
    onConnected: ignore,
    onPublish: ignore,
    onPuback: ignore,
    onClosed: ignore,
  });
  connections.push(connection);
  await broker.accept();
  await settle();
  return { connection, broker };
}

function request(filters: string[], qos: 0 | 1 = 1) {
  return { filters, qos, peer, endpoint: "edge" };
}

describe("subscribeAll", () => {
  test("asks for ten filters at a time, as many as the strictest broker takes", async () => {
    const { connection, broker } = await open();
    const filters = Array.from({ length: 23 }, (_, index) => `a/${index}`);

    const done = subscribeAll(connection, limits, request(filters));
    const asked = [await broker.grant(), await broker.grant(), await broker.grant()];
    await done;

    expect(asked.map(({ subscriptions }) => subscriptions.length)).toEqual([10, 10, 3]);
    expect(asked.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic))).toEqual(filters);
  });

  test.each([0, 1] as const)("asks for QoS %d and takes it", async (qos) => {
    const { connection, broker } = await open();

    const done = subscribeAll(connection, limits, request(["a"], qos));
    const { subscriptions } = await broker.grant();

    expect(subscriptions).toMatchObject([{ topic: "a", qos }]);
    await expect(done).resolves.toBeUndefined();
  });

  test("takes a lower QoS than it asked for as the end: the broker would keep nothing, and say so nowhere else", async () => {
    const { connection, broker } = await open();

    const done = subscribeAll(connection, limits, request(["a", "b"]));
    await broker.grant([1, 0]);

    await expect(done).rejects.toMatchObject({
      message: `${peer} granted QoS 0 for "b" where 1 was asked for; set endpoints.edge.mqttSettings.qos to 0 if at most once is enough`,
      retry: "slowly",
    });
  });

  test.each([
    [
      0x87,
      "0x87 Not authorized; check the credentials and the role assignment or permission; a new one takes minutes to arrive",
      "soon",
    ],
    [0x97, "0x97 Quota exceeded; check the broker's quotas, such as sessions per authentication name", "soon"],
    [0x80, "0x80 Unspecified error", "soon"],
    [0x03, "0x03 unknown reason code", "slowly"],
    [0x11, "0x11 No subscription existed", "slowly"],
    [0x92, "0x92 unknown reason code", "soon"],
    [0x8f, "0x8f Topic Filter invalid; change dataSources", "slowly"],
    [0x9e, "0x9e Shared Subscriptions not supported; set instanceCount to 1", "slowly"],
    [0xa2, "0xa2 Wildcard Subscriptions not supported; list topics without wildcards", "slowly"],
  ])("says which filter was refused with code %d, and why", async (reasonCode, text, retry) => {
    const { connection, broker } = await open();

    const done = subscribeAll(connection, limits, request(["a", "b/#"]));
    await broker.grant([1, reasonCode]);

    await expect(done).rejects.toMatchObject({
      message: `${peer} refused the topic filter "b/#": ${text}`,
      reasonCode,
      retry,
    });
  });

  test("asks again when the SUBACK leaves a filter out", async () => {
    const { connection, broker } = await open();

    const done = subscribeAll(connection, limits, request(["a", "b"]));
    await broker.grant([1]);

    await expect(done).rejects.toMatchObject({ message: `${peer} left out "b" in its SUBACK`, retry: "soon" });
  });

  test("does not ask a broker for shared subscriptions that has none", async () => {
    const { connection, broker } = await open();
    const without = readLimits(connack({ properties: { sharedSubscriptionAvailable: false } }));

    await expect(subscribeAll(connection, without, request(["$share/g/a"]))).rejects.toMatchObject({
      message: `${peer} has no shared subscriptions; set profile.instanceCount to 1`,
      retry: "slowly",
    });
    expect(broker.commands()).toEqual(["connect"]);
  });

  test("asks such a broker for filters that are not shared", async () => {
    const { connection, broker } = await open();
    const without = readLimits(connack({ properties: { sharedSubscriptionAvailable: false } }));

    const done = subscribeAll(connection, without, request(["a"]));
    await broker.grant();

    await expect(done).resolves.toBeUndefined();
  });
});
