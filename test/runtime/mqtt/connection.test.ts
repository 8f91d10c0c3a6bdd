import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { IConnackPacket, IPublishPacket, Packet } from "mqtt-packet";

import type { ConnectionError, Retry } from "../../../runtime/contract/errors.ts";
import type { ConnectOptions, ServerLimits } from "../../../runtime/mqtt/connect.ts";
import { Connection } from "../../../runtime/mqtt/connection.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { openStream } from "../../../runtime/transport/open-stream.ts";
import { patientMs } from "../../support/patience.ts";
import { connack, connectInMemory, encode, ScriptedListener, settle, type ScriptedBroker } from "./scripted-broker.ts";

const peer = "source edge (broker.example:8883)";
const earlyEndHint = " before CONNACK; see the broker's log: it may refuse the client certificate, or want TLS";

const options: ConnectOptions = {
  peer,
  clientId: "c1",
  cleanStart: false,
  sessionExpirySeconds: 3600,
  keepAliveSeconds: 60,
  receiveMaximum: 100,
  timeoutMs: 10_000,
};

interface Opened {
  readonly connection: Connection;
  readonly broker: ScriptedBroker;
  readonly client: Duplex;
  /** What was reported, in order. */
  readonly events: string[];
  readonly limits: ServerLimits[];
  readonly onMalformed: jest.Mock;
  /** Settles with what ended the connection. */
  readonly closed: Promise<ConnectionError | undefined>;
}

const streams: Duplex[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.destroy();
});

function open(change: Partial<ConnectOptions> = {}): Opened {
  const { client, broker } = connectInMemory();
  return { broker, ...openOn(client, change) };
}

function openOn(client: Duplex, change: Partial<ConnectOptions> = {}): Omit<Opened, "broker"> {
  const events: string[] = [];
  const limits: ServerLimits[] = [];
  const onMalformed = jest.fn(() => false);
  let onClosed: (error: ConnectionError | undefined) => void = () => undefined;
  const closed = new Promise<ConnectionError | undefined>((resolve) => (onClosed = resolve));
  const connection = new Connection(
    client,
    { ...options, ...change },
    {
      onConnected: (_connection, announced) => {
        events.push("connected");
        limits.push(announced);
      },
      onPublish: (view) => events.push(`PUBLISH ${view.topic}`),
      roomFor: () => undefined,
      onPassedOver: () => undefined,
      onMalformed,
      onPuback: (packetId, reasonCode) => events.push(`PUBACK ${packetId} ${reasonCode}`),
      onClosed: (error) => {
        events.push("closed");
        onClosed(error);
      },
    },
  );
  streams.push(client);
  return { connection, client, events, limits, onMalformed, closed };
}

async function openAccepted(
  packet: Partial<IConnackPacket> = {},
  change: Partial<ConnectOptions> = {},
): Promise<Opened> {
  const opened = open(change);
  await opened.broker.accept(packet);
  await settle();
  return opened;
}

function publish(topic: string, messageId = 1): IPublishPacket {
  return { cmd: "publish", qos: 1, messageId, dup: false, retain: false, topic, payload: "x" };
}

