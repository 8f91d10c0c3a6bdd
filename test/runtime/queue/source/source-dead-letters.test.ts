import type { DeadLetter } from "../../../../runtime/disk/protocol.ts";
import type { SpoolQueue } from "../../../../runtime/disk/spool.ts";
import { Spooler } from "../../../../runtime/disk/spooler.ts";
import { unboundedShare } from "../../../../runtime/memory/budget.ts";
import type { ForwarderOptions, SourceLimits } from "../../../../runtime/queue/ports.ts";
import { settle } from "../../mqtt/scripted-broker.ts";
import { FakeDisk } from "../fake-disk.ts";
import { FakeSource, ForwarderBench, limits, sourceLimits } from "../fakes.ts";

/** A dataflow whose dead letters go to its source, and whose destination takes 1000 bytes a message. */
function createBench(
  sourceLimits: Partial<SourceLimits> = {},
  change: Partial<ForwarderOptions> & { readonly maximumPacketBytes?: number } = {},
): ForwarderBench {
  const { maximumPacketBytes = 1000, ...options } = change;
  return new ForwarderBench({
    undeliverable: "DeadLetter",
    deadLetters: { dataflow: "flow", maxBytes: 1e9, publish: { side: "source", topic: "dead" } },
    limits: { maximumPacketBytes },
    sourceLimits,
    ...options,
  });
}

const large = "x".repeat(2000);

/** The messages with these packet identifiers arrive, and are too large for the destination. */
function arriveTooLarge(bench: ForwarderBench, ...ids: number[]): void {
  for (const messageId of ids) bench.arrive(messageId, { payload: large });
}

/** Packet identifiers of the dead letters that were published on the connection that is open. */
function deadLetterIds(bench: ForwarderBench): number[] {
  return bench.source.written.map(({ messageId = 0 }) => messageId);
}

/** The source acknowledges the dead letter that was published as number `index` on this connection. */
function take(bench: ForwarderBench, index: number): void {
  bench.sourceSide.onPuback(deadLetterIds(bench)[index] ?? 0, 0);
}

describe("a source's Receive Maximum", () => {
  test.each([
    [1, 1],
    [3, 3],
    [65_535, 10],
  ])("of %i lets %i dead letters be unacknowledged at a time [MQTT-3.3.4-9]", (receiveMaximum, expected) => {
    const bench = createBench({ receiveMaximum });

    arriveTooLarge(bench, ...Array.from({ length: 15 }, (_, index) => index + 1));
    expect(bench.source.written).toHaveLength(expected);
    take(bench, 0);

    expect(bench.source.written).toHaveLength(expected + 1);
  });

  test("counts from the connection that announced it: more or fewer are sent on its successor", () => {
    const bench = createBench({ receiveMaximum: 1 });
    arriveTooLarge(bench, 1, 2, 3, 4);
    expect(bench.source.written).toHaveLength(1);

    bench.reconnectSource(false, undefined, { receiveMaximum: 3 });
    expect(bench.source.written).toHaveLength(3);
    bench.reconnectSource(false, undefined, { receiveMaximum: 2 });
    expect(bench.source.written).toHaveLength(2);

    for (let index = 0; index < 4; index++) take(bench, index);
    expect(bench.counters.deadLettered).toBe(4);
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(0);
  });

  test("keeps back dead letters only: other messages are delivered, and acknowledged in their turn", () => {
    const bench = createBench({ receiveMaximum: 1 });
    bench.arrive(1);
    arriveTooLarge(bench, 2, 3);
    bench.arrive(4);
    bench.acknowledge(1);
    bench.acknowledge(4);
    expect(bench.source.acknowledged).toEqual([1]); // [MQTT-4.6.0-2]

    take(bench, 0);
    expect(bench.source.acknowledged).toEqual([1, 2]);
    take(bench, 1);

    expect(bench.source.acknowledged).toEqual([1, 2, 3, 4]);
  });
});

describe("a source's Maximum QoS of 0", () => {
  test("is kept to: a dead letter is published with QoS 0 and done once the source has read it [MQTT-3.2.2-11]", async () => {
    const bench = createBench({ maximumQoS: 0 });

    arriveTooLarge(bench, 1);
    await settle();
    expect(bench.source.written).toMatchObject([{ qos: 0, topic: "dead", retain: false, dup: false }]);
    expect(bench.source.acknowledged).toEqual([]);
    bench.source.confirmations[0]?.(true);
    await settle();

    expect(bench.source.acknowledged).toEqual([1]);
    expect(bench.counters.deadLettered).toBe(1);
    expect(bench.counters.unconfirmed).toBe(1);
  });

  test("publishes it again when the connection ended before the source had read it, with QoS 1 where that is taken", async () => {
    const bench = createBench({ maximumQoS: 0 });
    arriveTooLarge(bench, 1);

    const old = bench.reconnectSource(false, undefined, { maximumQoS: 1 });
    old.confirmations[0]?.(false);
    await settle();
    expect(bench.counters.deadLettered).toBe(0);
    expect(bench.source.written).toMatchObject([{ qos: 1, topic: "dead" }]);
    take(bench, 0);

    expect(bench.counters.deadLettered).toBe(1);
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(0);
  });

  test("does not take a connection that ends for one that has read it", async () => {
    const bench = createBench({ maximumQoS: 0 });
    arriveTooLarge(bench, 1);

    bench.source.confirmations[0]?.(false);
    await settle();

    expect(bench.counters.deadLettered).toBe(0);
    expect(bench.source.acknowledged).toEqual([]);
  });

  test("bounds what is unread: the next is written once one was read", async () => {
    const bench = createBench({ maximumQoS: 0 });

    arriveTooLarge(bench, ...Array.from({ length: 12 }, (_, index) => index + 1));
    expect(bench.source.written).toHaveLength(10);
    expect(bench.source.confirmations).toHaveLength(10);
    bench.source.confirmations[0]?.(true);
    await settle();

    expect(bench.source.written).toHaveLength(11);
  });
});

