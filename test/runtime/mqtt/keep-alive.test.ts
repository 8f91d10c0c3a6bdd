import { startKeepAlive } from "../../../runtime/mqtt/keep-alive.ts";

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

  isPaused = () => this.paused;
  reads = () => this.read;
  lastWriteMs = () => this.lastWrite;
  pendingBytes = () => this.pending;
  ping = () => {
    this.pings.push(Date.now());
    this.lastWrite = Date.now();
    if (this.answersPings) setTimeout(() => this.read++, 1);
  };
  onTimeout = (silentMs: number) => this.timeouts.push(silentMs);
}

function start(change: (connection: FakeConnection) => void = () => {}) {
  const connection = new FakeConnection();
  change(connection);
  return { connection, stop: startKeepAlive(intervalMs, connection, () => Date.now()) };
}

/** Lets time pass in steps of which each does something. */
function pass(steps: number, each: () => void): void {
  for (let step = 0; step < steps; step++) {
    each();
    jest.advanceTimersByTime(checkMs);
  }
}

describe("startKeepAlive", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("pings an idle connection after 5/8 of the interval, long before the server gives it up", () => {
    const { connection } = start();

    jest.advanceTimersByTime(5 * checkMs - 1);
    expect(connection.pings).toEqual([]);

    jest.advanceTimersByTime(1);
    expect(connection.pings).toEqual([5 * checkMs]);
  });

  test("pings again and again while the server answers, and never times out", () => {
    const { connection } = start((fake) => (fake.answersPings = true));

    jest.advanceTimersByTime(10 * intervalMs);

    expect(connection.pings.length).toBeGreaterThanOrEqual(10);
    for (const [index, at] of connection.pings.entries())
      expect(at - (connection.pings[index - 1] ?? 0)).toBeLessThanOrEqual((6 / 8) * intervalMs);
    expect(connection.timeouts).toEqual([]);
  });

  test("pings though much is read, when nothing is written: the server counts what it gets", () => {
    const { connection } = start();

    pass(16, () => connection.read++);

    expect(connection.pings.length).toBeGreaterThanOrEqual(2);
    expect(connection.timeouts).toEqual([]);
  });

  test("pings though much is written, when nothing is read: QoS 0 is never answered", () => {
    const { connection } = start();

    pass(6, () => (connection.lastWrite = Date.now()));

    expect(connection.pings).toEqual([5 * checkMs]);
  });

  test("sends no ping while messages go both ways", () => {
    const { connection } = start();

    pass(40, () => {
      connection.read++;
      connection.lastWrite = Date.now();
    });

    expect(connection.pings).toEqual([]);
  });

  test("times out half an interval after a ping that nothing answers", () => {
    const { connection } = start();

    jest.advanceTimersByTime(5 * checkMs + intervalMs / 2 - 1);
    expect(connection.timeouts).toEqual([]);

    jest.advanceTimersByTime(1);
    expect(connection.timeouts).toEqual([9 * checkMs]);
  });

  test("times out though something was read before the ping", () => {
    const { connection } = start();
    connection.read++;

    jest.advanceTimersByTime(5 * checkMs + intervalMs / 2);

    expect(connection.timeouts).toEqual([8 * checkMs]); // as long as nothing has been heard since the first check
  });

  test("does not wait for a PINGRESP where anything else is read after the ping", () => {
    const { connection } = start();
    jest.advanceTimersByTime(5 * checkMs);

    connection.read++;
    jest.advanceTimersByTime(4 * checkMs);

    expect(connection.timeouts).toEqual([]);
  });

  test("takes no slow uplink for a dead one as long as waiting bytes leave", () => {
    const { connection } = start((fake) => (fake.pending = 1_000_000));

    pass(40, () => (connection.pending -= 10_000));

    expect(connection.pings).toHaveLength(1);
    expect(connection.timeouts).toEqual([]);
  });

  test("times out when waiting bytes leave no more", () => {
    const { connection } = start((fake) => (fake.pending = 1_000_000));
    pass(12, () => (connection.pending -= 10_000));

    jest.advanceTimersByTime(intervalMs / 2);

    expect(connection.timeouts).toHaveLength(1);
  });

  test("takes bytes that are added to a full socket for no progress", () => {
    const { connection } = start((fake) => (fake.pending = 1000));

    pass(10, () => (connection.pending += 1000));

    expect(connection.timeouts.length).toBeGreaterThanOrEqual(1);
  });

  test("does nothing any more once it is stopped", () => {
    const { connection, stop } = start();

    stop();
    jest.advanceTimersByTime(10 * intervalMs);

    expect([connection.pings, connection.timeouts]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is turned off by an interval of 0", () => {
    const connection = new FakeConnection();

    const stop = startKeepAlive(0, connection, () => Date.now());
    jest.advanceTimersByTime(1_000_000);
    stop();

    expect([connection.pings, connection.timeouts]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([intervalMs, 0])(
    "pings every two seconds while reading is stopped, with an interval of %d ms: an end shows in no other way",
    (interval) => {
      const connection = new FakeConnection();
      const stop = startKeepAlive(interval, connection, () => {
        connection.read++; // nothing else asks for a ping
        connection.lastWrite = Date.now();
        return Date.now();
      });
      jest.advanceTimersByTime(4000);
      expect(connection.pings).toEqual([]);

      connection.paused = true;
      jest.advanceTimersByTime(6000);
      expect(connection.pings).toEqual([6000, 8000, 10_000]);

      stop();
      jest.advanceTimersByTime(60_000);
      expect(connection.pings).toHaveLength(3);
      expect(connection.timeouts).toEqual([]);
    },
  );
});
