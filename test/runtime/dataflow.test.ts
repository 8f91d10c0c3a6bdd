import { subscriptionIdentifier } from "../../runtime/contract/subscriptions.ts";
import { settle, type ScriptedBroker } from "./mqtt/scripted-broker.ts";
import { endDataflows, publish, start, startConnected, until, untilReady, type Bench } from "./dataflow-bench.ts";

afterEach(endDataflows);

/** Its source is there, and its destination refuses it. */
async function startWithoutDestination(changes: Readonly<Record<string, unknown>> = {}) {
  const bench = await start(changes);
  await (await bench.destination.next()).accept({ reasonCode: 0x88 });
  const source = await bench.source.next();
  await source.accept();
  await source.grant();
  await until(() => bench.dataflow.status.source.kind === "up");
  return { ...bench, brokers: { source } };
}

/** Tells whether a dataflow that is stopped ends before its deadline, and ends it. */
async function stopsBeforeDeadline({ dataflow, running }: Pick<Bench, "dataflow" | "running">): Promise<boolean> {
  const deadline = new AbortController();
  let isStopped = false;
  const stopped = dataflow.stop(deadline.signal).then(() => (isStopped = true));
  await settle();
  const isEarly = isStopped;
  deadline.abort();
  await Promise.all([stopped, running]);
  return isEarly;
}

describe("Dataflow", () => {
  test("forwards a message and acknowledges it after the destination has", async () => {
    const { brokers, dataflow } = await startConnected();

    publish(brokers.source, 7);
    const forwarded = await brokers.destination.next("publish");
    expect(forwarded).toMatchObject({ topic: "cloud/a/b", qos: 1, payload: Buffer.from("7") });
    expect(brokers.source.commands()).not.toContain("puback");

    brokers.destination.send({ cmd: "puback", messageId: forwarded.messageId ?? 0 });
    expect(await brokers.source.next("puback")).toMatchObject({ messageId: 7, reasonCode: 0 });
    expect(dataflow.counters).toMatchObject({ received: 1, delivered: 1, acknowledged: 1 });
  });

  test("connects to its destination first and announces to the source what that takes", async () => {
    const bench = await start();
    const destination = await bench.destination.next();
    await destination.next("connect");
    await settle();
    expect(bench.source.count).toBe(0);

    destination.send({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties: { receiveMaximum: 7 } });
    const connect = await (await bench.source.next()).next("connect");

    expect(connect.properties?.receiveMaximum).toBe(7);
  });

  test.each([
    ["the source's own limit", { "endpoints.edge.mqttSettings.maxInflightMessages": 5 }, 5],
    ["the destination endpoint's limit", { "endpoints.cloud.mqttSettings.maxInflightMessages": 4 }, 4],
  ])("announces %s where that is the smaller one", async (_case, changes, expected) => {
    const bench = await start(changes);
    await (await bench.destination.next()).accept();

    const connect = await (await bench.source.next()).next("connect");

    expect(connect.properties?.receiveMaximum).toBe(expected);
  });

  test("connects to the source all the same when the destination is away: without a session nothing is kept there", async () => {
    const { dataflow } = await startWithoutDestination();

    expect(dataflow.status.source).toEqual({ kind: "up" });
  });

  test("has a client identifier of its own at each end, and keeps its session at the source", async () => {
    const bench = await start();

    const destination = await (await bench.destination.next()).accept();
    const source = await (await bench.source.next()).accept();

    expect([source.clientId, destination.clientId]).toEqual(["oslo-upward-3-source", "oslo-upward-3-destination"]);
    expect([source.clean, source.properties?.sessionExpiryInterval]).toEqual([false, 3600]);
  });

  test("starts clean at the destination once, and resumes from then on", async () => {
    const { brokers, destination } = await startConnected();

    brokers.destination.stream.destroy();
    const again = await (await destination.next()).accept({ sessionPresent: true });

    const [first] = brokers.destination.received;
    expect([first, again].map((packet) => packet?.cmd === "connect" && packet.clean)).toEqual([true, false]);
  });

  test("goes on starting clean while the destination has never accepted it", async () => {
    const bench = await start();

    await (await bench.destination.next()).accept({ reasonCode: 0x88 });
    const second = await (await bench.destination.next()).accept();

    expect(second.clean).toBe(true);
  });

  test("shares its filters between its instances", async () => {
    const bench = await start({ profile: { instanceCount: 2 } });
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept();

    const { subscriptions } = await source.grant();

    expect(subscriptions.map(({ topic }) => topic)).toEqual(["$share/oslo-upward/a/#"]);
  });

  test("reports what waits and what is in flight", async () => {
    const { brokers, dataflow } = await startConnected({ "endpoints.cloud.mqttSettings.maxInflightMessages": 1 });

    publish(brokers.source, 1);
    publish(brokers.source, 2);
    await until(() => dataflow.counters.received === 2);

    expect(dataflow.status).toMatchObject({ inFlight: 1, waiting: 1, failure: undefined });
  });
});

