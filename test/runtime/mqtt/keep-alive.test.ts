import { startKeepAlive } from "../../../runtime/mqtt/keep-alive.ts";
import { settle } from "./scripted-broker.ts";

const intervalMs = 8000;
/** A check comes every eighth of the interval. */
const checkMs = intervalMs / 8;

/** A connection of which nothing is seen but times and bytes. */
class FakeConnection {
  readonly pings: number[] = [];
  readonly timeouts: number[] = [];
  read = 0;
  lastWrite = 0;
  pending = 0;
  answersPings = false;
  paused = false;

  given = 0;
  /** What the kernel holds; `undefined` on a system that does not tell. */
  queued: number | undefined;

  readonly traffic = {
    isPaused: () => this.paused,
    readBytes: () => this.read,
    givenBytes: () => this.given,
    pendingBytes: () => this.pending,
    sendQueue: () =>
      Promise.resolve(this.queued === undefined ? undefined : { bytes: this.queued, isWindowClosed: false }),
  };
  lastWriteMs = () => this.lastWrite;
  ping = () => {
    this.pings.push(Date.now());
    this.lastWrite = Date.now();
    this.given += 2;
    if (this.answersPings) setTimeout(() => this.read++, 1);
  };
  onTimeout = (silentMs: number) => this.timeouts.push(silentMs);
}

const started: (() => void)[] = [];

function start(change: (connection: FakeConnection) => void = () => {}) {
  const connection = new FakeConnection();
  change(connection);
  const stop = startKeepAlive(intervalMs, connection, () => Date.now());
  started.push(stop);
  return { connection, stop };
}

/** Lets time pass in steps of which each does something. */
async function pass(steps: number, each: () => void): Promise<void> {
  for (let step = 0; step < steps; step++) {
    each();
    await advance(checkMs);
  }
}

/** Lets time pass, and everything happen that needs none. */
async function advance(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
  await settle();
}

