import { settle } from "../mqtt/scripted-broker.ts";
import { entryOf, FakeDestination, ForwarderBench, viewOfPublish } from "./fakes.ts";

const expiring = (messageExpiryInterval: number) => ({ properties: { messageExpiryInterval } });

describe("message expiry interval", () => {
  test.each([
    ["as it came where a message spent less than a second here", 999, 10],
    ["reduced by the whole seconds that a message spent here", 3700, 7],
  ])("is %s", (_case, waitedMs, left) => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arrive(1);
    bench.arrive(2, expiring(10));
    bench.nowMs = waitedMs;

    bench.acknowledge(1);

    expect(bench.destination.written[1]?.properties?.messageExpiryInterval).toBe(left);
  });

  test.each([9999, 10_000])("a message that waited %d ms of 10 s is forwarded or counted, not both", (waitedMs) => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arrive(1);
    bench.arrive(2, expiring(10));
    bench.nowMs = waitedMs;

    bench.acknowledge(1);

    const isExpired = waitedMs === 10_000;
    expect(bench.destination.written).toHaveLength(isExpired ? 1 : 2);
    expect(bench.counters.lost.expired).toBe(isExpired ? 1 : 0);
    expect(bench.source.acknowledged).toEqual(isExpired ? [1, 2] : [1]);
    expect(bench.troubles.map(({ kind }) => kind)).toEqual(isExpired ? ["expired"] : []);
  });

  test("a message without one never expires", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arriveMany(2);
    bench.nowMs = 1e12;

    bench.acknowledge(1);

    expect(bench.destination.written).toHaveLength(2);
  });

  test("is counted from the arrival each time that a message is sent", () => {
    const bench = new ForwarderBench();
    bench.nowMs = 1000;
    bench.arrive(1, expiring(10));

    bench.nowMs = 4000;
    const first = bench.reconnectDestination({ sessionPresent: false });
    bench.nowMs = 6000;
    const second = bench.destination;
    bench.reconnectDestination({ sessionPresent: false });

    const intervals = [first, second, bench.destination].map(
      ({ written }) => written[0]?.properties?.messageExpiryInterval,
    );
    expect(intervals).toEqual([10, 7, 5]);
  });

  test("one that a kept session knows is sent again, whatever its age, with the least interval there is", () => {
    const bench = new ForwarderBench();
    bench.arrive(1, expiring(10));
    bench.nowMs = 60_000;

    bench.reconnectDestination({ sessionPresent: true });

    expect(bench.destination.written).toMatchObject([{ dup: true, properties: { messageExpiryInterval: 1 } }]);
  });
});

describe("bytes in flight", () => {
  const payload = "x".repeat(1000);

  test("are bounded whatever the window", () => {
    const bench = new ForwarderBench({ maxInflightBytes: 3200 });
    for (let id = 1; id <= 5; id++) bench.arrive(id, { payload });

    expect(bench.destination.written).toHaveLength(3);

    bench.destinationSide.onPuback(1, 0);
    expect(bench.destination.written).toHaveLength(4);
  });

  test("one message may always be in flight, however large", () => {
    const bench = new ForwarderBench({ maxInflightBytes: 100 });
    bench.arrive(1, { payload });
    bench.arrive(2, { payload });

    expect(bench.destination.written).toHaveLength(1);
  });
});

test("a packet identifier of a message that has become too large is free again", () => {
  const bench = new ForwarderBench({ undeliverable: "Discard" });
  const view = viewOfPublish({ messageId: 1, payload: "x".repeat(100) });
  // More often than there are identifiers.
  for (let round = 0; round < 65_100; round++) {
    bench.sourceSide.onPublish(view);
    bench.destinationSide.close();
    const limits = { receiveMaximum: 10, retainAvailable: true };
    const port = new FakeDestination();
    bench.destinationSide = bench.forwarder.openDestination(port, {
      ...limits,
      sessionPresent: true,
      maximumPacketBytes: 50,
    });
    bench.destinationSide.close();
    bench.destinationSide = bench.forwarder.openDestination(port, {
      ...limits,
      sessionPresent: true,
      maximumPacketBytes: Infinity,
    });
  }
  bench.reconnectDestination({ sessionPresent: true });

  bench.arrive(2);

  expect(bench.destination.written[0]?.messageId).toBeGreaterThan(0);
});

test("draining ends when a side of the dataflow fails meanwhile", async () => {
  const bench = new ForwarderBench();
  bench.arriveMany(2);
  const drained = bench.forwarder.drain();

  bench.forwarder.end();

  await expect(drained).resolves.toBeUndefined();
  expect(bench.source.acknowledged).toEqual([]);
});

describe("a destination that swallows an acknowledgement", () => {
  /** Time passes, and is looked at as often as it is in life. */
  async function pass(bench: ForwarderBench, timeMs: number): Promise<void> {
    for (const endMs = bench.nowMs + timeMs; bench.nowMs < endMs; bench.nowMs += 100) {
      bench.forwarder.tick();
      await settle();
    }
  }

  test("is reported once the oldest message was left for the time-out, though others are acknowledged", async () => {
    const bench = new ForwarderBench({ stallTimeoutMs: 1000 });
    bench.arriveMany(3);
    await pass(bench, 500);
    bench.acknowledge(2);

    await pass(bench, 900);

    const reason = "acknowledged nothing of what it was sent within 1000 ms";
    expect(bench.stalls).toEqual([{ side: "destination", reason }]);
    expect([bench.counters.stalls, bench.forwarder.watchdog.stalls.destination]).toEqual([1, 1]);
  });

  test("is not reported while the oldest is acknowledged in time", async () => {
    const bench = new ForwarderBench({ stallTimeoutMs: 1000 });
    bench.arriveMany(3);
    for (let id = 1; id <= 3; id++) {
      await pass(bench, 900);
      bench.acknowledge(id);
    }

    expect(bench.stalls).toEqual([]);
  });

  test("is reported too where it takes no byte of what waits with QoS 0", async () => {
    const bench = new ForwarderBench({ qos: 0, stallTimeoutMs: 1000 });
    bench.destination.pendingBytes = 2 * 1024 * 1024;
    bench.arrive(1);

    await pass(bench, 1500);

    expect(bench.stalls).toMatchObject([{ side: "destination" }]);
  });
});

describe("a source that is owed an acknowledgement", () => {
  test("is not reported while its message waits for a destination that is away, or refuses it", async () => {
    const bench = new ForwarderBench({ stallTimeoutMs: 1000 });
    bench.arrive(1);
    bench.acknowledge(1, 0x87);
    bench.destinationSide.close();

    for (; bench.nowMs < 5000; bench.nowMs += 100) {
      bench.forwarder.tick();
      await settle();
    }

    expect(bench.stalls).toEqual([]);
  });

  test("is reported, as the fault of this program that it is, where nothing holds its message any more", async () => {
    const bench = new ForwarderBench({ stallTimeoutMs: 1000 });
    bench.sourceSide.expectAcknowledgement(entryOf()); // lost on its way

    for (; bench.nowMs < 1500; bench.nowMs += 100) {
      bench.forwarder.tick();
      await settle();
    }

    expect(bench.stalls).toMatchObject([{ side: "source", reason: expect.stringContaining("a fault of the relay") }]);
    expect(bench.forwarder.watchdog.stalls.source).toBe(1);
  });
});
