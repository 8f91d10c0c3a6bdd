import type { Duplex } from "node:stream";

import type { Credentials, Proof } from "../../../runtime/identity/credentials.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { connectClient, type ClientOptions, type MqttClient } from "../../../runtime/report/mqtt-client.ts";
import { connack, connectInMemory, encode, settle, type ScriptedBroker } from "../mqtt/scripted-broker.ts";

const clients: MqttClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.end(true);
});

interface Attempt {
  readonly broker: ScriptedBroker;
  readonly stream: Duplex;
  readonly connecting: Promise<MqttClient>;
}

/** Starts to connect to a broker that waits to be told what to say. */
function begin(change: Partial<ClientOptions> = {}): Attempt {
  const { client: stream, broker } = connectInMemory();
  const credentials: Credentials = { proof: {} };
  const connecting = connectClient(stream, {
    peer: "status cloud (broker.example:8883)",
    clientId: "oslo-relay-0-status",
    keepAliveSeconds: 60,
    credentials,
    timeoutMs: 5000,
    ...change,
  });
  connecting.catch(() => undefined); // a test that looks at the broker first still awaits it
  return { broker, stream, connecting };
}

/** Resolves when a client is closed; `once` of node:events would reject with its errors instead. */
async function closing(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve) => {
    client.once("close", () => {
      resolve();
    });
  });
}

/** Connects to a broker that accepts. */
async function connectAccepted(change: Partial<ClientOptions> = {}) {
  const { broker, stream, connecting } = begin(change);
  const connect = await broker.accept();
  const client = await connecting;
  clients.push(client);
  return { broker, stream, client, connect };
}

describe("CONNECT", () => {
  test("speaks MQTT 5 as the client it was given, and leaves no session behind", async () => {
    const { connect } = await connectAccepted({ keepAliveSeconds: 17 });

    expect(connect).toMatchObject({ protocolVersion: 5, clientId: "oslo-relay-0-status", keepalive: 17, clean: true });
    expect(connect.properties?.sessionExpiryInterval ?? 0).toBe(0);
  });

  test.each<[string, Proof, object]>([
    ["nothing", {}, {}],
    [
      "a token by enhanced authentication",
      { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("a.b.c") },
      { properties: { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("a.b.c") } },
    ],
    ["a user name alone", { username: "device-7" }, { username: "device-7" }],
    [
      "a user name and a password that is no text",
      { username: "plant", password: Buffer.from([0, 255, 10]) },
      { username: "plant", password: Buffer.from([0, 255, 10]) },
    ],
  ])("shows %s, and nothing besides", async (_case, proof, shown) => {
    const { connect } = await connectAccepted({ credentials: { proof } });

    const { username, password, properties } = connect;
    const { authenticationMethod, authenticationData } = properties ?? {};
    const given = { username, password, properties: { authenticationMethod, authenticationData } };
    expect(given).toEqual({ username: undefined, password: undefined, properties: {}, ...shown });
  });

  test.each([true, false])("leaves a will of QoS 1 with retain %s", async (retain) => {
    const { connect } = await connectAccepted({ will: { topic: "relays/0", payload: '{"state":"gone"}', retain } });

    expect(connect.will).toMatchObject({
      topic: "relays/0",
      payload: Buffer.from('{"state":"gone"}'),
      qos: 1,
      retain,
    });
  });

  test("leaves no will where there is none", async () => {
    expect((await connectAccepted()).connect.will).toBeUndefined();
  });
});