describe("a source's Maximum Packet Size", () => {
  test("is kept to: a dead letter that is longer goes to the disk", () => {
    const bench = createBench({ maximumPacketBytes: 1500 });
    const kept: DeadLetter[] = [];
    const addDeadLetter = (letter: DeadLetter, onCommitted: () => void) => {
      kept.push(letter);
      onCommitted();
    };
    bench.forwarder.useDisk({ takenBytes: 0, pendingDeadLetterBytes: 0, addDeadLetter } as unknown as SpoolQueue);

    arriveTooLarge(bench, 1);

    expect(bench.source.written).toEqual([]);
    expect(kept[0]?.reason).toMatch(/it is \d+ bytes long, more than the source's 1500$/);
    expect(bench.source.acknowledged).toEqual([1]);
  });
});

describe("dead letters that wait for their source", () => {
  test("are not there twice when the session redelivers what they were made of, over any number of connections", () => {
    const bench = createBench({ receiveMaximum: 1 });
    const ids = [1, 2, 3, 4, 5];
    arriveTooLarge(bench, ...ids);
    const before = bench.forwarder.status.heldBytes;

    for (let times = 0; times < 10; times++) {
      bench.reconnectSource(true, undefined, { receiveMaximum: 1 });
      arriveTooLarge(bench, ...ids);
    }

    // The one that was sent is sent again [MQTT-4.4.0-1], beside that of its redelivery.
    expect(bench.forwarder.status.owedTo(bench.sourceSide) - bench.sourceSide.unacknowledged).toBe(ids.length + 1);
    expect(bench.forwarder.status.heldBytes).toBeLessThan(before * 1.5);
    for (let index = 0; index <= ids.length; index++) take(bench, index);
    expect(bench.source.acknowledged).toEqual(ids);
  });

  test("are all published when the source has lost the session, for they are the only copies", () => {
    const bench = createBench({ receiveMaximum: 1 });
    arriveTooLarge(bench, 1, 2, 3);

    bench.reconnectSource(false);

    expect(bench.source.written).toHaveLength(3);
  });

  test("keep what is on the disk there from a quarter of the memory on, until the source has taken some", () => {
    const memory = { ...unboundedShare, bytes: 400_000 };
    const bench = createBench({}, { memory });
    const disk = useSpool(bench);
    bench.destinationSide.close();
    arriveTooLarge(bench, ...Array.from({ length: 400 }, (_, index) => index + 1));
    while (disk.work());
    bench.sourceSide.close();

    bench.destinationSide = bench.forwarder.openDestination(bench.destination, { ...limits, maximumPacketBytes: 1000 });
    while (disk.work());
    expect(bench.forwarder.status.heldBytes).toBeLessThan(memory.bytes / 2);
    expect(disk.rows.size).toBe(400);

    bench.source = new FakeSource();
    bench.sourceSide = bench.forwarder.source.open(bench.source, sourceLimits(true));
    for (let index = 0; index < 400; index++) {
      take(bench, index);
      while (disk.work());
    }
    expect(bench.counters.deadLettered).toBe(400);
    expect(disk.rows.size).toBe(0);
  });
});

/** Gives the dataflow a spool whose portions are three messages. */
function useSpool({ forwarder }: ForwarderBench): FakeDisk {
  const disk = new FakeDisk();
  const queue = disk.open(() => ({
    onCommitted: (sequence) => {
      spooler.onCommitted(sequence);
    },
    onRows: (rows, largeBytes) => {
      spooler.onRows(rows, largeBytes);
    },
  }));
  const options = {
    maxBytes: 1e9,
    rates: { messagesPerSecond: 0, bytesPerSecond: 0 },
    qos: 1 as const,
    now: () => 0,
    onDamaged: () => "keep" as const,
  };
  const spooler: Spooler = forwarder.useSpool(
    (waiting, memory, onDone) => new Spooler({ ...options, memory }, waiting, queue, onDone),
  );
  return disk;
}
