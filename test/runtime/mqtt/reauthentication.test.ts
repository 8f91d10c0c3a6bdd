import type { Duplex } from "node:stream";

import { ConnectionError } from "../../../runtime/contract/errors.ts";
import type { ConnectOptions } from "../../../runtime/mqtt/connect.ts";
import { Connection } from "../../../runtime/mqtt/connection.ts";
import { connectInMemory, settle, type ScriptedBroker } from "./scripted-broker.ts";

const peer = "destination cloud (broker.example:8883)";
const streams: Duplex[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.destroy();
});

/** @param change an empty method leaves it out */
async function open(change: Partial<ConnectOptions> = {}): Promise<{
  connection: Connection;
  broker: ScriptedBroker;
  closed: Promise<ConnectionError | undefined>;
  /** Topics of the messages that were handed over. */
  published: string[];
}> {
  const { authenticationMethod: method = "OAUTH2-JWT", ...rest } = change;
  const { client, broker } = connectInMemory();
  streams.push(client);
  const published: string[] = [];
  let onClosed: (error: ConnectionError | undefined) => void = () => undefined;
  const closed = new Promise<ConnectionError | undefined>((resolve) => (onClosed = resolve));
  const connection = new Connection(
    client,
    {
      peer,
      clientId: "c1",
      cleanStart: false,
      sessionExpirySeconds: 3600,
      keepAliveSeconds: 60,
      receiveMaximum: 100,
      timeoutMs: 10_000,
      ...(method === "" ? {} : { authenticationMethod: method, authenticationData: Buffer.from("first") }),
      ...rest,
    },
    {
      onConnected: () => undefined,
      onPublish: ({ topic }) => published.push(topic),
      roomFor: () => undefined,
      onPassedOver: () => undefined,
      onPuback: () => undefined,
      onClosed,
    },
  );
  await broker.accept();
  await settle();
  return { connection, broker, closed, published };
}

const token = Buffer.from("second");