describe("a new connection", () => {
  test("sends CONNECT and reports what CONNACK announces", async () => {
    const { broker, events, limits, connection } = open();

    const connect = await broker.accept({ sessionPresent: true, properties: { receiveMaximum: 7 } });
    await settle();

    expect(connect).toMatchObject({ clientId: "c1", clean: false, keepalive: 60 });
    expect(events).toEqual(["connected"]);
    expect(limits).toEqual([expect.objectContaining({ sessionPresent: true, receiveMaximum: 7 })]);
    expect(connection.isOpen).toBe(true);
  });

  test("says that a server which speaks before it is asked breaks the protocol", async () => {
    const listener = await ScriptedListener.open();
    const [hostname = "", port] = listener.host.split(":");
    const signal = AbortSignal.timeout(patientMs(5000));
    const stream = await openStream({ peer, address: { hostname, port: Number(port) }, webSocket: false, signal });
    streams.push(stream);
    (await listener.next()).sendBytes(Buffer.from("SSH-2.0-server\r\n"));
    await delay(50); // it has come before anybody reads it

    const { closed } = openOn(stream);

    expect(await closed).toMatchObject({
      end: "protocol-error",
      message: expect.stringContaining("broke the protocol"),
    });
    listener.close();
  });

  test("hands messages in the same chunk as CONNACK over after it has reported the connection", async () => {
    const { broker, events } = open();
    await broker.next("connect");

    broker.sendBytes(encode(connack({ sessionPresent: true }), publish("a", 1), publish("b", 2)));
    await settle();

    expect(events).toEqual(["connected", "PUBLISH a", "PUBLISH b"]);
  });

  test.each<[string, Partial<IConnackPacket>, string, Retry]>([
    [
      "a reason that passes",
      { reasonCode: 0x87 },
      "refused the connection: 0x87 Not authorized; check the credentials and the role assignment or permission; a new one takes minutes to arrive",
      "soon",
    ],
    ["a reason that waiting helps", { reasonCode: 0x88 }, "refused the connection: 0x88 Server unavailable", "soon"],
    [
      "a reason that somebody has to see to",
      { reasonCode: 0x85 },
      "refused the connection: 0x85 Client Identifier not valid; change clientIdPrefix",
      "slowly",
    ],
    [
      "the server's own words",
      { reasonCode: 0x97, properties: { reasonString: 'too "many"' } },
      'refused the connection: 0x97 Quota exceeded ("too \\"many\\""); check the broker\'s quotas, such as sessions per authentication name',
      "soon",
    ],
  ])("ends with the reason code when it is refused: %s", async (_case, packet, text, retry) => {
    const { events, closed } = await openAccepted(packet);

    const error = await closed;

    expect(error?.message).toBe(`${peer} ${text}`);
    expect(error).toMatchObject({ reasonCode: packet.reasonCode, retry });
    expect(events).toEqual(["closed"]);
  });

  test("cuts a server's words off, so that they can't flood the log", async () => {
    const { closed } = await openAccepted({ reasonCode: 0x88, properties: { reasonString: "x".repeat(60_000) } });

    expect((await closed)?.message.length).toBeLessThan(400);
  });

  test.each<[string, Partial<ConnectOptions>, string]>([
    ["the password", { username: "plant", password: Buffer.from("hunter2!") }, "hunter2!"],
    [
      "the password in Base64",
      { password: Buffer.from("hunter2!") },
      Buffer.from("hunter2!").toString("base64").replace(/.=$/, ""),
    ],
    ["the token", { authenticationMethod: "X", authenticationData: Buffer.from("opaque-token") }, "opaque-token"],
    ["the proxy's password", { secrets: ["of the proxy"] }, "of the proxy"],
  ])("does not repeat %s when the server does, in CONNACK and in DISCONNECT", async (_what, shown, secret) => {
    const properties = { reasonString: `no entry for (${secret}) here` };
    const refused = await openAccepted({ reasonCode: 0x86, properties }, shown);
    const ended = await openAccepted({}, shown);
    ended.broker.send({ cmd: "disconnect", reasonCode: 0x87, properties });

    const errors = [await refused.closed, await ended.closed];

    for (const error of errors) expect(error?.message).toContain('("no entry for (…) here")');
    expect(JSON.stringify(errors.map((error) => [error?.message, error?.stack]))).not.toContain(secret);
  });

  test("cuts a server's words off only after a secret in them was left out", async () => {
    const reasonString = `${"x".repeat(190)} hunter2! is wrong`;
    const { closed } = await openAccepted(
      { reasonCode: 0x86, properties: { reasonString } },
      { password: Buffer.from("hunter2!") },
    );

    expect((await closed)?.message).toContain('xx … is wron")');
  });

  test("ends when the server asks for another authentication step", async () => {
    const { broker, closed } = open({ authenticationMethod: "K8S-SAT" });
    await broker.next("connect");

    broker.send({ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "K8S-SAT" } });

    expect(await closed).toMatchObject({
      retry: "slowly",
      message: `${peer} asked for another authentication step, which no method here has; set authentication.method to one that the broker takes`,
    });
  });

  test.each([
    ["of MQTT 3.1.1 that accepts", "20020000", 0],
    ["of MQTT 3.1.1 that refuses the protocol's version", "20020001", 1],
    ["of MQTT 3.1.1 that refuses the client", "20020005", 5],
    ["with a code of no CONNACK", "2003000100", 1],
    ["with a success of another packet", "2003001000", 16],
    ["with the last code below the failures", "2003007f00", 127],
    ["without a code", "200100", 0],
    ["without anything", "2000", 0],
  ])("is refused, never connected, by a CONNACK %s: its server does not speak MQTT 5", async (_case, hex, code) => {
    const { broker, events, closed, connection } = open();
    await broker.next("connect");

    broker.sendBytes(Buffer.from(hex, "hex"));

    expect(await closed).toMatchObject({
      retry: "slowly",
      message: `${peer} does not speak MQTT 5 (the return code of its CONNACK is ${code}); use a broker, or a listener of it, with MQTT 5`,
    });
    expect(events).toEqual(["closed"]);
    expect(connection.isOpen).toBe(false);
  });

  test("is refused with the reason of a CONNACK whose properties were left out", async () => {
    const { broker, closed } = open();
    await broker.next("connect");

    broker.sendBytes(Buffer.from("20020084", "hex"));

    expect(await closed).toMatchObject({
      retry: "slowly",
      reasonCode: 0x84,
      message: `${peer} refused the connection: 0x84 Unsupported Protocol Version; use a broker, or a listener of it, with MQTT 5`,
    });
  });

  test("ends when anything but CONNACK comes first", async () => {
    const { broker, events, closed } = open();
    await broker.next("connect");

    broker.send(publish("early"));

    expect((await closed)?.message).toContain(
      `${peer} broke the protocol: the server sent PUBLISH before CONNACK (0x82`,
    );
    expect(events).toEqual(["closed"]);
  });

  test("ends when the server closes without a word", async () => {
    const { broker, closed } = open();
    await broker.next("connect");

    broker.stream.destroy();

    expect(await closed).toMatchObject({ message: `${peer} closed the connection${earlyEndHint}`, retry: "soon" });
  });

  test("says what the stream says when it breaks", async () => {
    const { client, closed } = open();

    client.destroy(new Error("read ECONNRESET"));

    expect(await closed).toMatchObject({
      message: `${peer} lost the connection: read ECONNRESET${earlyEndHint}`,
      retry: "soon",
    });
  });
});

