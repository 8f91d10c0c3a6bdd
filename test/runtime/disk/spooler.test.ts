import type { IPublishPacket } from "mqtt-packet";

import type { Row } from "../../../runtime/disk/spool.ts";
import type { SpoolMemory } from "../../../runtime/disk/read-back.ts";
import { Spooler } from "../../../runtime/disk/spooler.ts";
import { encodePublish, stampExpiry, type EncodedPublish } from "../../../runtime/mqtt/publish.ts";
import { createEntry } from "../../../runtime/queue/entry.ts";
import { WaitingQueue } from "../../../runtime/queue/waiting-queue.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { FakeDisk } from "../queue/fake-disk.ts";
import { ForwarderBench, viewOfPublish } from "../queue/fakes.ts";

const { source: session } = new ForwarderBench().forwarder;

const boundless: SpoolMemory = {
  portionBytes: 4 * 1024 * 1024,
  roomFor: () => ({ isGranted: true, onGranted: () => undefined, release: () => undefined }),
  allocated: () => undefined,
};

/** A spooler on a disk, as each process makes one. */
function open(disk: FakeDisk, memory = boundless, maxBytes = 1e6) {
  const waiting = new WaitingQueue();
  const rates = { messagesPerSecond: 0, bytesPerSecond: 0 };
  const damaged: Row[] = [];
  const onDamaged = (row: Row) => {
    damaged.push(row);
    return "forget" as const;
  };
  const options = { maxBytes, rates, qos: 1 as const, now: () => 0, onDamaged };
  const queue = disk.open(() => spooler);
  const spooler = new Spooler({ memory, ...options }, waiting, queue, () => undefined);
  return { spooler, waiting, queue, damaged };
}

function encodeExpiring(messageExpiryInterval: number): EncodedPublish {
  const view = viewOfPublish({ properties: { messageExpiryInterval } }).scanProperties();
  return encodePublish(view, { qos: 1, retain: false });
}

function expiryOf(packet: Uint8Array): number | undefined {
  return (decode(Buffer.from(packet))[0] as IPublishPacket).properties?.messageExpiryInterval;
}

describe("a message with an expiry interval that is written while it is in flight", () => {
  test("has on the disk the interval that it came with, whatever was left when it was sent", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk);
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);

    spooler.cover(createEntry(publish, 1, session, -3000));
    disk.work();

    expect([...disk.rows.values()].map(({ packet }) => expiryOf(packet))).toEqual([10]);
  });

  test("keeps its bytes, which may be in the destination's socket still", () => {
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);
    const sent = Buffer.from(publish.packet);

    open(new FakeDisk()).spooler.cover(createEntry(publish, 1, session, -3000));

    expect(publish.packet).toEqual(sent);
    expect(publish.expirySeconds).toBe(10);
  });

  test("comes back with its whole interval and its whole age, so that the age is taken off once", () => {
    const disk = new FakeDisk();
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);
    open(disk).spooler.cover(createEntry(publish, 1, session, -3000));
    disk.work();

    const next = open(disk);
    next.spooler.refill();
    disk.work();

    expect(next.waiting.toArray()).toMatchObject([{ arrivedMs: -3000, publish: { expirySeconds: 10 } }]);
  });

  test("has the least interval there is on the wire and its own on the disk, once a kept session has to get it again", () => {
    const disk = new FakeDisk();
    const publish = encodeExpiring(2);
    stampExpiry(publish, 1);

    open(disk).spooler.cover(createEntry(publish, 1, session, -60_000));
    disk.work();

    expect(expiryOf(publish.packet)).toBe(1);
    expect([...disk.rows.values()].map(({ packet }) => expiryOf(packet))).toEqual([2]);
  });
});