describe("re-authentication", () => {
  test("sends AUTH 0x19 with the method of CONNECT, and is done when the server says so", async () => {
    const { connection, broker } = await open();

    const done = connection.reauthenticate(token);
    const auth = await broker.next("auth");
    broker.send({ cmd: "auth", reasonCode: 0, properties: { authenticationMethod: "OAUTH2-JWT" } });
    await done;

    expect(auth).toMatchObject({
      reasonCode: 0x19,
      properties: { authenticationMethod: "OAUTH2-JWT", authenticationData: token },
    });
    expect(connection.isOpen).toBe(true);
  });

  test("takes an AUTH of two bytes for a success", async () => {
    const { connection, broker } = await open();

    const done = connection.reauthenticate(token);
    await broker.next("auth");
    broker.sendBytes(Buffer.from([0xf0, 0x00]));

    await expect(done).resolves.toBeUndefined();
  });

  test("can be done again and again", async () => {
    const { connection, broker } = await open();

    for (const data of ["second", "third"]) {
      const done = connection.reauthenticate(Buffer.from(data));
      expect((await broker.next("auth")).properties?.authenticationData?.toString()).toBe(data);
      broker.send({ cmd: "auth", reasonCode: 0 });
      await done;
    }
  });

  test("that asks for another step fails, and leaves the connection open", async () => {
    const { connection, broker } = await open();

    const done = connection.reauthenticate(token);
    await broker.next("auth");
    broker.send({ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "OAUTH2-JWT" } });

    await expect(done).rejects.toEqual(
      new ConnectionError(`${peer} answered AUTH with another step, which no method here has`, { retry: "soon" }),
    );
    expect(connection.isOpen).toBe(true);
  });

  test("that is refused ends with the connection, which says the reason and can be retried", async () => {
    const { connection, broker, closed } = await open();

    const done = connection.reauthenticate(token);
    await broker.next("auth");
    broker.send({ cmd: "disconnect", reasonCode: 0x87 });

    await expect(done).rejects.toThrow(`${peer} ended the connection before it answered AUTH`);
    expect(await closed).toMatchObject({
      retry: "soon",
      message: expect.stringContaining("ended the connection: 0x87"),
    });
  });

  test.each([
    ["the newer token", "opaque-newer"],
    ["the one before it, which may be valid still", "opaque-older"],
  ])("does not repeat %s when the server does", async (_what, secret) => {
    const { connection, broker, closed } = await open();
    for (const shown of ["opaque-older", "opaque-newer"]) {
      const done = connection.reauthenticate(Buffer.from(shown));
      await broker.next("auth");
      broker.send({ cmd: "auth", reasonCode: 0 });
      await done;
    }

    broker.send({ cmd: "disconnect", reasonCode: 0x87, properties: { reasonString: `${secret} has expired` } });

    expect((await closed)?.message).toContain('0x87 Not authorized ("… has expired")');
  });

  test("that stays unanswered fails, and leaves the connection open", async () => {
    const { connection } = await open({ timeoutMs: 30 });

    await expect(connection.reauthenticate(token)).rejects.toThrow(`${peer} did not answer AUTH within 30 ms`);
    expect(connection.isOpen).toBe(true);
  });

  test("waits for its answer while nothing is read", async () => {
    const { connection, broker } = await open({ timeoutMs: 30 });
    connection.setPaused(true);

    const done = connection.reauthenticate(token);
    await broker.next("auth");
    broker.send({ cmd: "auth", reasonCode: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    connection.setPaused(false);

    await expect(done).resolves.toBeUndefined();
  });

  test("goes one at a time", async () => {
    const { connection } = await open();
    connection.reauthenticate(token).catch(() => undefined);

    await expect(connection.reauthenticate(token)).rejects.toThrow(`${peer} can't be shown another token now`);
  });

  test("is refused on a connection that was opened without a method", async () => {
    const { connection } = await open({ authenticationMethod: "" });

    await expect(connection.reauthenticate(token)).rejects.toThrow("can't be shown another token now");
  });

  test("is refused on a connection that has ended", async () => {
    const { connection } = await open();
    connection.close();

    await expect(connection.reauthenticate(token)).rejects.toThrow("can't be shown another token now");
  });

  test.each([
    [
      "a success",
      { reasonCode: 0, properties: { authenticationMethod: "OAUTH2-JWT" } },
      "AUTH, which nobody waits for",
    ],
    [
      "a step",
      { reasonCode: 0x18, properties: { authenticationMethod: "OAUTH2-JWT" } },
      "AUTH, which nobody waits for",
    ],
    [
      "an order to re-authenticate",
      { reasonCode: 0x19, properties: { authenticationMethod: "OAUTH2-JWT" } },
      "an AUTH with reason code 25, which no server sends",
    ],
  ])("%s that nobody waits for ends the connection", async (_case, auth, text) => {
    const { broker, closed } = await open();

    broker.send({ cmd: "auth", ...auth });

    expect(await closed).toMatchObject({
      retry: "slowly",
      message: expect.stringContaining(`the server sent ${text}`),
    });
    expect(await broker.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
  });

  test("is answered once: a second answer ends the connection", async () => {
    const { connection, broker, closed } = await open();
    const done = connection.reauthenticate(token);
    await broker.next("auth");

    broker.sendBytes(Buffer.from("f000f000", "hex"));

    await expect(done).resolves.toBeUndefined();
    expect((await closed)?.message).toContain("the server sent AUTH, which nobody waits for");
  });

  test("ends the connection at an answer with another method", async () => {
    const { connection, broker, closed } = await open();
    const done = connection.reauthenticate(token);
    await broker.next("auth");

    broker.send({ cmd: "auth", reasonCode: 0, properties: { authenticationMethod: "SCRAM" } });

    await expect(done).rejects.toThrow("ended the connection before it answered AUTH");
    expect((await closed)?.message).toContain("the server sent AUTH with another authentication method");
  });
});