describe("an open connection", () => {
  test("reports PUBACKs with their reason codes", async () => {
    const { broker, events } = await openAccepted();

    broker.send({ cmd: "puback", messageId: 5, reasonCode: 0 }, { cmd: "puback", messageId: 6, reasonCode: 0x97 });
    await settle();

    expect(events.slice(1)).toEqual(["PUBACK 5 0", "PUBACK 6 151"]);
  });

  test("ends on an AUTH where CONNECT named no method, and is tried again", async () => {
    const { broker, closed } = await openAccepted();

    broker.send({ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "X" } });

    expect(await closed).toMatchObject({
      retry: "slowly",
      end: "protocol-error",
      message: expect.stringContaining("the server sent AUTH, though CONNECT named no authentication method"),
    });
  });

  test("goes on after the success of a re-authentication that it had given up waiting for", async () => {
    const { broker, connection, events } = await openAccepted({}, { authenticationMethod: "X", timeoutMs: 20 });
    await expect(connection.reauthenticate(Buffer.from("token"))).rejects.toThrow("did not answer AUTH");

    broker.sendBytes(Buffer.from("f000", "hex"));
    broker.send(publish("behind"));
    await settle();

    expect(connection.isOpen).toBe(true);
    expect(events).toEqual(["connected", "PUBLISH behind"]);
  });

  test("acknowledges with a PUBACK that has no reason code", async () => {
    const { connection, broker } = await openAccepted();

    connection.acknowledge(7);

    expect(await broker.next("puback")).toMatchObject({ messageId: 7, reasonCode: 0 });
  });

  test.each<[string, number, string, Retry]>([
    ["without a reason", 0x00, "ended the connection: 0x00 Success", "soon"],
    ["when it shuts down", 0x8b, "ended the connection: 0x8b Server shutting down", "soon"],
    [
      "when another client takes the session over",
      0x8e,
      "ended the connection: 0x8e Session taken over; find the other client with this client identifier; give each site its own clientIdPrefix",
      "slowly",
    ],
    [
      "when a packet is too large",
      0x95,
      "ended the connection: 0x95 Packet too large; keep messages under the broker's limit",
      "slowly",
    ],
  ])("ends when the server says DISCONNECT %s", async (_case, reasonCode, text, retry) => {
    const { broker, closed, connection } = await openAccepted();

    broker.send({ cmd: "disconnect", reasonCode });

    expect(await closed).toMatchObject({ message: `${peer} ${text}`, reasonCode, retry });
    expect(connection.isOpen).toBe(false);
  });

  test.each<[string, number[], string]>([
    ["a packet of type 0", [0x00, 0x00], "broke the protocol: the server sent a packet of type 0 (0x81"],
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01], "broke the protocol: "],
    ["a PUBLISH that ends too early", [0x32, 3, 0, 9, 97], "broke the protocol: "],
    ["a PUBACK without an identifier", [0x40, 0], "broke the protocol: "],
    ["a PUBLISH of QoS 2", [0x34, 6, 0, 1, 97, 0, 1, 0], "broke the protocol: "],
    ["a second CONNACK", [0x20, 3, 0, 0, 0], "broke the protocol: the server sent a second CONNACK (0x82"],
    [
      "a CONNECT",
      [...encode({ cmd: "connect", clientId: "x", protocolVersion: 5 })],
      "broke the protocol: the server sent CONNECT, which a client never gets here (0x82",
    ],
  ])("ends on %s", async (_case, bytes, text) => {
    const { broker, closed, events } = await openAccepted();

    broker.sendBytes(Buffer.concat([Buffer.from(bytes), encode(publish("behind"))]));

    expect((await closed)?.message).toContain(`${peer} ${text}`);
    await settle();
    expect(events).toEqual(["connected", "closed"]);
  });

  test.each<[string, string, number]>([
    ["an answer that nobody waits for", "d000", 0x82],
    ["a malformed packet", "d100", 0x81],
    ["a topic alias", "3009000161032300017878", 0x94],
    ["a topic that is no UTF-8", "3006000261ff0078", 0x81],
    ["a topic with a wildcard", "3006000261230078", 0x82],
  ])("says in its DISCONNECT what the server did wrong: %s", async (_case, hex, reasonCode) => {
    const { broker, closed } = await openAccepted();

    broker.sendBytes(Buffer.from(hex, "hex"));

    expect(await broker.next("disconnect")).toMatchObject({ reasonCode });
    await broker.ended;
    expect(await closed).toMatchObject({ end: "protocol-error", retry: "slowly", reasonCode: undefined });
  });

  test("says nothing to a server that has not accepted it", async () => {
    const { broker, closed } = open();
    await broker.next("connect");

    broker.send({ cmd: "pingresp" });

    await closed;
    await broker.ended;
    expect(broker.commands()).toEqual(["connect"]);
  });

  test("looks at nothing behind the packet that has ended it", async () => {
    const { broker, closed, connection, events } = await openAccepted();
    const read = jest.spyOn(PublishView.prototype, "read");
    const flood = Buffer.alloc(60_000, encode(publish("behind")));

    broker.sendBytes(Buffer.concat([encode({ cmd: "pingresp" }), flood]));
    await closed;
    broker.sendBytes(flood);
    await settle();

    expect(read).not.toHaveBeenCalled();
    expect(events).toEqual(["connected", "closed"]);
    expect(connection.isOpen).toBe(false);
  });

  test("cuts a server that goes on sending after its fault, in half a second", async () => {
    const { broker, client } = await openAccepted();
    broker.stream.allowHalfOpen = true;

    broker.send({ cmd: "pingresp" });
    await new Promise((resolve) => client.once("close", resolve));

    expect(broker.commands()).toEqual(["connect", "disconnect"]);
  });

  test("hands a malformed message that can be acknowledged to who may take it, and goes on if it does", async () => {
    const { broker, connection, events, onMalformed } = await openAccepted();
    onMalformed.mockImplementation((view: PublishView, problem: Error) => {
      events.push(`${view.packetId}: ${problem.message}`);
      return true;
    });

    broker.send(publish("a/+", 7), publish("b"));
    await settle();

    expect(events).toEqual(["connected", "7: the server sent a PUBLISH whose topic has a wildcard", "PUBLISH b"]);
    expect(connection.isOpen).toBe(true);
  });

  test("reports its end once, whatever else happens", async () => {
    const { broker, connection, closed, events } = await openAccepted();

    broker.send({ cmd: "disconnect", reasonCode: 0x8b });
    await closed;
    broker.stream.destroy();
    connection.close();
    connection.destroy("again");
    await settle();

    expect(events).toEqual(["connected", "closed"]);
  });

  test("calls back once what waits has left", async () => {
    const { connection, broker, client } = await openAccepted();
    broker.stream.pause();
    connection.write(
      Buffer.concat([encode({ cmd: "pingreq" }), encode({ ...publish("x"), payload: Buffer.alloc(200_000) })]),
    );
    await settle();
    const drained = jest.fn();

    connection.onceDrained(drained);
    await settle();
    expect(drained).not.toHaveBeenCalled();
    expect(connection.pendingBytes).toBeGreaterThan(0);

    broker.stream.resume();
    await settle();
    expect(drained).toHaveBeenCalledTimes(1);
    expect(connection.pendingBytes).toBe(0);
    expect(client.writableNeedDrain).toBe(false);
  });

  test("calls back in the next turn when nothing waits", async () => {
    const { connection } = await openAccepted();
    const drained = jest.fn();

    connection.onceDrained(drained);
    expect(drained).not.toHaveBeenCalled();
    await settle();

    expect(drained).toHaveBeenCalledTimes(1);
  });

  test("reads nothing while it is paused, and goes on where it was", async () => {
    const { connection, broker, events } = await openAccepted();

    connection.setPaused(true);
    broker.send(publish("a"));
    await settle();
    expect(events).toEqual(["connected"]);

    connection.setPaused(false);
    await settle();
    expect(events).toEqual(["connected", "PUBLISH a"]);
  });
});

