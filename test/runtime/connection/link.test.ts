import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { OldFilters } from "../../../runtime/connection/old-filters.ts";
import { Subscriptions } from "../../../runtime/connection/subscriptions.ts";
import type { Connection } from "../../../runtime/mqtt/connection.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { connectInMemory, settle } from "../mqtt/scripted-broker.ts";
import { LinkBench, type LinkChange } from "./link-bench.ts";

const benches: LinkBench[] = [];

function start(change: LinkChange = {}): LinkBench {
  const bench = new LinkBench(change);
  benches.push(bench);
  return bench;
}

afterEach(async () => {
  for (const bench of benches.splice(0)) {
    bench.link.stop();
    await bench.run;
  }
});

const peer = "source edge (broker.example:8883)";

describe("Link", () => {
  test("is up once the connection is accepted and prepared", async () => {
    let prepared: () => void = () => undefined;
    const bench = start({ prepare: () => new Promise((resolve) => (prepared = resolve)) });

    await (await bench.next()).accept();
    await settle();
    expect(bench.events).toEqual(["connected false"]);
    expect(bench.link.state).toEqual({ kind: "connecting" });

    prepared();
    await bench.reached("up");
    expect(bench.link.state).toEqual({ kind: "up" });
  });

  test("hands messages over that come before it is prepared: a kept session sends them at once", async () => {
    const bench = start({ prepare: () => new Promise(() => undefined) });
    const broker = await bench.next();
    await broker.accept({ sessionPresent: true });

    broker.send({ cmd: "publish", qos: 1, messageId: 1, dup: true, retain: false, topic: "a", payload: "" });
    broker.send({ cmd: "puback", messageId: 4 });
    await settle();

    expect(bench.events).toEqual(["connected true", "PUBLISH a", "PUBACK 4"]);
  });

  test("connects again when the connection breaks, and says why it was down", async () => {
    const bench = start();
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");

    first.stream.destroy();
    const second = await bench.next();
    await second.accept({ sessionPresent: true });
    await settle();

    expect(bench.events).toEqual(["connected false", "disconnected", "connected true"]);
    expect(bench.states).toEqual([
      { kind: "up" },
      { kind: "down", reason: `${peer} closed the connection` },
      { kind: "up" },
    ]);
  });

  test("reads credentials anew for each connection", async () => {
    let count = 0;
    const bench = start({
      readCredentials: async () => ({ proof: { username: `user-${++count}` } }),
      connectOptions: ({ proof }) => ({
        ...proof,
        peer,
        clientId: "c",
        cleanStart: true,
        sessionExpirySeconds: 0,
        keepAliveSeconds: 0,
        receiveMaximum: 1,
        timeoutMs: 1000,
      }),
    });

    const first = await (await bench.next()).accept({ reasonCode: 0x87 });
    const second = await (await bench.next()).accept();

    expect([first, second].map(({ username }) => String(username))).toEqual(["user-1", "user-2"]);
  });

  test.each([0x86, 0x87, 0x88, 0x97])("tries again when the broker refuses it with code %d", async (reasonCode) => {
    const bench = start();

    await (await bench.next()).accept({ reasonCode });
    await (await bench.next()).accept();
    await bench.reached("up");

    expect(bench.states.map(({ kind }) => kind)).toEqual(["down", "up"]);
  });

  test.each([
    ["does not take its client identifier", "connack"],
    ["gives its session to another client", "disconnect"],
  ] as const)("connects again, slowly, when the broker %s", async (_case, packet) => {
    const bench = start();
    const broker = await bench.next();
    if (packet === "connack") await broker.accept({ reasonCode: 0x85 });
    else {
      await broker.accept();
      await bench.reached("up");
      broker.send({ cmd: "disconnect", reasonCode: 0x8e });
    }

    const reasonCode = packet === "connack" ? 0x85 : 0x8e;
    const reason = expect.stringContaining(`0x${reasonCode.toString(16)}`) as string;
    expect(await bench.reached("down")).toEqual({ kind: "down", reason, reasonCode });
    expect(bench.waits).toEqual([2000]);
    await (await bench.next()).accept();
  });

  test.each([
    [
      "credentials can't be read",
      { readCredentials: () => Promise.reject(new ConnectionError("no token", { retry: "soon" })) },
      "no token",
    ],
    [
      "the stream can't be opened",
      { openStream: () => Promise.reject(new ConnectionError("no route", { retry: "soon" })) },
      "no route",
    ],
    ["anything else is thrown", { readCredentials: () => Promise.reject(new TypeError("a slip")) }, "a slip"],
    [
      "CONNECT can't be made",
      {
        connectOptions: () => {
          throw new TypeError("a slip");
        },
      },
      "a slip",
    ],
  ])("tries again when %s", async (_case, change, reason) => {
    const bench = start(change);

    expect(await bench.reached("down")).toEqual({ kind: "down", reason });
    expect(bench.events).toEqual([]);
  });

  test("ends a connection that could not be prepared, with the reason of that", async () => {
    const bench = start({ prepare: () => Promise.reject(new ConnectionError("no such filter", { retry: "slowly" })) });
    const broker = await bench.next();
    await broker.accept();

    expect(await bench.reached("down")).toEqual({ kind: "down", reason: "no such filter" });
    expect(bench.events).toEqual(["connected false", "disconnected"]);
    await broker.ended;
  });

  test.each([
    ["slowly", false, 2000],
    ["slowly", true, 1], // the fault of one message, which is gone
    ["soon", false, 1],
  ] as const)("waits after a failure of the kind %s, survived: %s, for %d ms", async (retry, isSurvived, waitMs) => {
    const bench = start({
      openStream: () => Promise.reject(new ConnectionError("refused", { retry })),
      survives: () => isSurvived,
    });

    await settleUntil(() => bench.waits.length >= 1);
    bench.link.stop();
    await bench.run;

    expect(bench.waits[0]).toBe(waitMs);
  });

  test("waits longer and longer, between the bounds", async () => {
    const bench = start({
      random: () => 0.999,
      openStream: () => Promise.reject(new Error("refused")),
      backoff: { minDelayMs: 1, maxDelayMs: 20 },
    });

    await settleUntil(() => bench.waits.length >= 5);

    expect(bench.waits.slice(0, 5).map(Math.round)).toEqual([3, 9, 20, 20, 20]);
  });

  test("takes no attempt that dragged on for a connection that lasted: the waits go on growing", async () => {
    let nowMs = 0;
    jest.spyOn(performance, "now").mockImplementation(() => nowMs);
    const bench = start({
      random: () => 0.999,
      backoff: { minDelayMs: 1, maxDelayMs: 20 },
      openStream: () => {
        nowMs += 30_000;
        return Promise.reject(new Error("no answer"));
      },
    });

    await settleUntil(() => bench.waits.length >= 3);

    expect(bench.waits.slice(0, 3).map(Math.round)).toEqual([3, 9, 20]);
  });

  test("waits shortly again after a connection that lasted", async () => {
    let nowMs = 0;
    jest.spyOn(performance, "now").mockImplementation(() => nowMs);
    const bench = start({ random: () => 0.999, backoff: { minDelayMs: 1, maxDelayMs: 20 } });
    for (const lastedMs of [10, 10, 10_001]) {
      const broker = await bench.next();
      await broker.accept();
      await settle();
      nowMs += lastedMs;
      broker.stream.destroy();
    }

    await settleUntil(() => bench.waits.length >= 3);

    expect(bench.waits.map(Math.round)).toEqual([3, 9, 3]);
  });

  test("settles its first attempt when that has failed", async () => {
    const bench = start({ openStream: () => Promise.reject(new Error("refused")) });

    await bench.link.firstAttempt;

    expect(bench.states[0]).toEqual({ kind: "down", reason: "refused" });
  });
});

