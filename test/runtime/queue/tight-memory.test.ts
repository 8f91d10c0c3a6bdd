import { setImmediate as turn } from "node:timers/promises";

import { Spooler } from "../../../runtime/disk/spooler.ts";
import { unboundedShare, type MemoryShare } from "../../../runtime/memory/budget.ts";
import { Lane } from "../../../runtime/memory/lane.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeDestination, ForwarderBench, limits, viewOfPublish } from "./fakes.ts";

const shareBytes = 10_000;

interface Change {
  readonly lane?: Lane;
  /** Bytes that the spool holds; omitted: there is none. */
  readonly spoolBytes?: number;
  readonly copies?: number;
}

/** A dataflow with 10,000 bytes of its own, and a lane for larger messages. */
function open({ lane = new Lane(20_000), spoolBytes, copies = 4 }: Change = {}) {
  const askForLarge = lane.ask.bind(lane);
  const memory: MemoryShare = { ...unboundedShare, bytes: shareBytes, longestBytes: lane.bytes, askForLarge };
  const bench = new ForwarderBench({ memory, undeliverable: "Discard", copies });
  const disk = new FakeDisk();
  if (spoolBytes !== undefined) {
    const rates = { messagesPerSecond: 0, bytesPerSecond: 0 };
    const settings = {
      maxBytes: spoolBytes,
      rates,
      qos: 1,
      now: () => bench.nowMs,
      onDamaged: () => "keep" as const,
    } as const;
    const spooler: Spooler = bench.forwarder.useSpool((waiting, forDisk, onDone) => {
      const queue = disk.open(() => spooler);
      return new Spooler({ ...settings, memory: forDisk }, waiting, queue, onDone);
    });
  }
  return { bench, disk, lane };
}

/** A message begins to arrive, as a connection takes it: it is handed over once there is room. */
function send(bench: ForwarderBench, messageId: number, payloadBytes: number, qos: 0 | 1 = 1): boolean {
  const view = viewOfPublish({ messageId, qos, payload: Buffer.alloc(payloadBytes, "x") });
  const room = bench.sourceSide.roomFor(view.end);
  if (room === undefined) throw new Error("it is passed over");
  const arrive = () => {
    view.room = room;
    bench.sourceSide.onPublish(view);
    view.leave();
  };
  if (room.isGranted) arrive();
  else room.onGranted = arrive;
  return room.isGranted;
}

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

  bench.destination = new FakeDestination();
  bench.destinationSide = bench.forwarder.openDestination(bench.destination, limits);
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

test.each([1000, 2000, 3000])(
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

test("a message with QoS 0 that was refused for the time being and is given up is refused no more", () => {
  jest.useFakeTimers();
  const { bench, lane } = open({ lane: new Lane(100_000), copies: 1 });
  send(bench, 1, 60_000, 0);
  bench.destinationSide.onPuback(1, 0x97);
  expect(bench.forwarder.destination.rejection).toContain('"a/b": 0x97');
  bench.destinationSide.close();
  const other = lane.ask(60_000);

  jest.advanceTimersByTime(10_000);

  expect([bench.counters.lost.qos0_no_room, other?.isGranted]).toEqual([1, true]);
  expect(bench.forwarder.destination.rejection).toBeUndefined();
  other?.release();
  jest.useRealTimers();
});