describe("a paused connection over TCP", () => {
  let listener: ScriptedListener;

  beforeEach(async () => {
    listener = await ScriptedListener.open();
  });
  afterEach(() => {
    listener.close();
  });

  test("sees within seconds that the server is gone, though nothing is read", async () => {
    const [hostname = "", port] = listener.host.split(":");
    const address = { hostname, port: Number(port) };
    const stream = await openStream({ peer, address, webSocket: false, signal: new AbortController().signal });
    const closed = new Promise<ConnectionError | undefined>((resolve) => {
      const onConnected = (connection: Connection) => {
        connection.setPaused(true);
      };
      const none = () => undefined;
      new Connection(stream, options, {
        onConnected,
        onPublish: none,
        roomFor: () => undefined,
        onPassedOver: () => undefined,
        onPuback: none,
        onClosed: resolve,
      });
    });
    const broker = await listener.next();
    await broker.accept();
    broker.send(publish("never read"));
    await settle();

    broker.stream.destroy();

    expect(await closed).toMatchObject({ retry: "soon" });
  }, 15_000);
});

describe("unsubscribe", () => {
  test("returns the code of each filter", async () => {
    const { connection, broker } = await openAccepted();

    const codes = connection.unsubscribe(["a", "b", "c"]);
    const { unsubscriptions } = await broker.release([0, 0x11, 0x87]);

    expect(unsubscriptions).toEqual(["a", "b", "c"]);
    expect(await codes).toEqual([0, 0x11, 0x87]);
  });

  test("returns no code where the UNSUBACK has none", async () => {
    const { connection, broker } = await openAccepted();

    const codes = connection.unsubscribe(["a"]);
    const { messageId = 0 } = await broker.next("unsubscribe");
    broker.sendBytes(Buffer.of(0xb0, 3, messageId >> 8, messageId & 0xff, 0));

    expect(await codes).toEqual([]);
  });
});

