import { unboundedShare, type MemoryShare, type MemoryUse } from "../../../runtime/memory/budget.ts";
import { Lane, type Room } from "../../../runtime/memory/lane.ts";
import { entryBytes } from "../../../runtime/queue/queue-status.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { encode } from "../mqtt/scripted-broker.ts";
import { FakeDestination, FakeSource, ForwarderBench, limits, sourceLimits, template, viewOfPublish } from "./fakes.ts";

const shareBytes = 10_000;

/** A forwarder with a share of 10,000 bytes, and a lane for larger messages. */
function open(change: ConstructorParameters<typeof ForwarderBench>[0] = {}) {
  const lane = new Lane(100_000);
  let use: MemoryUse | undefined;
  const memory: MemoryShare = {
    ...unboundedShare,
    bytes: shareBytes,
    longestBytes: lane.bytes,
    askForLarge: lane.ask.bind(lane),
    use: (given) => (use = given),
  };
  const bench = new ForwarderBench({ memory, undeliverable: "Discard", ...change });
  return { bench, lane, held: () => use?.heldBytes() ?? 0 };
}

/** A large message arrives, as a connection hands it over. */
function arriveLarge(
  bench: ForwarderBench,
  messageId: number,
  payloadBytes = 20_000,
  qos: 0 | 1 = 1,
): Room | undefined {
  const view = viewOfPublish({ messageId, qos, payload: Buffer.alloc(payloadBytes, "x") });
  const room = bench.sourceSide.roomFor(view.end);
  view.room = room;
  bench.sourceSide.onPublish(view);
  view.leave();
  return room;
}

const headOf = (messageId: number, qos: 0 | 1 = 1) => {
  const head = encode({ cmd: "publish", topic: "a/b", payload: "", dup: false, retain: false, qos, messageId });
  return new PublishView().readHead(head, head.length, 2);
};

describe("what is held", () => {
  test("is nothing once all is done, whatever way the messages went", () => {
    const { bench, held } = open();
    bench.arriveMany(5);
    expect(held()).toBeGreaterThan(5 * entryBytes);

    for (let id = 1; id <= 5; id++) bench.destinationSide.onPuback(id, id === 3 ? 0x99 : 0);
    expect(held()).toBe(0);
  });

  test("lets go of the bytes of a message that is delivered, though an older one keeps its acknowledgement back", () => {
    const { bench, held } = open();
    bench.arrive(1);
    for (let id = 2; id <= 9; id++) bench.arrive(id, { payload: "x".repeat(500) });
    const before = held();

    for (let id = 2; id <= 9; id++) bench.destinationSide.onPuback(id, 0);

    expect(bench.source.acknowledged).toEqual([]);
    expect(before - held()).toBeGreaterThan(8 * 500);
    expect(held()).toBeLessThan(10 * 2 * entryBytes); // their places in the order are left
  });

  test("counts what waits for a source to come back, and forgets it when that sends it again", () => {
    const { bench, held } = open();
    bench.destinationSide.close();
    for (let id = 1; id <= 5; id++) bench.arrive(id, { payload: "x".repeat(500) });

    bench.sourceSide.close();
    expect(held()).toBeGreaterThan(5 * 500);
    bench.forwarder.source.open(new FakeSource(), sourceLimits(true));

    expect(held()).toBe(0);
  });

  test("counts QoS 0 that was written and has not left the process, and holds up the source for it", () => {
    const { bench, held } = open({ qos: 0 });
    bench.destination.pendingBytes = 9000;
    bench.forwarder.tick();
    bench.arrive(1);

    expect(held()).toBeGreaterThanOrEqual(9000);
    expect(bench.source.isPaused).toBe(true);

    bench.destination.pendingBytes = 0;
    bench.destination.drain();
    expect(bench.source.isPaused).toBe(false);
  });

  test("counts the topic that a message came with, where it is published under another one", () => {
    const { bench, held } = open({ plan: { template: template("one/topic") } });
    bench.destinationSide.close();
    bench.arrive(1, { topic: "x".repeat(3000) });

    expect(held()).toBeGreaterThan(3000);
    expect(bench.source.isPaused).toBe(false);
    bench.arrive(2, { topic: "x".repeat(3000) });
    expect(bench.source.isPaused).toBe(true);
  });

  test("lets a message in that waits for room as soon as what was written with QoS 0 has left, though nobody acknowledges it", () => {
    const { bench } = open({ qos: 0 });
    bench.destination.pendingBytes = 6000;
    const room = bench.sourceSide.roomFor(5000);
    expect(room?.isGranted).toBe(false);

    bench.destination.pendingBytes = 0;
    bench.destination.drain();

    expect(room?.isGranted).toBe(true);
  });

  test("counts dead letters that the source does not take", () => {
    const deadLetters = { dataflow: "flow", maxBytes: 0, publish: { side: "source", topic: "dead" } } as const;
    const { bench, held } = open({ undeliverable: "DeadLetter", deadLetters });
    for (let id = 1; id <= 3; id++) bench.arrive(id, { payload: "x".repeat(2500) });
    for (let id = 1; id <= 3; id++) bench.destinationSide.onPuback(id, 0x99);

    expect(held()).toBeGreaterThan(3 * 2500);
    for (let id = 1; id <= 3; id++) bench.sourceSide.onPuback(id, 0);
    expect(held()).toBe(0);
  });
});