describe("startKeepAlive", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0, doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
  });
  afterEach(() => {
    for (const stop of started.splice(0)) stop();
    jest.useRealTimers();
  });

  test("pings an idle connection after 5/8 of the interval, long before the server gives it up", async () => {
    const { connection } = start();

    await advance(5 * checkMs - 1);
    expect(connection.pings).toEqual([]);

    await advance(1);
    expect(connection.pings).toEqual([5 * checkMs]);
  });

  test("pings again and again while the server answers, and never times out", async () => {
    const { connection } = start((fake) => (fake.answersPings = true));

    await advance(10 * intervalMs);

    expect(connection.pings.length).toBeGreaterThanOrEqual(10);
    for (const [index, at] of connection.pings.entries())
      expect(at - (connection.pings[index - 1] ?? 0)).toBeLessThanOrEqual((6 / 8) * intervalMs);
    expect(connection.timeouts).toEqual([]);
  });

  test("pings though much is read, when nothing is written: the server counts what it gets", async () => {
    const { connection } = start();

    await pass(16, () => connection.read++);

    expect(connection.pings.length).toBeGreaterThanOrEqual(2);
    expect(connection.timeouts).toEqual([]);
  });

  test("pings though much is written, when nothing is read: QoS 0 is never answered", async () => {
    const { connection } = start();

    await pass(6, () => (connection.lastWrite = Date.now()));

    expect(connection.pings).toEqual([5 * checkMs]);
  });

  test("sends no ping while messages go both ways", async () => {
    const { connection } = start();

    await pass(40, () => {
      connection.read++;
      connection.lastWrite = Date.now();
    });

    expect(connection.pings).toEqual([]);
  });

  test("times out half an interval after a ping that nothing answers", async () => {
    const { connection } = start();

    await advance(5 * checkMs + intervalMs / 2 - 1);
    expect(connection.timeouts).toEqual([]);

    await advance(1);
    expect(connection.timeouts).toEqual([9 * checkMs]);
  });

  test("times out though something was read before the ping", async () => {
    const { connection } = start();
    connection.read++;

    await advance(5 * checkMs + intervalMs / 2);

    expect(connection.timeouts).toEqual([8 * checkMs]); // as long as nothing has been heard since the first check
  });

  test("does not wait for a PINGRESP where anything else is read after the ping", async () => {
    const { connection } = start();
    await advance(5 * checkMs);

    connection.read++;
    await advance(4 * checkMs);

    expect(connection.timeouts).toEqual([]);
  });

  test("takes no slow uplink for a dead one as long as waiting bytes leave", async () => {
    const { connection } = start((fake) => (fake.pending = fake.given = 1_000_000));

    await pass(40, () => (connection.pending -= 10_000));

    expect(connection.pings).toHaveLength(1);
    expect(connection.timeouts).toEqual([]);
  });

  test("times out when waiting bytes leave no more", async () => {
    const { connection } = start((fake) => (fake.pending = fake.given = 1_000_000));
    await pass(12, () => (connection.pending -= 10_000));
    expect(connection.timeouts).toEqual([]);

    await pass(140, () => undefined); // what has left may wait in a proxy on a link of 8 kB/s

    expect(connection.timeouts.length).toBeGreaterThanOrEqual(1);
  });

  test("takes bytes that are added to a full socket for no progress", async () => {
    const { connection } = start((fake) => (fake.pending = fake.given = 1000));

    await pass(10, () => {
      connection.pending += 1000;
      connection.given += 1000;
    });

    expect(connection.timeouts.length).toBeGreaterThanOrEqual(1);
  });

  test("takes no slow uplink for a dead one while the kernel's queue of what came before the ping drains", async () => {
    const { connection } = start((fake) => {
      fake.given = 1_000_000;
      fake.queued = 1_000_000;
    });

    await pass(40, () => (connection.queued! -= 10_000));

    expect(connection.timeouts).toEqual([]);
  });

  test("takes what the kernel takes behind the ping for no progress: that of a hung server takes it too", async () => {
    const { connection } = start((fake) => (fake.queued = 0));

    await pass(12, () => (connection.given += 1000));

    expect(connection.timeouts.length).toBeGreaterThanOrEqual(1);
  });

  test("waits longer for an answer to a large message that left at once: a proxy may have it on a slow link", async () => {
    const { connection } = start((fake) => (fake.queued = 0));
    connection.read++;
    await advance(checkMs);
    connection.given += 400_000;

    await pass(3 + 4 + 400_000 / 8000, () => undefined); // a check takes a second
    expect(connection.timeouts).toEqual([]);
    await pass(2, () => undefined);

    expect(connection.timeouts.length).toBeGreaterThanOrEqual(1);
  });

  test("reads an answer that came while the process was paused before it judges", async () => {
    const { connection } = start();
    await advance(5 * checkMs);
    expect(connection.pings).toHaveLength(1);

    for (let check = 0; check < 3; check++) await advance(checkMs);
    // The timer runs first, and the socket is read after it.
    setImmediate(() => connection.read++);
    await advance(checkMs);

    expect(connection.timeouts).toEqual([]);
  });

  test("does not count the time of a pause against the server", async () => {
    const { connection } = start();
    await advance(5 * checkMs);

    jest.setSystemTime(Date.now() + 10 * intervalMs);
    await advance(checkMs);

    expect(connection.timeouts).toEqual([]);
  });

  test("does nothing any more once it is stopped", async () => {
    const { connection, stop } = start();

    stop();
    await advance(10 * intervalMs);

    expect([connection.pings, connection.timeouts]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is turned off by an interval of 0", async () => {
    const connection = new FakeConnection();

    const stop = startKeepAlive(0, connection, () => Date.now());
    await advance(1_000_000);
    stop();

    expect([connection.pings, connection.timeouts]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([intervalMs, 0])(
    "pings every two seconds while reading is stopped, with an interval of %d ms: an end shows in no other way",
    async (interval) => {
      const connection = new FakeConnection();
      const stop = startKeepAlive(interval, connection, () => {
        connection.read++; // nothing else asks for a ping
        connection.lastWrite = Date.now();
        return Date.now();
      });
      await advance(4000);
      expect(connection.pings).toEqual([]);

      connection.paused = true;
      await advance(6000);
      expect(connection.pings).toEqual([6000, 8000, 10_000]);

      stop();
      await advance(60_000);
      expect(connection.pings).toHaveLength(3);
      expect(connection.timeouts).toEqual([]);
    },
  );
});