describe("a message that can't be read back", () => {
  const row = { arrivedMs: 0, inputTopic: "in/a", packetBytes: 0, packet: new Uint8Array(0), isDeadLetter: false };

  /** A spooler whose disk gives a good message on both sides of this one. */
  async function readBack(damaged: Partial<Row>) {
    const disk = new FakeDisk();
    const good = encodePublish(viewOfPublish({ topic: "in/good" }), { qos: 1, retain: false }).packet;
    for (const sequence of [1, 3])
      disk.rows.set(sequence, { ...row, sequence, packet: good, packetBytes: good.length });
    disk.rows.set(2, { ...row, sequence: 2, ...damaged });
    disk.lastSequence = 3;
    const bench = open(disk);
    bench.spooler.refill();
    disk.work();
    while (disk.work());
    return { ...bench, disk };
  }

  test.each<[string, Partial<Row>, string]>([
    ["has no packet", { damage: "it has no packet" }, "it has no packet"],
    ["is no PUBLISH", { packet: Buffer.from([0x30, 0x7f, 0]) }, "it is no PUBLISH"],
    ["is of no byte", { packet: new Uint8Array(0) }, "it is no PUBLISH"],
  ])("is named and taken from the disk, and those around it come: it %s", async (_case, damaged, reason) => {
    const { waiting, damaged: named, disk } = await readBack(damaged);

    expect(waiting.toArray().map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect(named).toMatchObject([{ sequence: 2, inputTopic: "in/a", damage: expect.stringContaining(reason) }]);
    expect([...disk.rows.keys()]).toEqual([1, 3]);
  });
});

describe("a dead letter that goes through the disk", () => {
  test("comes back as one", () => {
    const disk = new FakeDisk();
    const entry = createEntry(encodePublish(viewOfPublish({}), { qos: 1, retain: false }), 1, session, 0);
    entry.isDeadLetter = true;
    open(disk).spooler.push(entry);
    disk.work();

    const next = open(disk);
    next.spooler.refill();
    disk.work();

    expect(next.waiting.toArray()).toMatchObject([{ isDeadLetter: true }]);
  });
});

describe("a disk that fails", () => {
  const message = () => createEntry(encodePublish(viewOfPublish({}), { qos: 1, retain: false }), 1, session, 0);

  test("is given no message, which waits in memory as pending write, and gets all of them once it works", () => {
    const disk = new FakeDisk();
    const { spooler, queue } = open(disk);
    disk.isFailing = true;
    spooler.push(message());
    spooler.push(message());
    expect([queue.lastSequence, spooler.pendingLength, spooler.isSettled]).toEqual([0, 2, false]);

    disk.isFailing = false;
    spooler.onWorks();
    while (disk.work());

    expect([[...disk.rows.keys()], spooler.pendingLength, spooler.isSettled]).toEqual([[1, 2], 0, true]);
  });
});

describe("what is on its way to the disk", () => {
  const message = () => createEntry(encodePublish(viewOfPublish({}), { qos: 1, retain: false }), 1, session, 0);
  const size = message().publish.length;
  const memory = { ...boundless, portionBytes: 2 * size };

  test("is no more than a portion, whatever waits, and the rest follows it", () => {
    const disk = new FakeDisk();
    const { spooler, queue } = open(disk, memory);
    for (let count = 0; count < 5; count++) spooler.push(message());
    expect([queue.writingBytes, spooler.isFull, spooler.isSettled]).toEqual([2 * size, false, false]);

    let most = 0;
    while (disk.work()) most = Math.max(most, queue.writingBytes);

    expect(most).toBeLessThanOrEqual(2 * size);
    expect([disk.rows.size, spooler.pendingLength, queue.writingBytes, spooler.isSettled]).toEqual([5, 0, 0, true]);
  });

  test("comes before what asks for a place on the disk: whatever waits in memory has that first", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk, memory, 10 * size);
    expect([spooler.hasPlaceFor(10 * size), spooler.hasPlaceFor(10 * size + 1)]).toEqual([true, false]);

    for (let count = 0; count < 3; count++) spooler.push(message()); // one more than may be on its way
    expect(spooler.hasPlaceFor(1)).toBe(false);
    workAll(disk);

    expect([spooler.hasPlaceFor(7 * size), spooler.hasPlaceFor(7 * size + 1)]).toEqual([true, false]);
  });

  test("may be one message that is larger than a portion", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk, { ...boundless, portionBytes: 1 });
    for (let count = 0; count < 3; count++) spooler.push(message());
    workAll(disk);

    expect(disk.rows.size).toBe(3);
  });

  test("holds up messages that stay in memory too, and says that there are more of them", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk, memory);
    const messages = [1, 2, 3].map(message);

    expect(spooler.coverOlder(messages, 0)).toBe(true);
    expect(messages.map(({ sequence }) => sequence)).toEqual([1, 2, 0]);
    workAll(disk);
    expect(spooler.coverOlder(messages, 0)).toBe(false);
    workAll(disk);

    expect(disk.rows.size).toBe(3);
  });

  test("is not all as long as a message waits behind it that nobody else keeps", () => {
    const { spooler, queue } = open(new FakeDisk(), memory);
    Object.assign(queue, { writingBytes: 2 * size }); // of messages that were delivered meanwhile
    spooler.push(message());

    expect([spooler.pendingLength, spooler.isSettled]).toEqual([1, false]);
  });

  test("does not promise more where the disk fails", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk, memory);
    disk.isFailing = true;

    expect(spooler.coverOlder([message()], 0)).toBe(false);
  });
});