describe("a client that is connected", () => {
  test("has published once the broker has acknowledged", async () => {
    const { broker, client } = await connectAccepted();
    let isPublished = false;
    const publishing = client.publishAsync("relays/0", "x", { qos: 1, retain: true }).then(() => (isPublished = true));

    const { messageId = 0, ...packet } = await broker.next("publish");
    await settle();
    expect(isPublished).toBe(false);
    broker.send({ cmd: "puback", messageId, reasonCode: 0 });
    await publishing;

    expect(packet).toMatchObject({ topic: "relays/0", payload: Buffer.from("x"), qos: 1, retain: true });
  });

  test("says DISCONNECT at its end, and closes the stream that it was given", async () => {
    const { broker, stream, client } = await connectAccepted();

    await client.endAsync();

    await broker.ended;
    expect(broker.commands()).toEqual(["connect", "disconnect"]);
    expect(stream.destroyed).toBe(true);
  });

  test.each<[string, (broker: ScriptedBroker) => void]>([
    ["the broker closes", (broker) => broker.stream.end()],
    ["the connection breaks", (broker) => broker.stream.destroy(new Error("reset"))],
    [
      "the broker says DISCONNECT and closes",
      (broker) => {
        broker.send({ cmd: "disconnect", reasonCode: 0x8b });
        broker.stream.end();
      },
    ],
  ])("is closed and connects no more when %s", async (_case, act) => {
    const { broker, client } = await connectAccepted();
    const closed = closing(client);

    act(broker);
    await closed;
    await settle();

    expect(client).toMatchObject({ connected: false, reconnecting: false });
    expect(broker.commands().filter((cmd) => cmd === "connect")).toHaveLength(1);
  });

  test("gives up what it was publishing when the connection ends", async () => {
    const { broker, client } = await connectAccepted();
    const publishing = client.publishAsync("relays/0", "x", { qos: 1 });
    await broker.next("publish");

    broker.stream.end();

    await expect(publishing).rejects.toThrow();
  });

  test("does not end the process with what it can't read, nor with a stream that fails", async () => {
    const { broker, stream, client } = await connectAccepted();
    const closed = closing(client);

    broker.sendBytes(Buffer.from([0x36, 0])); // PUBLISH with QoS 3
    await settle();
    stream.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    await closed;
  });
});

describe("a connection that does not come to be", () => {
  async function failureOf({ connecting }: Attempt): Promise<ConnectionError> {
    const outcome: unknown = await connecting.catch((cause: unknown) => cause);
    expect(outcome).toBeInstanceOf(ConnectionError);
    return outcome as ConnectionError;
  }

  test("is refused with the broker's reason, worth another try, and leaves no stream open", async () => {
    const attempt = begin();
    await attempt.broker.accept({ reasonCode: 0x87 });

    const error = await failureOf(attempt);

    expect(error.message).toBe(
      "status cloud (broker.example:8883) refused the connection: Connection refused: Not authorized",
    );
    expect(error).toMatchObject({ retry: "soon", cause: { code: 0x87 } });
    await settle();
    expect(attempt.stream.destroyed).toBe(true);
  });

  test("is refused where the CONNACK is one of MQTT 3.1.1, also one that accepts", async () => {
    const attempt = begin();
    await attempt.broker.next("connect");
    attempt.broker.sendBytes(Buffer.from([0x20, 2, 0, 0]));

    expect((await failureOf(attempt)).message).toContain("does not speak MQTT 5");
    await settle();
    expect(attempt.stream.destroyed).toBe(true);
  });

  test("says so where the broker closes without a word", async () => {
    const attempt = begin();
    await attempt.broker.next("connect");
    attempt.broker.stream.end();

    expect((await failureOf(attempt)).message).toMatch(
      /^status cloud \(.*\) refused the connection: the connection was/,
    );
  });

  test("is given up where no CONNACK comes in time, and leaves no stream open", async () => {
    const attempt = begin({ timeoutMs: 20 });
    await attempt.broker.next("connect");

    expect((await failureOf(attempt)).message).toMatch(/: connack timeout$/);
    await settle();
    expect(attempt.stream.destroyed).toBe(true);
  });

  test("breaks where the stream fails", async () => {
    const attempt = begin();
    await attempt.broker.next("connect");
    attempt.stream.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));

    expect((await failureOf(attempt)).message).toMatch(/: read ECONNRESET$/);
  });

  test("names no secret", async () => {
    const proof = { username: "plant", password: Buffer.from("hunter2-hunter2") };
    const attempt = begin({ credentials: { proof } });
    await attempt.broker.accept({ reasonCode: 0x86 });

    const error = await failureOf(attempt);

    expect(`${error.message}\n${JSON.stringify(error, Object.getOwnPropertyNames(error))}`).not.toContain("hunter2");
  });

  test.each<[string, Buffer]>([
    [
      "a refusal and what can't be read",
      Buffer.concat([encode(connack({ reasonCode: 0x87 })), Buffer.from([0x36, 0])]),
    ],
    ["bytes that are no CONNACK", Buffer.from([0x36, 0])],
    ["two refusals", encode(connack({ reasonCode: 0x87 }), connack({ reasonCode: 0x88 }))],
  ])("fails once, nothing else does, and no stream is left open, where %s come in one piece", async (_case, bytes) => {
    const attempt = begin();
    await attempt.broker.next("connect");
    attempt.broker.sendBytes(bytes);

    expect((await failureOf(attempt)).message).toMatch(/^status cloud \(.*\) refused the connection: \S/);
    await settle();
    expect(attempt.stream.destroyed).toBe(true);
  });
});
