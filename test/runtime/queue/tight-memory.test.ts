import { setImmediate as turn } from "node:timers/promises";

import { Lane } from "../../../runtime/memory/lane.ts";
import type { FakeDisk } from "./fake-disk.ts";
import { FakeDestination, FakeSource, type ForwarderBench, limits, sourceLimits, viewOfPublish } from "./fakes.ts";
import { open, send } from "./tight-bench.ts";

/** Lets the disk work and the destination acknowledge, as long as anything comes of it. */
async function settle(bench: ForwarderBench, disk: FakeDisk): Promise<void> {
  for (let acknowledged = 0, round = 0; round < 100; round++) {
    while (disk.work());
    await turn();
    bench.nowMs += 100;
    bench.forwarder.tick();
    for (const { messageId = 0 } of bench.destination.written.slice(acknowledged)) {
      acknowledged++;
      bench.destinationSide.onPuback(messageId, 0);
    }
  }
}

test.each([
  ["that fit into the share with their copies", 2000],
  ["that need the lane", 4000],
])("a full spool empties when its destination is back, with messages %s", async (_what, payloadBytes) => {
  const { bench, disk, lane } = open({ spoolBytes: 11_000 });
  bench.destinationSide.close();
  let sent = 0;
  while (!bench.source.isPaused && send(bench, ++sent, payloadBytes)) {
    while (disk.work());
    await turn();
  }
  expect(disk.rows.size).toBeGreaterThan(1);

  bench.reopenDestination();
  await settle(bench, disk);

  expect(bench.counters.delivered).toBe(sent);
  expect([disk.rows.size, lane.usedBytes, bench.source.isPaused]).toEqual([0, 0, false]);
});

test("a dataflow whose destination acknowledges nothing keeps no room from another one, for messages that fit into a share", () => {
  const lane = new Lane(20_000);
  const [stuck, other] = [open({ lane, copies: 2 }), open({ lane, copies: 2 })];
  for (let messageId = 1; send(stuck.bench, messageId, 2600); messageId++) expect(messageId).toBeLessThan(10);

  expect(send(other.bench, 1, 2600)).toBe(true);
});

test.each([1000, 2000, 3000, 4000])(
  "a disk that hangs holds nothing up that a destination takes: it keeps %d bytes of one message",
  async (payloadBytes) => {
    const { bench, disk } = open({ spoolBytes: 1_000_000 });
    send(bench, 1, payloadBytes);
    bench.nowMs += 1000;
    bench.forwarder.tick(); // the destination is slow: it is written, and the disk hangs from here on
    disk.isFailing = true;
    bench.destinationSide.onPuback(1, 0);

    for (let messageId = 2; messageId <= 100; messageId++) {
      expect(send(bench, messageId, 500)).toBe(true);
      expect(bench.source.isPaused).toBe(false);
      bench.destinationSide.onPuback(messageId, 0);
    }

    expect(bench.counters.delivered).toBe(100);
  },
);

test.each([
  ["one in flight whose destination has gone", (bench: ForwarderBench) => bench.destinationSide.close()],
  [
    "one that the destination refuses for the time being",
    (bench: ForwarderBench) => bench.destinationSide.onPuback(1, 0x97),
  ],
])("a message of nearly the largest size comes though a small one stays in memory: %s", async (_what, act) => {
  const { bench, disk } = open({ spoolBytes: 1_000_000 });
  send(bench, 1, 300);
  act(bench);
  while (disk.work());

  expect(send(bench, 2, 2400)).toBe(true);
});