describe("a new instance beside others", () => {
  const ofFour = { profile: { instanceCount: 4 } };

  async function connect(joinMs: number, sessionPresent: boolean) {
    const bench = await start(ofFour, "/nowhere", joinMs);
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept({ sessionPresent });
    return { ...bench, broker: source };
  }

  test("is up before it subscribes, and says so: the first one may still have its plain subscription", async () => {
    const { dataflow, broker, lines } = await connect(3_600_000, false);

    await untilReady(dataflow);

    expect(broker.commands()).toEqual(["connect"]);
    expect(lines).toContainEqual(expect.objectContaining({ event: "joins-later", joinMs: 3_600_000 }));
  });

  test("subscribes when its time has come", async () => {
    const { broker } = await connect(20, false);

    const { subscriptions } = await broker.grant();

    expect(subscriptions.map(({ topic }) => topic)).toEqual(["$share/oslo-upward/a/#"]);
  });

  test("subscribes at once where it has a session, or has lost its connection meanwhile", async () => {
    const kept = await connect(3_600_000, true);
    const lost = await connect(3_600_000, false);
    await untilReady(lost.dataflow);
    lost.broker.stream.destroy();
    const second = await lost.source.next();
    await second.accept({ sessionPresent: true });

    await kept.broker.grant();
    await second.grant();

    expect(second.commands()).toEqual(["connect", "subscribe"]);
  });

  test("connects again when no filter is granted to it", async () => {
    const { dataflow, broker } = await connect(20, false);

    await broker.grant([0x87]);

    await until(() => dataflow.status.source.kind === "down");
    expect(dataflow.status.source).toMatchObject({ reason: expect.stringContaining("grants no filter") as string });
  });
});

describe("a dataflow that somebody has to see to", () => {
  async function reasonOf({ dataflow, lines }: Bench, side: "source" | "destination"): Promise<string> {
    await until(() => dataflow.status[side].kind === "down");
    expect(dataflow.status.failure).toBeUndefined();
    expect(lines.at(-1)).toMatchObject({ level: "warn", side, retryInMs: 2000 });
    const state = dataflow.status[side];
    return "reason" in state ? state.reason : "";
  }

  test("goes on when the source grants a lower QoS than it was asked for, and says so", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept();
    await source.grant([0]);
    await untilReady(bench.dataflow);

    expect(bench.dataflow.status.subscriptionProblems).toEqual([expect.stringContaining("QoS 0")]);
  });

  test.each(["source", "destination"] as const)(
    "waits with the next attempt when another client takes its session at the %s over, and comes back",
    async (side) => {
      const bench = await startConnected();

      bench.brokers[side].send({ cmd: "disconnect", reasonCode: 0x8e });

      expect(await reasonOf(bench, side)).toMatch(
        /0x8e Session taken over; find the other client with this client identifier/,
      );
      const again = await bench[side].next();
      await again.accept({ sessionPresent: true });
      if (side === "source") await again.grant();
      await untilReady(bench.dataflow);
    },
  );

  test("waits with the next attempt at a destination that takes QoS 0 only", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept({ properties: { maximumQoS: 0 } });

    const reason = await reasonOf(bench, "destination");

    expect(reason).toContain("takes QoS 0 only; set endpoints.cloud.mqttSettings.qos to 0");
  });
});