describe("subscribe", () => {
  test("asks for Retain As Published and for retained messages only with a new subscription", async () => {
    const { connection, broker } = await openAccepted();

    const granted = connection.subscribe([
      { filter: "a/#", qos: 1 },
      { filter: "b", qos: 0 },
    ]);
    const { subscriptions } = await broker.grant([1, 0x87]);

    expect(subscriptions).toEqual([
      { topic: "a/#", qos: 1, nl: false, rap: true, rh: 1 },
      { topic: "b", qos: 0, nl: false, rap: true, rh: 1 },
    ]);
    expect(await granted).toEqual([1, 0x87]);
  });

  test("writes Retain As Published, Retain Handling 1 and the QoS into one byte of the filter", async () => {
    const { connection, broker, client } = await openAccepted();
    const written: Buffer[] = [];
    jest.spyOn(client, "write").mockImplementation((chunk: unknown) => written.push(chunk as Buffer) > 0);

    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    granted.catch(() => undefined);
    await settle();
    broker.stream.destroy();

    // identifier 65000, no properties, "a", then 00 (reserved) 01 (Retain Handling) 1 (Retain As Published) 0 (No Local) 01 (QoS)
    expect(Buffer.concat(written).toString("hex")).toBe("8207fde800000161" + "19");
  });

  test("never uses a packet identifier that a message could have, nor one twice at a time", async () => {
    const { connection, broker } = await openAccepted();

    const both = [connection.subscribe([{ filter: "a", qos: 1 }]), connection.subscribe([{ filter: "b", qos: 1 }])];
    const ids = [(await broker.grant()).messageId ?? 0, (await broker.grant()).messageId ?? 0];
    await Promise.all(both);

    expect(Math.min(...ids)).toBeGreaterThanOrEqual(65_000);
    expect(new Set(ids).size).toBe(2);
  });

  test("goes back to its first identifier after the last", async () => {
    const { connection, broker } = await openAccepted();
    const ids: number[] = [];

    for (let count = 0; count < 537; count++) {
      const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
      ids.push((await broker.grant()).messageId ?? 0);
      await granted;
    }

    expect(ids.slice(-2)).toEqual([65_535, 65_000]);
  });

  test("carries a Subscription Identifier where it is given one", async () => {
    const { connection, broker } = await openAccepted();

    const granted = connection.subscribe([{ filter: "a", qos: 1 }], 268_435_455);
    const { properties } = await broker.grant();
    await granted;

    expect(properties).toEqual({ subscriptionIdentifier: 268_435_455 });
  });

  test("hands over codes that MQTT does not know: each is for one filter alone", async () => {
    const { connection, broker } = await openAccepted();

    const asked = ["a", "b", "c"].map((filter) => ({ filter, qos: 1 as const }));
    const granted = connection.subscribe(asked);
    const { messageId = 0 } = await broker.next("subscribe");
    broker.sendBytes(Buffer.of(0x90, 6, messageId >> 8, messageId & 0xff, 0, 1, 0x05, 0xc1));

    expect(await granted).toEqual([1, 0x05, 0xc1]);
  });

  test("skips what the SUBACK says in its properties", async () => {
    const { connection, broker } = await openAccepted();

    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    const { messageId = 0 } = await broker.next("subscribe");
    broker.send({ cmd: "suback", messageId, granted: [0x87], properties: { reasonString: "x".repeat(200) } });

    expect(await granted).toEqual([0x87]);
  });

  test.each<[string, (messageId: number) => Packet]>([
    ["for another packet identifier", (messageId) => ({ cmd: "suback", messageId: messageId + 1, granted: [1] })],
    [
      "with a code for more filters than it was asked for",
      (messageId) => ({ cmd: "suback", messageId, granted: [1, 1] }),
    ],
    ["that is an UNSUBACK", (messageId) => ({ cmd: "unsuback", messageId, granted: [0] })],
  ])("ends the connection at a SUBACK %s: nobody waits for it", async (_case, answer) => {
    const { connection, broker, closed } = await openAccepted();
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    const { messageId = 0 } = await broker.next("subscribe");

    broker.send(answer(messageId));

    await expect(granted).rejects.toThrow("ended before its SUBACK");
    expect(await closed).toMatchObject({ end: "protocol-error", retry: "slowly" });
    expect(await broker.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
  });

  test("rejects when the connection ends first", async () => {
    const { connection, broker } = await openAccepted();
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    await broker.next("subscribe");

    broker.stream.destroy();

    await expect(granted).rejects.toMatchObject({ retry: "soon", message: `${peer} ended before its SUBACK` });
  });

  test("rejects at once on a connection that has ended", async () => {
    const { connection, closed } = await openAccepted();
    connection.destroy("was cut");
    await closed;

    await expect(connection.subscribe([{ filter: "a", qos: 1 }])).rejects.toMatchObject({
      message: `${peer} is not connected`,
    });
  });
});

describe("close", () => {
  test("sends what was written, then DISCONNECT without properties, and ends", async () => {
    const { connection, broker, closed, events } = await openAccepted();
    connection.acknowledge(1);

    connection.close();
    await broker.ended;

    expect(await closed).toBeUndefined();
    expect(broker.commands()).toEqual(["connect", "puback", "disconnect"]);
    expect(await broker.next("disconnect")).not.toHaveProperty("properties");
    expect(events).toEqual(["connected", "closed"]);
  });

  test("hands nothing over that arrives after it", async () => {
    const { connection, broker, events } = await openAccepted();
    broker.stream.allowHalfOpen = true;

    connection.close();
    broker.send(publish("late"), { cmd: "puback", messageId: 1, reasonCode: 0 });
    await settle();

    expect(events).toEqual(["connected"]);
  });

  test("ends at once a connection that never came to be", async () => {
    const { connection, closed, broker } = open();

    connection.close();

    expect(await closed).toBeUndefined();
    await broker.ended;
    expect(broker.commands()).toEqual([]);
  });

  test("ends a paused connection too", async () => {
    const { connection, broker, closed } = await openAccepted();
    connection.setPaused(true);
    broker.send(publish("never read"));
    await settle();

    connection.close();
    await broker.ended;

    expect(await closed).toBeUndefined();
  });
});

describe("nothing is sent after the end", () => {
  test.each<[string, (opened: Opened) => void]>([
    [
      "close",
      ({ connection }) => {
        connection.close();
      },
    ],
    [
      "destroy",
      ({ connection }) => {
        connection.destroy("was cut");
      },
    ],
    [
      "the server's DISCONNECT",
      ({ broker }) => {
        broker.send({ cmd: "disconnect", reasonCode: 0x8b });
      },
    ],
    [
      "the server's end",
      ({ broker }) => {
        broker.stream.destroy();
      },
    ],
  ])("a PUBACK goes nowhere after %s", async (_case, end) => {
    const opened = await openAccepted();
    const written = jest.spyOn(opened.client, "write");
    end(opened);
    await settle();
    const writes = written.mock.calls.length;

    opened.connection.acknowledge(1);
    opened.connection.write(encode({ cmd: "puback", messageId: 2 }));
    await settle();

    expect(written.mock.calls.length).toBe(writes);
    expect(opened.broker.commands()).not.toContain("puback");
  });

  test("a PUBACK goes nowhere behind DISCONNECT, while the server has not closed yet", async () => {
    const { connection, broker, client } = await openAccepted();
    broker.stream.allowHalfOpen = true;
    connection.close();
    const written = jest.spyOn(client, "write");

    connection.acknowledge(1);
    await settle();

    expect(written).not.toHaveBeenCalled();
    expect(broker.commands()).toEqual(["connect", "disconnect"]);
  });

  test("a PUBACK that was gathered when the connection broke goes nowhere", async () => {
    const { connection, broker } = await openAccepted();

    connection.acknowledge(1);
    connection.destroy("was cut");
    await settle();

    expect(broker.commands()).toEqual(["connect"]);
  });
});

/** Lets seconds pass, and in each of them everything happen that needs no time. */
async function pass(seconds: number, each: () => void = () => undefined): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    each();
    await jest.advanceTimersByTimeAsync(1000);
    await settle();
  }
}