async function settleUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

describe("stop", () => {
  test("says DISCONNECT and ends", async () => {
    const bench = start();
    const broker = await bench.next();
    await broker.accept();
    await bench.reached("up");

    bench.link.stop();
    bench.link.stop();
    await bench.run;

    expect(broker.commands()).toEqual(["connect", "disconnect"]);
    expect(bench.link.state).toEqual({ kind: "stopped" });
    expect(bench.events).toEqual(["connected false", "disconnected"]);
  });

  test("ends a connection that waits for its CONNACK", async () => {
    const bench = start();
    const broker = await bench.next();
    await broker.next("connect");

    bench.link.stop();
    await bench.run;

    expect(bench.link.state).toEqual({ kind: "stopped" });
    expect(bench.events).toEqual([]);
  });

  test("ends the wait between two attempts", async () => {
    const bench = start({
      openStream: () => Promise.reject(new Error("refused")),
      backoff: { minDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    await bench.reached("down");

    bench.link.stop();
    await bench.run;

    expect(bench.link.state).toEqual({ kind: "stopped" });
  });

  test("tells what is being opened to give up", async () => {
    const bench = start({
      openStream: (_credentials, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reject(new ConnectionError("given up", { retry: "soon" }));
          });
        }),
    });
    await settle();

    bench.link.stop();
    await bench.run;

    expect(bench.states).toEqual([{ kind: "stopped" }]);
  });

  test("before the first attempt has ended settles that attempt", async () => {
    const bench = start();
    await bench.next();

    bench.link.stop();

    await expect(bench.link.firstAttempt).resolves.toBeUndefined();
  });
});