describe("a dataflow that has failed", () => {
  async function failureOf({ dataflow, running, lines }: Bench): Promise<string> {
    await running;
    const { failure = "" } = dataflow.status;
    expect(lines).toContainEqual(expect.objectContaining({ level: "error", reason: failure, msg: "dataflow stopped" }));
    return failure;
  }

  test("stops before a message that can't be delivered, which stays with its source", async () => {
    const bench = await startConnected();
    publish(bench.brokers.source, 1);
    const { messageId = 0 } = await bench.brokers.destination.next("publish");

    bench.brokers.destination.send({ cmd: "puback", messageId, reasonCode: 0x90 });

    expect(await failureOf(bench)).toContain('a message with topic "cloud/a/b" can\'t be delivered');
    await bench.brokers.source.ended;
    expect(bench.brokers.source.commands()).toEqual(["connect", "subscribe", "disconnect"]);
  });

  test("goes on where such messages are to be discarded", async () => {
    const { brokers, dataflow } = await startConnected({
      "dataflows.upward.relay": { undeliverableMessages: "Discard" },
    });
    publish(brokers.source, 1);
    const { messageId = 0 } = await brokers.destination.next("publish");

    brokers.destination.send({ cmd: "puback", messageId, reasonCode: 0x90 });

    expect(await brokers.source.next("puback")).toMatchObject({ messageId: 1 });
    expect(dataflow.status.failure).toBeUndefined();
    expect(dataflow.counters.lost.undeliverable).toBe(1);
  });
});

describe("when the source comes back", () => {
  test("an acknowledgement that comes late stays off the new connection, where it would be another message's", async () => {
    const { brokers, source, dataflow } = await startConnected();
    publish(brokers.source, 1, { payload: "old" });
    const forwarded = await brokers.destination.next("publish");
    brokers.source.stream.destroy();
    const second = await source.next();
    await second.accept({ sessionPresent: false });
    await second.grant();
    publish(second, 1, { payload: "new" });
    await brokers.destination.next("publish");

    brokers.destination.send({ cmd: "puback", messageId: forwarded.messageId ?? 0 });
    await until(() => dataflow.counters.delivered === 1);
    await settle();

    expect(second.commands()).toEqual(["connect", "subscribe"]);
  });

  test("subscribes again though its session was kept: the SUBACK of before may have been lost", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept();
    const first = await bench.source.next();
    await first.accept();
    await first.next("subscribe");
    first.stream.destroy();

    const second = await bench.source.next();
    await second.accept({ sessionPresent: true });
    await second.grant();
    await untilReady(bench.dataflow);

    expect(second.commands()).toEqual(["connect", "subscribe"]);
  });

  test("counts and reports a session that was lost, but not the first, which nobody had", async () => {
    const { brokers, source, dataflow, lines } = await startConnected();
    expect(dataflow.counters.sessionsLost).toBe(0);

    brokers.source.stream.destroy();
    await (await source.next()).accept({ sessionPresent: false });
    await until(() => dataflow.counters.sessionsLost === 1);

    expect(lines).toContainEqual(
      expect.objectContaining({ level: "warn", msg: expect.stringContaining("lost the session") }),
    );
    expect(dataflow.counters.disconnects).toEqual({ source: 1, destination: 0 });
  });

  test("tries again when it was not authorized: a role assignment takes minutes", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept();

    await (await bench.source.next()).accept({ reasonCode: 0x87 });
    const second = await bench.source.next();
    await second.accept();
    await second.grant([0x87]);
    const third = await bench.source.next();
    await third.accept();
    await third.grant();
    await untilReady(bench.dataflow);

    expect(bench.dataflow.status.failure).toBeUndefined();
  });
});

describe("when the destination comes back", () => {
  test("what was in flight is sent again with DUP, and acknowledged on the source connection that is still the same", async () => {
    const { brokers, destination } = await startConnected();
    publish(brokers.source, 5);
    const { messageId = 0 } = await brokers.destination.next("publish");
    brokers.destination.stream.destroy();

    const second = await destination.next();
    await second.accept({ sessionPresent: true });
    expect(await second.next("publish")).toMatchObject({ messageId, dup: true });
    second.send({ cmd: "puback", messageId });

    expect(await brokers.source.next("puback")).toMatchObject({ messageId: 5 });
  });
});