describe("when others want the room of a large message", () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["setImmediate"] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Others ask for most of the lane and wait for it. */
  async function want(lane: Lane, { bench, disk }: Pick<ReturnType<typeof open>, "bench" | "disk">, seconds = 11) {
    const other = lane.ask(lane.bytes - 100);
    for (let second = 0; second < seconds; second++) {
      jest.advanceTimersByTime(1000);
      bench.nowMs += 1000;
      bench.forwarder.tick();
      while (disk.work());
      await turn();
    }
    return other;
  }

  async function turns(disk: FakeDisk): Promise<void> {
    for (let count = 0; count < 20; count++) {
      while (disk.work());
      await turn();
    }
  }

  test("that was read back and sent, it is read again later, and neither lost nor taken from the disk", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 100_000 });
    bench.destinationSide.close();
    for (const messageId of [1, 2, 3]) {
      send(bench, messageId, messageId === 2 ? 100 : 4000);
      await turns(disk);
    }
    bench.reopenDestination();
    await turns(disk);
    expect(bench.source.acknowledged).toEqual([1, 2, 3]);
    bench.destinationSide.close(); // before it has acknowledged anything

    const other = await want(lane, { bench, disk });

    expect([other?.isGranted, disk.rows.size, bench.counters.lost.qos0_no_room]).toEqual([true, 3, 0]);
    other?.release();
    bench.reopenDestination();
    await settle(bench, disk);
    expect(bench.counters.delivered).toBe(3);
    expect(bench.destination.written.map(({ payload }) => payload.length)).toEqual([4000, 100, 4000]);
    expect([disk.rows.size, lane.usedBytes]).toEqual([0, 0]);
  });

  test("that was written while it waited to be sent, it is read again later", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 100_000 });
    send(bench, 1, 4000);
    bench.destinationSide.close();
    await turns(disk);

    const other = await want(lane, { bench, disk });

    expect([other?.isGranted, disk.rows.size]).toEqual([true, 1]);
    other?.release();
    bench.reopenDestination();
    await settle(bench, disk);
    expect(bench.counters.delivered).toBe(1);
  });

  test("that waits for a disk without a place for it, its source sends it again", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 3000 });
    const view = viewOfPublish({ messageId: 1, payload: Buffer.alloc(4000, "x") });
    view.room = bench.sourceSide.roomFor(view.end);
    bench.destinationSide.close();
    bench.sourceSide.onPublish(view);

    await want(lane, { bench, disk });

    expect(bench.redeliveries).toContainEqual(expect.stringContaining("other dataflows need its memory"));
  });

  test("that waits for a full disk while another one has to leave that, its source sends it again, though the destination is there", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 8000 });
    bench.destinationSide.close();
    send(bench, 1, 500);
    const second = bench.forwarder.addSource().open(new FakeSource(), sourceLimits(true));
    // Both ask while there is a place on the disk for either one.
    const arrivals = [bench.sourceSide, second].map((side, index) => {
      const view = viewOfPublish({ messageId: 2 + index, payload: Buffer.alloc(4000, "x") });
      const room = side.roomFor(view.end)!;
      const arrive = () => {
        view.room = room;
        side.onPublish(view);
        view.leave();
      };
      room.onGranted = arrive;
      return arrive;
    });
    arrivals[0]?.();
    await turns(disk);
    expect([disk.rows.size, bench.forwarder.status.waiting]).toEqual([2, 1]);
    bench.reopenDestination();

    for (let round = 0; round < 20; round++) await want(lane, { bench, disk }, 1);

    expect(bench.redeliveries).toContainEqual(expect.stringContaining("other dataflows need its memory"));
  });

  test("the source is read on once nothing is held any more, though its destination is away", async () => {
    const { bench, disk, lane } = open({ lane: new Lane(30_000), spoolBytes: 100_000, copies: 3 });
    send(bench, 1, 6000);
    bench.destinationSide.close();
    await turns(disk);
    expect(bench.source.isPaused).toBe(true);

    await want(lane, { bench, disk });

    expect([bench.source.isPaused, bench.forwarder.status.heldBytes]).toEqual([false, 0]);
  });

  test("what a large message of QoS 0 without a place on the disk has kept from there is written once that is lost", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 3000 });
    send(bench, 1, 4000, 0);
    bench.destinationSide.close();
    send(bench, 2, 100);
    await turns(disk);
    expect(bench.source.acknowledged).toEqual([]);

    await want(lane, { bench, disk });

    expect([bench.counters.lost.qos0_no_room, bench.source.acknowledged]).toEqual([1, [2]]);
  });

  test("it stays where the disk has it in another order: one that was refused is written behind those that were sent after it", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 100_000 });
    for (const [messageId, bytes] of [
      [1, 2600],
      [2, 100],
      [3, 100],
    ] as const)
      send(bench, messageId, bytes);
    bench.destinationSide.onPuback(1, 0x97);
    bench.nowMs += 600;
    bench.forwarder.tick();
    await turns(disk);
    bench.destinationSide.close();

    const other = await want(lane, { bench, disk });

    other?.release();
    bench.reopenDestination();
    bench.endPause();
    await settle(bench, disk);
    expect([bench.counters.delivered, disk.rows.size]).toEqual([3, 0]);
  });

  test("a session that is kept gets it again under its identifier, and one that is lost under any", async () => {
    for (const sessionPresent of [true, false]) {
      const { bench, disk, lane } = open({ spoolBytes: 100_000 });
      send(bench, 1, 100);
      send(bench, 2, 4000);
      bench.acknowledge("x".repeat(100));
      bench.destinationSide.close();
      await turns(disk);
      const other = await want(lane, { bench, disk });
      expect(other?.isGranted).toBe(true);
      other?.release();

      bench.destination = new FakeDestination();
      bench.destinationSide = bench.forwarder.openDestination(bench.destination, { ...limits, sessionPresent });
      await turns(disk);

      expect(bench.destination.written).toMatchObject([
        { topic: "t/2", messageId: sessionPresent ? 2 : 1, dup: sessionPresent },
      ]);
    }
  });

  test("a dataflow that has stopped waits for no room to read from the disk", async () => {
    const { bench, disk, lane } = open({ spoolBytes: 100_000 });
    bench.destinationSide.close();
    send(bench, 1, 4000);
    await turns(disk);
    const other = lane.ask(lane.bytes);
    bench.reopenDestination();
    await turns(disk);

    bench.forwarder.end();
    other?.release();

    expect(lane.usedBytes).toBe(0);
  });
});

test("a message with QoS 0 that was refused for the time being and is given up is refused no more", () => {
  jest.useFakeTimers();
  const { bench, lane } = open({ lane: new Lane(100_000), copies: 1 });
  send(bench, 1, 60_000, 0);
  bench.destinationSide.onPuback(1, 0x97);
  expect(bench.forwarder.destination.rejection).toContain('"t/1": 0x97');
  bench.destinationSide.close();
  const other = lane.ask(60_000);

  jest.advanceTimersByTime(10_000);

  expect([bench.counters.lost.qos0_no_room, other?.isGranted]).toEqual([1, true]);
  expect(bench.forwarder.destination.rejection).toBeUndefined();
  other?.release();
  jest.useRealTimers();
});