describe("a link that subscribes", () => {
  const request = { filters: ["a/#"], qos: 1 as const, peer, endpoint: "edge" };
  const log = createLog("error", { write: () => undefined });
  const subscribing: LinkChange = {
    prepare: (connection, limits) =>
      new Subscriptions(connection, limits, request, new OldFilters(["a/#"], []), log).subscribe(),
  };

  test("subscribes again in a kept session when the SUBACK never came", async () => {
    const bench = start(subscribing);
    const first = await bench.next();
    await first.accept();
    await first.next("subscribe");
    first.stream.destroy(); // the SUBACK is lost with it

    const second = await bench.next();
    await second.accept({ sessionPresent: true });
    const { subscriptions } = await second.grant();
    await bench.reached("up");

    expect(subscriptions).toEqual([{ topic: "a/#", qos: 1, nl: false, rap: true, rh: 1 }]);
  });

  test("is not up before the SUBACK", async () => {
    const bench = start(subscribing);
    const broker = await bench.next();
    await broker.accept();

    await broker.next("subscribe");
    await settle();

    expect(bench.link.state).toEqual({ kind: "connecting" });
  });

  test("gives the reason of the connection's end, not that of the subscription that failed with it", async () => {
    const bench = start(subscribing);
    const broker = await bench.next();
    await broker.accept();
    await broker.next("subscribe");

    broker.send({ cmd: "disconnect", reasonCode: 0x8b });

    expect(await bench.reached("down")).toEqual({
      kind: "down",
      reason: `${peer} ended the connection: 0x8b Server shutting down`,
      reasonCode: 0x8b,
    });
  });
});

describe("a fault of this program", () => {
  test("ends the connection, is handed over with its stack, and is not called the broker's", async () => {
    const faults: ConnectionError[] = [];
    const bench = start({
      onFault: (error) => faults.push(error),
      onPublish: () => {
        throw new TypeError("a slip");
      },
    });
    const broker = await bench.next();
    await broker.accept();
    await bench.reached("up");

    broker.send({ cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false, topic: "a", payload: "" });
    const state = await bench.reached("down");

    const reason = `${peer} was left because of a fault of the relay: a slip`;
    expect(state).toEqual({ kind: "down", reason });
    expect(faults).toMatchObject([{ message: reason, end: "fault", cause: { message: "a slip" } }]);
    await (await bench.next()).accept();
  });

  test("at the end of a connection does not keep the link from connecting again", async () => {
    const faults: ConnectionError[] = [];
    let isFirst = true;
    const bench = start({
      onFault: (error) => faults.push(error),
      onClose: () => {
        if (isFirst) throw new TypeError("a slip");
      },
    });
    const broker = await bench.next();
    await broker.accept();
    await bench.reached("up");

    broker.stream.destroy();
    await bench.reached("down");
    isFirst = false;
    await (await bench.next()).accept();

    expect(faults).toMatchObject([{ end: "fault", message: "a slip" }]);
  });
});