test("counts as allocated what a message takes, and not where it lies among others in what was read", () => {
  let allocated = 0;
  const memory: MemoryShare = { ...unboundedShare, allocated: (bytes) => (allocated += bytes) };
  const bench = new ForwarderBench({ memory });
  const packet = encode({
    cmd: "publish",
    qos: 1,
    messageId: 5,
    dup: false,
    retain: false,
    topic: "a/b",
    payload: "x",
  });
  const chunk = Buffer.concat([Buffer.alloc(50_000), packet]);

  bench.sourceSide.onPublish(new PublishView().read(chunk, 50_000, chunk.length, 2));

  expect(allocated).toBe(packet.length);
});

describe("a message that is larger than the share", () => {
  test("keeps its room until the destination has it", () => {
    const { bench, lane } = open();
    const room = arriveLarge(bench, 1);
    expect([room?.isGranted, lane.usedBytes > 20_000]).toEqual([true, true]);

    bench.destinationSide.onPuback(1, 0);

    expect(lane.usedBytes).toBe(0);
    expect(bench.source.acknowledged).toEqual([1]);
  });

  test("with QoS 0 keeps it until its bytes have left the process", () => {
    const { bench, lane } = open({ qos: 0 });
    arriveLarge(bench, 1);
    expect(lane.usedBytes).toBeGreaterThan(20_000);

    bench.destination.drain();
    expect(lane.usedBytes).toBe(0);
  });

  test("with QoS 0 gives it back when the connection ends that it was written to", () => {
    const { bench, lane } = open({ qos: 0 });
    arriveLarge(bench, 1);

    bench.destinationSide.close();
    expect(lane.usedBytes).toBe(0);
  });

  test.each([
    ["refused for good", (bench: ForwarderBench) => bench.destinationSide.onPuback(1, 0x99)],
    ["and its dataflow stops", (bench: ForwarderBench) => bench.forwarder.end()],
  ])("gives it back when it is %s", (_what, act) => {
    const { bench, lane } = open();
    arriveLarge(bench, 1);

    act(bench);
    expect(lane.usedBytes).toBe(0);
  });

  test("gives it back when its source sends it again", () => {
    const { bench, lane } = open();
    bench.destinationSide.close();
    arriveLarge(bench, 1);
    bench.sourceSide.close();
    expect(lane.usedBytes).toBeGreaterThan(0);

    bench.forwarder.source.open(new FakeSource(), sourceLimits(true));
    expect(lane.usedBytes).toBe(0);
  });

  test("asks its source to come again when others wait for the room and its destination is away", () => {
    jest.useFakeTimers();
    const onRedeliveryWanted = jest.fn();
    const { bench, lane } = open({ onRedeliveryWanted });
    bench.destinationSide.close();
    arriveLarge(bench, 1, 60_000);
    const other = lane.ask(60_000);
    jest.advanceTimersByTime(10_000);
    expect(onRedeliveryWanted).toHaveBeenCalledTimes(1);

    bench.destinationSide = bench.forwarder.openDestination(new FakeDestination(), limits);
    jest.advanceTimersByTime(10_000);
    expect(onRedeliveryWanted).toHaveBeenCalledTimes(1); // it is on its way
    other?.release();
    jest.useRealTimers();
  });

  test("with QoS 0 is lost then, and counted: nobody sends it again", () => {
    jest.useFakeTimers();
    const { bench, lane } = open();
    bench.destinationSide.close();
    arriveLarge(bench, 1, 60_000, 0);
    const other = lane.ask(60_000);

    jest.advanceTimersByTime(10_000);

    expect(other?.isGranted).toBe(true);
    expect(bench.counters.lost.qos0_no_room).toBe(1);
    other?.release();
    jest.useRealTimers();
  });

  test.each(["Discard", "Stop"] as const)(
    "that no memory can hold is undeliverable by its head: %s",
    (undeliverable) => {
      const { bench } = open({ undeliverable });
      expect(bench.sourceSide.roomFor(100_001)).toBeUndefined();

      bench.sourceSide.onPassedOver(headOf(7), 100_001);
      bench.arrive(8);

      const reason = "it is 100001 bytes long, and there is memory for 100000";
      if (undeliverable === "Stop") {
        expect(bench.stopped).toEqual([expect.stringContaining(reason)]);
        expect(bench.source.acknowledged).toEqual([]);
        return;
      }
      expect(bench.troubles).toMatchObject([{ kind: "undeliverable", topic: "a/b" }]);
      expect(bench.troubles[0]?.reason).toContain(reason);
      bench.destinationSide.onPuback(1, 0);
      expect(bench.source.acknowledged).toEqual([7, 8]);
      expect(bench.counters.received).toBe(2);
    },
  );
});
