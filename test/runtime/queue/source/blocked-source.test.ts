import type { DestinationSide } from "../../../../runtime/queue/destination/destination-side.ts";
import type { Entry } from "../../../../runtime/queue/entry.ts";
import { BlockedSource } from "../../../../runtime/queue/source/blocked-source.ts";
import { AskedRoom } from "../../../../runtime/memory/lane.ts";
import { unboundedShare } from "../../../../runtime/memory/budget.ts";
import type { ForwarderOptions } from "../../../../runtime/queue/ports.ts";
import type { SourceSide } from "../../../../runtime/queue/source/source-side.ts";
import { settle } from "../../mqtt/scripted-broker.ts";
import { entryOf, ForwarderBench, viewOfPublish } from "../fakes.ts";

const payload = "x".repeat(2000);
const maxInflightBytes = 100_000;

/** A dataflow whose dead letters go to its source, and whose destination takes no message of the tests. */
function createBench(change: Partial<ForwarderOptions> = {}, receiveMaximum = 1): ForwarderBench {
  return new ForwarderBench({
    undeliverable: "DeadLetter",
    deadLetters: { dataflow: "flow", maxBytes: 1e9, publish: { side: "source", topic: "dead" } },
    limits: { maximumPacketBytes: 1000 },
    sourceLimits: { receiveMaximum },
    maxInflightBytes,
    ...change,
  });
}

/** A broker with a kept session: all that it has to say stands in one stream, which is read while nobody has paused it. */
class KeptSession {
  readonly #bench: ForwarderBench;
  readonly #receiveMaximum: number;
  readonly unacknowledged: Set<number>;
  /** Whether it acknowledges the dead letters that are published to it. */
  confirms = true;
  connections = 1;
  mostHeldBytes = 0;
  #stream: (() => void)[] = [];
  #seen = { written: 0, acknowledged: 0 };

  constructor(bench: ForwarderBench, messages: number, receiveMaximum = 1) {
    this.#bench = bench;
    this.#receiveMaximum = receiveMaximum;
    this.unacknowledged = new Set(Array.from({ length: messages }, (_, index) => index + 1));
    this.#redeliver();
  }