test("a connection on which nothing can be sent any more is brought to rest at once, and heard to its end", async () => {
  const signals: AbortSignal[] = [];
  const bench = start({ quiesce: async (signal) => void signals.push(signal) });
  const broker = await bench.next();
  await broker.accept();
  await bench.reached("up");

  bench.client?.emit("failing", () => undefined); // as a socket does whose write has failed
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  broker.send({ cmd: "puback", messageId: 7, reasonCode: 0 }, { cmd: "disconnect", reasonCode: 0x8e });

  expect(await bench.reached("down")).toMatchObject({ reasonCode: 0x8e });
  expect(bench.events).toEqual(["connected false", "PUBACK 7", "disconnected"]);
});

test("a connection on which nothing can be sent any more is left at once where it is not read", async () => {
  const quiesce = jest.fn(async () => Promise.resolve());
  let opened: Connection | undefined;
  const bench = start({ quiesce, prepare: async (connection) => void (opened = connection) });
  await (await bench.next()).accept();
  await bench.reached("up");
  const close = jest.fn();

  opened?.setPaused(true);
  bench.client?.emit("failing", close);

  expect(close).toHaveBeenCalledTimes(1);
  expect(quiesce).not.toHaveBeenCalled();
});

test("a connection whose CONNECT could not be sent whole takes nothing, though a CONNACK follows", async () => {
  const quiesce = jest.fn(async () => Promise.resolve());
  const bench = start({ quiesce });
  const broker = await bench.next();
  await settle();

  bench.client?.emit("failing", () => undefined);
  await broker.accept();
  await bench.reached("up");

  expect(quiesce).toHaveBeenCalledTimes(1);
});