describe("with time passing", () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("ends when no CONNACK comes in time", async () => {
    const { broker, closed } = open();
    await broker.next("connect");

    await pass(9);
    let hasEnded = false;
    void closed.then(() => (hasEnded = true));
    await settle();
    expect(hasEnded).toBe(false);
    await pass(1);

    expect(await closed).toMatchObject({
      message: `${peer} sent no CONNACK within 10000 ms; see its log`,
      retry: "soon",
    });
  });

  test("ends when no SUBACK comes in time, for what the server knows of the filters is uncertain then", async () => {
    const { connection, broker, closed, events } = await openAccepted();
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    const rejected = expect(granted).rejects.toMatchObject({ retry: "soon" });
    await broker.next("subscribe");

    await pass(10);

    await rejected;
    expect((await closed)?.message).toBe(`${peer} sent no SUBACK within 10000 ms; see its log`);
    expect(events).toEqual(["connected", "closed"]);
  });

  test("waits for a SUBACK that stands behind a large message on a slow downlink, and for what is missing no longer", async () => {
    const { connection, broker, closed, events } = await openAccepted({}, { keepAliveSeconds: 0 });
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    granted.catch(() => undefined);
    const large = encode({ ...publish("a"), payload: Buffer.alloc(1_000_000) });
    let at = 0;

    await pass(60, () => {
      broker.sendBytes(large.subarray(at, at + 10_000));
      at += 10_000;
    });
    expect(events).toEqual(["connected"]);
    await pass(20);

    expect((await closed)?.message).toContain("sent no SUBACK within 10000 ms");
  });

  test("does not take the answers to its pings for a SUBACK that is on its way", async () => {
    const { connection, broker, closed } = await openAccepted({}, { keepAliveSeconds: 4 });
    connection.subscribe([{ filter: "a", qos: 1 }]).catch(() => undefined);

    let answered = 0;
    await pass(20, () => {
      const pings = broker.commands().filter((cmd) => cmd === "pingreq").length;
      for (; answered < pings; answered++) broker.send({ cmd: "pingresp" });
    });

    expect((await closed)?.message).toContain("sent no SUBACK within 10000 ms");
  });

  test("leaves no timer behind once it has ended", async () => {
    const { connection, broker } = await openAccepted();
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    await broker.grant();
    await granted;

    connection.destroy("was cut");
    await settle();

    expect(jest.getTimerCount()).toBe(0);
  });

  test("pings an idle server and finds out when it is gone though its socket says nothing", async () => {
    const { broker, closed } = await openAccepted({}, { keepAliveSeconds: 8 });

    await jest.advanceTimersByTimeAsync(6000);
    await settle();
    expect(broker.commands()).toEqual(["connect", "pingreq"]);
    await jest.advanceTimersByTimeAsync(6000);

    expect(await closed).toMatchObject({
      message: expect.stringMatching(/was silent for \d+ ms \(keep alive 8 s\)$/),
      retry: "soon",
    });
  });

  test("stays up as long as the server answers its pings", async () => {
    const { broker, events } = await openAccepted({}, { keepAliveSeconds: 8 });

    let answered = 0;
    for (let second = 0; second < 60; second++) {
      await jest.advanceTimersByTimeAsync(1000);
      await settle();
      const pings = broker.commands().filter((cmd) => cmd === "pingreq").length;
      for (; answered < pings; answered++) broker.send({ cmd: "pingresp" });
      await settle();
    }

    expect(events).toEqual(["connected"]);
    expect(broker.commands().filter((cmd) => cmd === "pingreq").length).toBeGreaterThanOrEqual(8);
  });

  test("keeps to the server's keep alive where it says one", async () => {
    const { broker } = await openAccepted({ properties: { serverKeepAlive: 4 } }, { keepAliveSeconds: 0 });

    await jest.advanceTimersByTimeAsync(3000);
    await settle();

    expect(broker.commands()).toContain("pingreq");
  });

  test("does not take a server for silent that it does not listen to", async () => {
    const { connection, events } = await openAccepted({}, { keepAliveSeconds: 8 });

    connection.setPaused(true);
    await jest.advanceTimersByTimeAsync(60_000);
    await settle();

    expect(events).toEqual(["connected"]);
  });

  test("does not take a SUBACK for lost that it does not listen for", async () => {
    const { connection, broker, events } = await openAccepted();
    const granted = connection.subscribe([{ filter: "a", qos: 1 }]);
    connection.setPaused(true);
    await broker.grant();

    await jest.advanceTimersByTimeAsync(60_000);
    expect(events).toEqual(["connected"]);
    connection.setPaused(false);

    expect(await granted).toEqual([1]);
  });

  test("cuts a connection that the server does not close after DISCONNECT", async () => {
    const { connection, broker, closed } = await openAccepted();
    broker.stream.allowHalfOpen = true;

    connection.close();
    await broker.next("disconnect");
    jest.advanceTimersByTime(2000);

    expect(await closed).toBeUndefined();
  });
});