describe("a kept session that holds a filter of an earlier configuration", () => {
  test("messages of it are acknowledged, counted and not forwarded", async () => {
    const bench = await start();
    const destination = await bench.destination.next();
    await destination.accept();
    const source = await bench.source.next();
    await source.accept({ sessionPresent: true });

    publish(source, 1, { topic: "old/topic" });
    publish(source, 2, { topic: "a/b" });
    await source.grant();
    const forwarded = await destination.next("publish");
    destination.send({ cmd: "puback", messageId: forwarded.messageId ?? 0 });

    expect(await source.next("puback")).toMatchObject({ messageId: 1 });
    expect(await source.next("puback")).toMatchObject({ messageId: 2 });
    expect(forwarded.topic).toBe("cloud/a/b");
    expect(bench.dataflow.counters.lost.filter_removed).toBe(1);
  });

  test("copies that it brings are acknowledged behind the message that they repeat, counted and not forwarded", async () => {
    const bench = await start();
    const destination = await bench.destination.next();
    await destination.accept();
    const source = await bench.source.next();
    await source.accept({ sessionPresent: true });
    await source.grant();
    const { unsubscriptions } = await source.release([0x11]);
    await untilReady(bench.dataflow);
    const by = (filter: string) => ({
      payload: "1",
      properties: { subscriptionIdentifier: subscriptionIdentifier(filter) },
    });

    publish(source, 1, by("a/b"));
    publish(source, 2, by("a/#"));
    publish(source, 3, { ...by("a/#"), payload: "2" });
    const first = await destination.next("publish");
    const second = await destination.next("publish");
    await settle();
    expect(source.commands()).not.toContain("puback");
    destination.send(
      { cmd: "puback", messageId: first.messageId ?? 0 },
      { cmd: "puback", messageId: second.messageId ?? 0 },
    );

    const acknowledged = [await source.next("puback"), await source.next("puback"), await source.next("puback")];
    expect(acknowledged.map(({ messageId }) => messageId)).toEqual([1, 2, 3]);
    expect([first, second].map(({ payload, properties }) => [String(payload), properties])).toEqual([
      ["1", undefined],
      ["2", undefined],
    ]);
    expect(unsubscriptions).toEqual(["$share/oslo-upward/a/#"]);
    expect(bench.dataflow.counters).toMatchObject({ received: 3, delivered: 2, copiesDropped: 1, acknowledged: 3 });
  });

  test("in a session that began with this process every message was asked for, whatever its topic", async () => {
    const { brokers } = await startConnected();

    publish(brokers.source, 1, { topic: "of/an/alias" });

    expect(await brokers.destination.next("publish")).toMatchObject({ topic: "cloud/of/an/alias" });
  });
});

describe("a source whose broker", () => {
  test("grants less than it was asked for delivers, and is named", async () => {
    const bench = await start();
    const destination = await bench.destination.next();
    await destination.accept();
    const source = await bench.source.next();
    await source.accept();
    await source.grant([0]);
    await untilReady(bench.dataflow);

    publish(source, 1, { qos: 0 });

    expect(await destination.next("publish")).toMatchObject({ topic: "cloud/a/b" });
    expect(bench.dataflow.status.subscriptionProblems).toEqual([
      expect.stringContaining('grants QoS 0 for the filter "a/#" where 1 was asked for'),
    ]);
  });

  test("keeps the session for a shorter time than it was asked to is named once", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept();
    const properties = { sessionExpiryInterval: 60 };
    const first = await bench.source.next();
    await first.accept({ properties });
    first.stream.destroy();
    await (await bench.source.next()).accept({ properties });
    await settle();

    const said = bench.lines.filter(({ givenSeconds }) => givenSeconds === 60);
    expect(said).toMatchObject([
      {
        level: "warn",
        side: "source",
        askedSeconds: 3600,
        msg: "the broker keeps this session for 60 s and not for 3600 s: after a longer outage, what waited in it is lost",
      },
    ]);
  });
});