describe("a connection that is replaced", () => {
  /** A link whose test holds `replace` of the connection of today, and sees what is done to bring it to rest. */
  function startReplaceable(change: LinkChange = {}) {
    const order: string[] = [];
    let replace: () => Promise<void> = () => Promise.reject(new Error("no connection"));
    const bench = start({
      watchCredentials: (_connection, _used, given) => {
        replace = given;
        order.push("watched");
        return () => order.push("unwatched");
      },
      quiesce: async () => void order.push("at rest"),
      ...change,
    });
    return { bench, order, replace: () => replace() };
  }

  test("gives way to one whose stream was opened before, in the session that the broker kept", async () => {
    const { bench, order, replace } = startReplaceable();
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");

    const replacing = replace();
    const second = await bench.next(); // its stream is open while the first goes on
    expect(first.commands()).toEqual(["connect"]);
    await replacing;
    await first.next("disconnect");
    first.stream.end();
    const connect = await second.accept({ sessionPresent: true });
    await settle();

    expect(connect.clean).toBe(false);
    expect(order).toEqual(["watched", "at rest", "unwatched", "watched"]);
    expect(bench.events).toEqual(["connected false", "disconnected", "connected true"]);
    expect(bench.states.map(({ kind }) => kind)).toEqual(["up", "connecting", "up"]);
    expect(bench.waits).toEqual([]);
  });

  test("starts with short waits again where it and those before it lasted, though the last one did not", async () => {
    let nowMs = 0;
    jest.spyOn(performance, "now").mockImplementation(() => nowMs);
    const { bench, replace } = startReplaceable({ random: () => 0.9, backoff: { minDelayMs: 1, maxDelayMs: 1000 } });
    for (let count = 0; count < 4; count++) (await bench.next()).stream.destroy();
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");
    nowMs = 20_000; // a good connection

    const replacing = replace();
    const second = await bench.next();
    await replacing;
    first.stream.end();
    await second.accept({ sessionPresent: true });
    await settle();
    second.stream.destroy();
    await (await bench.next()).accept();

    expect(bench.waits.at(-2)).toBeGreaterThan(10);
    expect(bench.waits.at(-1)).toBeLessThan(4);
  });

  test("stays when the other stream can't be opened", async () => {
    let opened = 0;
    const { client, broker } = connectInMemory();
    const { bench, order, replace } = startReplaceable({
      openStream: async () => {
        if (++opened > 1) throw new ConnectionError("unknown CA", { retry: "soon" });
        return client;
      },
    });
    await broker.accept();
    await bench.reached("up");

    await expect(replace()).rejects.toThrow("unknown CA");

    expect(order).toEqual(["watched"]);
    expect(bench.link.state).toEqual({ kind: "up" });
    expect(broker.commands()).toEqual(["connect"]);
  });

  test("stays when the server ends the other stream before CONNECT: it does not take the certificate", async () => {
    const { bench, order, replace } = startReplaceable();
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");

    const replacing = replace();
    (await bench.next()).stream.destroy();

    await expect(replacing).rejects.toThrow("the server closed the connection before CONNECT");
    expect(order).toEqual(["watched"]);
    expect(bench.link.state).toEqual({ kind: "up" });
  });

  test("is made anew as ever when the other stream breaks while the old one comes to rest", async () => {
    let atRest: () => void = () => undefined;
    const { bench, replace } = startReplaceable({ quiesce: () => new Promise((resolve) => (atRest = resolve)) });
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");

    const replacing = replace();
    const second = await bench.next();
    await new Promise((resolve) => setTimeout(resolve, 600));
    second.stream.destroy();
    await settle();
    atRest();
    await replacing;
    first.stream.end();
    const third = await bench.next();
    await third.accept({ sessionPresent: true });
    await settle();

    expect(bench.events).toEqual(["connected false", "disconnected", "connected true"]);
  });

  test.each(["while the other stream is opened", "while it comes to rest"])(
    "is not replaced where it ends on its own %s: its successor stays as it is",
    async (when) => {
      const streams: { open: () => void }[] = [];
      const signals: AbortSignal[] = [];
      const { bench, order, replace } = startReplaceable({
        quiesce: async (signal) => {
          order.push("held");
          signals.push(signal);
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        },
        readCredentials: async () => {
          // The second one is that of the replacement.
          if (streams.length === 1 && when.includes("opened"))
            await new Promise<void>((resolve) => streams.push({ open: resolve }));
          else streams.push({ open: () => undefined });
          return { proof: {} };
        },
      });
      const first = await bench.next();
      await first.accept();
      await bench.reached("up");

      const replacing = replace().catch(() => undefined);
      if (when.includes("rest")) {
        await bench.next();
        while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      } else while (streams.length < 2) await settle();
      first.stream.destroy();
      const second = await bench.next();
      await second.accept({ sessionPresent: true });
      while (bench.link.state.kind !== "up") await settle();
      streams[1]?.open(); // too late
      await replacing;
      await settle();

      expect(bench.link.state).toEqual({ kind: "up" });
      expect(order.filter((event) => event === "held")).toHaveLength(when.includes("rest") ? 1 : 0);
      expect(signals.every(({ aborted }) => aborted)).toBe(true);
      expect(second.commands()).toEqual(["connect"]);
    },
  );

  test("has one successor, however often it is to be replaced while the server is slow to close it", async () => {
    const { bench, replace } = startReplaceable();
    const first = await bench.next();
    await first.accept();
    await bench.reached("up");

    const replacing = replace();
    const second = await bench.next();
    await replacing;
    await first.next("disconnect");
    await replace();
    first.stream.end();
    await second.accept({ sessionPresent: true });
    await settle();

    expect(bench.opened).toBe(2);
    expect(bench.events).toEqual(["connected false", "disconnected", "connected true"]);
  });

  test("does not come back once the link is stopped", async () => {
    let atRest: () => void = () => undefined;
    const { bench, replace } = startReplaceable({ quiesce: () => new Promise((resolve) => (atRest = resolve)) });
    await (await bench.next()).accept();
    await bench.reached("up");

    const replacing = replace();
    const second = await bench.next();
    await new Promise((resolve) => setTimeout(resolve, 600));
    bench.link.stop();
    atRest();
    await replacing;
    await second.ended;

    expect(second.commands()).toEqual([]);
  });
});