describe("a message that waits because the spool is full", () => {
  const message = () => createEntry(encodePublish(viewOfPublish({}), { qos: 1, retain: false }), 1, session, 0);
  const size = message().publish.length;

  test("is written once a commit shows that the others take less than was counted", () => {
    const disk = new FakeDisk();
    disk.countedAboveBytes = 1;
    const { spooler } = open(disk, boundless, 2 * size);
    spooler.push(message());
    spooler.push(message());
    expect(spooler.isFull).toBe(true);

    workAll(disk);

    expect([disk.rows.size, spooler.pendingLength, spooler.isSettled]).toEqual([2, 0, true]);
  });

  test("is written once another one has gone, which counts until that is committed", () => {
    const disk = new FakeDisk();
    const { spooler, waiting } = open(disk, boundless, size);
    spooler.push(message());
    workAll(disk);
    spooler.refill();
    workAll(disk);
    const first = waiting.shift();
    spooler.push(message());
    expect([first?.sequence, spooler.isFull]).toEqual([1, true]);

    if (first !== undefined) spooler.remove(first);
    workAll(disk);

    expect([[...disk.rows.keys()], spooler.pendingLength, spooler.isSettled]).toEqual([[2], 0, true]);
  });
});

/** Does all that was asked for. */
function workAll(disk: FakeDisk): void {
  while (disk.work());
}

describe("a message on the disk that is larger than a portion", () => {
  /** Memory whose rooms the test grants. */
  function limited() {
    const rooms: {
      bytes: number;
      isGranted: boolean;
      isReleased: boolean;
      onGranted: () => void;
      release: () => void;
    }[] = [];
    const memory: SpoolMemory = {
      portionBytes: 1000,
      roomFor: (bytes) => {
        const room = {
          bytes,
          isGranted: false,
          isReleased: false,
          onGranted: () => undefined,
          release: () => undefined,
        };
        room.release = () => void (room.isReleased = true);
        rooms.push(room);
        return room;
      },
      allocated: () => undefined,
    };
    return { memory, rooms };
  }

  function write(disk: FakeDisk, sizes: readonly number[]): void {
    const { spooler } = open(disk);
    for (const [index, size] of sizes.entries()) {
      const view = viewOfPublish({ messageId: index + 1, payload: Buffer.alloc(size, "x") }).scanProperties();
      spooler.push(createEntry(encodePublish(view, { qos: 1, retain: false }), index + 1, session, 0));
    }
    workAll(disk);
  }

  test("waits for room, is read alone then, and keeps the room until it leaves memory", () => {
    const disk = new FakeDisk();
    write(disk, [10, 5000, 20]);
    const { memory, rooms } = limited();
    const { spooler, waiting } = open(disk, memory);

    spooler.refill();
    workAll(disk);
    expect(waiting.length).toBe(1); // what is before it
    waiting.shift();
    spooler.refill();
    workAll(disk);
    expect(waiting.length).toBe(0);
    expect(rooms).toHaveLength(1);
    expect(rooms[0]?.bytes).toBeGreaterThan(5000);

    rooms[0]?.onGranted();
    workAll(disk);
    const large = waiting.shift();
    expect(large?.publish.length).toBeGreaterThan(5000);
    expect(rooms[0]?.isReleased).toBe(false);
    large?.leaveMemory();
    expect(rooms[0]?.isReleased).toBe(true);

    spooler.refill();
    workAll(disk);
    expect(waiting.length).toBe(1); // what is behind it
    expect(rooms).toHaveLength(1);
  });

  test("gives the room back when it is gone, or damaged, by the time that it is read", () => {
    const disk = new FakeDisk();
    write(disk, [5000]);
    const { memory, rooms } = limited();
    const { spooler } = open(disk, memory);
    spooler.refill();
    workAll(disk);
    disk.rows.clear();

    rooms[0]?.onGranted();
    workAll(disk);

    expect(rooms[0]?.isReleased).toBe(true);
  });
});