describe("stop", () => {
  test("waits for what is in flight, then says DISCONNECT at both ends", async () => {
    const { brokers, dataflow, running } = await startConnected();
    publish(brokers.source, 1);
    const { messageId = 0 } = await brokers.destination.next("publish");

    const stopped = dataflow.stop(new AbortController().signal);
    await settle();
    expect(brokers.source.commands()).not.toContain("disconnect");
    brokers.destination.send({ cmd: "puback", messageId });
    await Promise.all([stopped, running]);

    expect(brokers.source.commands()).toEqual(["connect", "subscribe", "puback", "disconnect"]);
    expect(brokers.destination.commands()).toEqual(["connect", "publish", "disconnect"]);
    expect(dataflow.status).toMatchObject({ source: { kind: "stopped" }, destination: { kind: "stopped" } });
  });

  test("leaves what is not acknowledged by the deadline with its source", async () => {
    const { brokers, dataflow, running } = await startConnected();
    publish(brokers.source, 1);
    await brokers.destination.next("publish");
    const deadline = new AbortController();

    const stopped = dataflow.stop(deadline.signal);
    deadline.abort();
    await Promise.all([stopped, running]);

    expect(brokers.source.commands()).toEqual(["connect", "subscribe", "disconnect"]);
    expect(dataflow.status.inFlight + dataflow.status.waiting).toBe(1);
  });

  test("waits for nothing while the destination is away, where the source keeps what came and nothing of it was sent", async () => {
    const { brokers, dataflow, running } = await startWithoutDestination();
    publish(brokers.source, 1);
    await until(() => dataflow.status.waiting === 1);

    await dataflow.stop(new AbortController().signal);
    await running;

    expect(brokers.source.commands()).toEqual(["connect", "subscribe", "disconnect"]);
  });

  test.each([
    ["came with QoS 0, which no source keeps", { qos: 0 }, {}],
    [
      "came from a session that ends with its connection",
      {},
      { "endpoints.edge.mqttSettings.sessionExpirySeconds": 0 },
    ],
  ] as const)("waits for a destination that is away while a message %s", async (_, change, changes) => {
    const bench = await startWithoutDestination(changes);
    publish(bench.brokers.source, 1, change);
    await until(() => bench.dataflow.status.waiting === 1);

    expect(await stopsBeforeDeadline(bench)).toBe(false);
  });

  test("waits for a destination that is away while it may have a message that it has not acknowledged", async () => {
    const bench = await startConnected();
    publish(bench.brokers.source, 1);
    await bench.brokers.destination.next("publish");
    bench.brokers.destination.stream.destroy();
    await until(() => bench.dataflow.status.destination.kind !== "up");

    expect(await stopsBeforeDeadline(bench)).toBe(false);
  });

  test("does not wait for what a dataflow that has failed can't deliver any more", async () => {
    const { brokers, dataflow, running } = await startConnected();
    publish(brokers.source, 1);
    const { messageId = 0 } = await brokers.destination.next("publish");
    publish(brokers.source, 2);
    await brokers.destination.next("publish");
    brokers.destination.send({ cmd: "puback", messageId, reasonCode: 0x90 });
    await running;

    await expect(dataflow.stop(new AbortController().signal)).resolves.toBeUndefined();
  });

  test("ends a dataflow that has not connected yet", async () => {
    const { dataflow, running, source } = await start();

    await dataflow.stop(AbortSignal.abort());
    await running;

    expect(dataflow.status).toMatchObject({ source: { kind: "stopped" }, destination: { kind: "stopped" } });
    expect(source.count).toBe(0);
  });
});

describe("a source whose session holds a malformed message", () => {
  /** "a/" and a byte that UTF-8 has not, QoS 1, packet identifier 7. */
  const malformed = Buffer.from([0x32, 9, 0, 3, 97, 47, 0xff, 0, 7, 0, 120]);

  /** The session redelivers the malformed message and the one behind it on each connection, up to the third. */
  async function redeliver(bench: Awaited<ReturnType<typeof startConnected>>): Promise<ScriptedBroker> {
    let source = bench.brokers.source;
    for (let connections = 1; connections <= 3; connections++) {
      source.sendBytes(malformed);
      publish(source, 8);
      if (connections === 3) return source;
      expect(await source.next("disconnect")).toMatchObject({ reasonCode: 0x81 });
      source = await bench.source.next();
      await source.accept({ sessionPresent: true });
      await source.grant();
    }
    return source;
  }

  test("ends two connections, is discarded where that is the policy, and what is behind it arrives", async () => {
    const bench = await startConnected({ "dataflows.upward.relay": { undeliverableMessages: "Discard" } });

    const source = await redeliver(bench);
    const { messageId = 0, topic } = await bench.brokers.destination.next("publish");
    bench.brokers.destination.send({ cmd: "puback", messageId });

    expect(topic).toBe("cloud/a/b");
    expect([await source.next("puback"), await source.next("puback")]).toMatchObject([
      { messageId: 7 },
      { messageId: 8 },
    ]);
    expect(bench.dataflow.counters.lost.undeliverable).toBe(1);
    expect(bench.lines).toContainEqual(
      expect.objectContaining({
        topic: "a/\\xff",
        reason: "it came malformed each time: the server sent a PUBLISH whose topic is not well-formed UTF-8",
      }),
    );
    await untilReady(bench.dataflow);
  });

  test("becomes a dead letter that is well-formed, and is acknowledged once the destination has it", async () => {
    const bench = await startConnected({
      "dataflows.upward.relay": {
        undeliverableMessages: "DeadLetter",
        deadLetter: { endpointRef: "cloud", topic: "dead" },
      },
    });

    const source = await redeliver(bench);
    const letter = await bench.brokers.destination.next("publish");
    expect(source.commands()).not.toContain("puback");
    bench.brokers.destination.send({ cmd: "puback", messageId: letter.messageId ?? 0 });

    expect(letter).toMatchObject({
      topic: "dead",
      payload: Buffer.from("x"),
      properties: { userProperties: { deadLetterTopic: "a/\\xff" } },
    });
    expect(await source.next("puback")).toMatchObject({ messageId: 7 });
  });

  test("stops the dataflow where that is the policy, unacknowledged, with the reason", async () => {
    const bench = await startConnected();

    const source = await redeliver(bench);
    await bench.running;

    expect(bench.dataflow.status.failure).toContain(
      'a message with topic "a/\\xff" can\'t be delivered: it came malformed each time',
    );
    expect(source.commands()).not.toContain("puback");
  });
});