  #redeliver(): void {
    this.#seen = { written: 0, acknowledged: 0 };
    this.#stream = [...this.unacknowledged].map((messageId) => () => this.#bench.arrive(messageId, { payload }));
  }

  /** Lets time pass in steps of a quarter of a second, with all that can be read at each, until the end or nothing is left. */
  async run(untilMs: number): Promise<void> {
    const bench = this.#bench;
    for (; bench.nowMs < untilMs && this.unacknowledged.size > 0; bench.nowMs += 250) {
      this.#hear();
      while (!bench.source.isPaused && this.#stream.length > 0) {
        this.#stream.shift()?.();
        this.#hear();
      }
      const wanted = bench.redeliveries.length + bench.stalls.length;
      bench.forwarder.tick();
      await settle();
      if (bench.redeliveries.length + bench.stalls.length === wanted) continue;
      this.connections++;
      bench.reconnectSource(true, undefined, { receiveMaximum: this.#receiveMaximum });
      this.#redeliver();
    }
  }

  /** Takes what the relay has written. */
  #hear(): void {
    const { written, acknowledged } = this.#bench.source;
    for (const { messageId = 0 } of written.slice(this.#seen.written))
      if (this.confirms) this.#stream.push(() => this.#bench.sourceSide.onPuback(messageId, 0));
    for (const messageId of acknowledged.slice(this.#seen.acknowledged)) this.unacknowledged.delete(messageId);
    this.#seen = { written: written.length, acknowledged: acknowledged.length };
    this.mostHeldBytes = Math.max(this.mostHeldBytes, this.#bench.forwarder.status.heldBytes);
  }
}

describe("dead letters that fill the memory, with what confirms them behind more messages", () => {
  test.each([1, 3, 65_535])(
    "are all confirmed, with a Receive Maximum of %d, in a bounded memory",
    async (receiveMaximum) => {
      const bench = createBench({}, receiveMaximum);
      const session = new KeptSession(bench, 200, receiveMaximum);

      await session.run(600_000);

      expect(session.unacknowledged.size).toBe(0);
      expect(bench.stalls).toEqual([]);
      expect(session.connections).toBeLessThan(12);
      // A dead letter is longer than its message, and one is on its way when the source is paused.
      expect(session.mostHeldBytes).toBeLessThan(maxInflightBytes * 1.2);
    },
  );

  test("are a stall where the source confirms none, with a longer time-out each time", async () => {
    const bench = createBench({ stallTimeoutMs: 10_000 });
    const session = new KeptSession(bench, 200);
    session.confirms = false;

    await session.run(80_000);
    expect(bench.stalls.map(({ side, reason }) => [side, reason])).toEqual([
      ["source", "confirmed no dead letter within 10000 ms"],
      ["source", "confirmed no dead letter within 20000 ms"],
      ["source", "confirmed no dead letter within 40000 ms"],
    ]);
    session.confirms = true;
    await session.run(600_000);

    expect(session.unacknowledged.size).toBe(0);
  });

  test("are a stall as well while the source is read, and there is room for more", async () => {
    const bench = createBench({ stallTimeoutMs: 10_000 });
    const session = new KeptSession(bench, 1);
    session.confirms = false;

    await session.run(15_000);
    expect(bench.stalls).toHaveLength(1);
    expect(bench.source.isPaused).toBe(false);
    session.confirms = true;
    await session.run(600_000);

    expect([session.unacknowledged.size, bench.forwarder.watchdog.stalls.source]).toEqual([0, 0]);
  });

  test("have messages with QoS 0 lost and counted meanwhile, and those with QoS 1 left to the session", () => {
    const bench = createBench();
    for (let messageId = 1; messageId <= 50; messageId++) bench.arrive(messageId, { payload });
    expect(bench.source.isPaused).toBe(true);
    for (; bench.nowMs < 2000; bench.nowMs += 250) bench.forwarder.tick();
    expect(bench.source.isPaused).toBe(false);
    const { received } = bench.counters;
    const { heldBytes } = bench.forwarder.status;

    bench.arrive(900, { payload });
    bench.arrive(0, { qos: 0, payload });
    bench.sourceSide.onPassedOver(viewOfPublish({ messageId: 901 }), 1e6);
    bench.sourceSide.onPassedOver(viewOfPublish({ qos: 0 }), 1e6);

    expect(bench.counters.received - received).toBe(2);
    expect(bench.counters.lost.qos0_no_room).toBe(2);
    expect(bench.forwarder.status.heldBytes).toBe(heldBytes);
  });

  test("let a message pass that waits for room before them, and everything behind it", () => {
    const rooms: AskedRoom[] = [];
    const memory = {
      ...unboundedShare,
      bytes: 50_000,
      longestBytes: 1e6,
      askForLarge: (bytes: number) => {
        rooms.push(new AskedRoom(bytes, () => undefined));
        return rooms.at(-1);
      },
    };
    const bench = createBench({ memory });
    bench.arrive(1, { payload });
    expect(bench.sourceSide.roomFor(60_000)).toBe(rooms[0]);

    for (; bench.nowMs < 2000; bench.nowMs += 250) bench.forwarder.tick();

    expect(bench.source.askedAgain).toBe(1);
    expect(bench.sourceSide.roomFor(60_000)).toBeUndefined();
    bench.sourceSide.onPuback(bench.source.written[0]?.messageId ?? 0, 0);
    expect(bench.source.acknowledged).toEqual([1]);
    bench.forwarder.tick();
    expect(bench.redeliveries).toEqual([expect.stringContaining("dead letters had filled the memory")]);
  });
});

describe("a source that is read no further", () => {
  /** A source of which everything says that its dead letters block it. */
  function createBlocked() {
    const bench = new ForwarderBench();
    const parts = {
      queue: { source: { current: bench.sourceSide as SourceSide | undefined }, status: { inFlight: 0, waiting: 0 } },
      sender: { current: bench.destinationSide as DestinationSide | undefined, owed: undefined as Entry | undefined },
      intake: { backpressure: { isPaused: true, remove: () => undefined } },
      deadLetters: { toSource: 1 },
    };
    const options = { now: () => bench.nowMs, onRedeliveryWanted: () => undefined };
    return { bench, parts, source: new BlockedSource(options, parts) };
  }

  test("is given up where what is on the disk waits there for the dead letters to go", () => {
    const { bench, parts, source } = createBlocked();
    parts.queue.status.waiting = 5; // none of them may be sent: nothing is owed

    for (; bench.nowMs <= 500; bench.nowMs += 250) source.look();

    expect(bench.source.askedAgain).toBe(1);
  });

  test.each<[string, (parts: ReturnType<typeof createBlocked>["parts"]) => void]>([
    ["is read", ({ intake: { backpressure } }) => (backpressure.isPaused = false)],
    ["waits for no dead letter", ({ deadLetters }) => (deadLetters.toSource = 0)],
    ["is to get room from what the destination takes next", ({ sender }) => (sender.owed = entryOf())],
    [
      "waits for a destination that is away, with messages in flight",
      ({ queue: { status }, sender }) => {
        sender.current = undefined;
        status.inFlight = 1;
      },
    ],
    [
      "waits for a destination that is away, with messages that wait",
      ({ queue: { status }, sender }) => {
        sender.current = undefined;
        status.waiting = 1;
      },
    ],
    ["is not there", ({ queue: { source } }) => (source.current = undefined)],
  ])("is not given up for its dead letters while it %s", (_, change) => {
    const { bench, parts, source } = createBlocked();
    change(parts);

    for (; bench.nowMs < 5000; bench.nowMs += 250) source.look();
    Object.assign(parts, createBlocked().parts);
    parts.queue.source.current = bench.sourceSide;
    source.look();
    bench.nowMs += 400;
    source.look();
    expect(bench.source.askedAgain).toBe(0);

    bench.nowMs += 100;
    source.look();
    expect(bench.source.askedAgain).toBe(1);
  });
});