describe("a source that takes QoS 0 only", () => {
  const toSource = {
    "dataflows.upward.relay": {
      undeliverableMessages: "DeadLetter",
      deadLetter: { endpointRef: "edge", topic: "dead" },
    },
  };
  const isWarning = ({ msg }: Record<string, unknown>) => String(msg).startsWith("the source takes QoS 0 only");

  async function startWith(changes: Record<string, unknown>) {
    const bench = await start(changes);
    const destination = await bench.destination.next();
    await destination.accept();
    const source = await bench.source.next();
    await source.accept({ properties: { maximumQoS: 0 } });
    await source.grant();
    await untilReady(bench.dataflow);
    return { ...bench, brokers: { source, destination } };
  }

  test("gets dead letters with QoS 0, is told of in the log, and the message is acknowledged behind its PINGRESP", async () => {
    const { brokers, lines, dataflow } = await startWith(toSource);
    const { source, destination } = brokers;

    publish(source, 7);
    const sent = await destination.next("publish");
    destination.send({ cmd: "puback", messageId: sent.messageId ?? 0, reasonCode: 0x90 });
    const letter = await source.next("publish");
    await source.next("pingreq");
    expect(source.commands()).not.toContain("puback");
    source.send({ cmd: "pingresp" });

    expect(await source.next("puback")).toMatchObject({ messageId: 7 });
    expect(letter).toMatchObject({ qos: 0, topic: "dead" });
    expect(dataflow.counters.unconfirmed).toBe(1);
    expect(lines.filter(isWarning)).toHaveLength(1);
  });

  test("is nothing to tell of where no dead letters go there", async () => {
    const { lines } = await startWith({});

    expect(lines.filter(isWarning)).toEqual([]);
  });
});

describe("a source that announces less than a filter needs", () => {
  test.each<[string, object, Record<string, unknown>, string]>([
    ["no wildcards", { wildcardSubscriptionAvailable: false }, {}, "its broker has no wildcard subscriptions"],
    [
      "no shared subscriptions",
      { sharedSubscriptionAvailable: false },
      { profile: { instanceCount: 2 } },
      "its broker has no shared subscriptions",
    ],
  ])("is asked for nothing, and tried again slowly: %s", async (_case, properties, changes, text) => {
    const bench = await start(changes);
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept({ properties });
    await source.ended;

    expect(source.commands()).not.toContain("subscribe");
    await until(() => bench.dataflow.status.source.kind === "down");
    expect(bench.dataflow.status.source).toMatchObject({ reason: expect.stringContaining(text) });
    expect(bench.lines.at(-1)).toMatchObject({ retryInMs: 2000 });
  });

  test("gets no Subscription Identifier where it has none", async () => {
    const bench = await start();
    await (await bench.destination.next()).accept();
    const source = await bench.source.next();
    await source.accept({ properties: { subscriptionIdentifiersAvailable: false } });

    expect((await source.grant()).properties?.subscriptionIdentifier).toBeUndefined();
  });
});
