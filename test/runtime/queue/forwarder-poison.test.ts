import type { IPublishPacket } from "mqtt-packet";

import { ConnectionError } from "../../../runtime/contract/errors.ts";
import type { ForwarderOptions } from "../../../runtime/queue/ports.ts";
import { ForwarderBench } from "./fakes.ts";

const silent = new ConnectionError("destination x closed the connection", { retry: "soon", end: "peer" });
const tooLarge = new ConnectionError("destination x ended the connection: 0x95 Packet too large", {
  retry: "slowly",
  reasonCode: 0x95,
  end: "peer",
});

/** Connections that a loop in a test makes at most. */
const maxConnections = 50;

/**
 * A destination that takes every message but one, at which it closes: nothing that is in flight with that one is
 * acknowledged. `topics` are those under which it can't take it.
 */
function runDestination(bench: ForwarderBench, poison: string, topics = /./): string[] {
  const isPoison = ({ topic, payload }: IPublishPacket) => payload.toString() === poison && topics.test(topic);
  const taken: string[] = [];
  for (let connections = 0; connections < maxConnections; connections++) {
    let at = 0;
    let isClosed = false;
    for (;;) {
      bench.endPause();
      const packet = bench.destination.written[at++];
      if (packet === undefined) break;
      const payload = packet.payload.toString();
      // What comes with the poison is lost unseen: the closing overtakes its acknowledgements.
      isClosed = bench.destination.written.some(isPoison);
      if (isClosed) break;
      taken.push(`${packet.topic} ${payload}`);
      bench.destinationSide.onPuback(packet.messageId ?? 0, 0);
    }
    if (!isClosed) return taken;
    bench.reconnectDestination({}, silent);
  }
  return taken;
}

function createBench(change: Partial<ForwarderOptions> = {}): ForwarderBench {
  const bench = new ForwarderBench({ undeliverable: "Discard", ...change });
  bench.arrive(99, { payload: "the first" });
  bench.acknowledge("the first");
  return bench;
}

describe("a message at which the destination closes the connection each time", () => {
  test.each([1, 3, 5])(
    "number %d of five that are in flight is found, and the others arrive in their order",
    (poison) => {
      const bench = createBench();
      bench.arriveMany(5);

      const taken = runDestination(bench, String(poison));

      const others = [1, 2, 3, 4, 5].filter((number) => number !== poison);
      expect(taken).toEqual(others.map((number) => `a/b ${number}`));
      expect(bench.source.acknowledged).toEqual([99, 1, 2, 3, 4, 5]);
      expect(bench.counters.lost.undeliverable).toBe(1);
    },
  );

  test("is reported at each closing with its topic and the reason, counted, and said where the relay says how it is", () => {
    const bench = createBench();
    bench.arrive(1);
    bench.reconnectDestination({}, silent);
    bench.endPause();
    bench.reconnectDestination({}, silent);

    expect(bench.troubles).toEqual([
      {
        kind: "suspected",
        topic: "a/b",
        reason:
          "the destination ends the connection when it is sent, 2 times in a row (destination x closed the connection)",
      },
    ]);
    expect(bench.counters.suspected).toBe(1);
    expect(bench.forwarder.destination.rejection).toBe(
      'it ends the connection at a message with topic "a/b", 2 times in a row',
    );
  });

  test("stops the dataflow where nothing else is said, unacknowledged, with the reason", () => {
    const bench = createBench({ undeliverable: "Stop" });
    bench.arriveMany(2);

    runDestination(bench, "1");

    expect(bench.stopped).toEqual([
      expect.stringMatching(
        /^a message with topic "a\/b" can't be delivered: the destination ends the connection when it is sent, 7 times in a row/,
      ),
    ]);
    expect(bench.source.acknowledged).toEqual([99]);
  });

  test("becomes a dead letter at the destination, before the messages behind it", () => {
    const publish = { side: "destination", topic: "dead" } as const;
    const bench = createBench({ undeliverable: "DeadLetter", deadLetters: { dataflow: "flow", maxBytes: 1, publish } });
    bench.arriveMany(3);

    const taken = runDestination(bench, "2", /^a/);

    expect(taken).toEqual(["a/b 1", "dead 2", "a/b 3"]);
    expect(bench.destination.written[0]?.properties?.userProperties).toMatchObject({
      deadLetterReason: expect.stringContaining("the destination ends the connection when it is sent"),
      deadLetterTopic: "a/b",
    });
    expect(bench.source.acknowledged).toEqual([99, 1, 2, 3]);
    expect(bench.counters.deadLettered).toBe(1);
  });

  test("whose dead letter is closed upon too stops the dataflow where there is no disk", () => {
    const publish = { side: "destination", topic: "dead" } as const;
    const bench = createBench({ undeliverable: "DeadLetter", deadLetters: { dataflow: "flow", maxBytes: 1, publish } });
    bench.arrive(1);

    runDestination(bench, "1");

    expect(bench.stopped).toHaveLength(1);
    expect(bench.source.acknowledged).toEqual([99]);
  });

  test("named by the destination's own DISCONNECT is given up at the first closing at which it was alone", () => {
    const bench = createBench();
    bench.arrive(1);
    bench.reconnectDestination({}, tooLarge);

    expect(bench.source.acknowledged).toEqual([99, 1]);
    expect(bench.troubles.map(({ kind }) => kind)).toEqual(["undeliverable"]);
    expect(bench.forwarder.destination.survives(tooLarge)).toBe(true);
  });

  test("is no excuse for an end that has nothing to do with it", () => {
    const bench = createBench();

    bench.reconnectDestination({}, tooLarge); // nothing is in flight
    expect(bench.forwarder.destination.survives(tooLarge)).toBe(false);
    bench.arrive(1);
    bench.reconnectDestination({}, tooLarge);

    expect(bench.forwarder.destination.survives(new ConnectionError("another", { retry: "slowly" }))).toBe(false);
  });
});

describe("a trial", () => {
  /** Two closings at message 1, with others in flight. */
  function startTrial(): ForwarderBench {
    const bench = createBench();
    bench.arriveMany(3);
    bench.reconnectDestination({}, silent);
    bench.reconnectDestination({}, silent);
    return bench;
  }

  test("begins with a second without a message: a connection that ends in it puts none in the wrong", () => {
    const bench = startTrial();

    expect(bench.destination.written).toEqual([]);
    expect(bench.scheduled.map(({ delayMs }) => delayMs)).toEqual([1000]);
    for (let count = 0; count < 20; count++) bench.reconnectDestination({}, silent);

    expect(bench.counters.suspected).toBe(1);
    expect(bench.counters.lost.undeliverable).toBe(0);
  });

  test("sends one message, and no other before it is acknowledged", () => {
    const bench = startTrial();
    bench.endPause();

    expect(bench.destination.lines.map((line) => line.slice(2))).toEqual(["a/b 1"]);
  });

  test("is over with the first acknowledgement: all that waits is sent", () => {
    const bench = startTrial();
    bench.endPause();
    bench.acknowledge(1);

    expect(bench.destination.lines.map((line) => line.slice(2))).toEqual(["a/b 1", "a/b 2", "a/b 3"]);
    expect(bench.forwarder.destination.rejection).toBeUndefined();
  });

  test("is not for connections that end while other messages are the oldest", () => {
    const bench = createBench();
    for (let number = 1; number <= 20; number++) {
      bench.arrive(number);
      bench.reconnectDestination({}, silent);
      bench.acknowledge(number);
    }

    expect(bench.counters.suspected).toBe(0);
    expect(bench.scheduled).toEqual([]);
  });

  test("keeps identifiers and DUP of a kept session: what it sends is sent again", () => {
    const bench = createBench();
    bench.arriveMany(2);
    bench.reconnectDestination({ sessionPresent: true }, silent);
    const ids = bench.destination.written.map(({ messageId }) => messageId);
    bench.reconnectDestination({ sessionPresent: true }, silent);
    bench.endPause();
    bench.acknowledge(1);

    expect(bench.destination.written.map(({ messageId, dup }) => [messageId, dup])).toEqual([
      [ids[0], true],
      [ids[1], true],
    ]);
  });
});

describe("a dead letter at which the source closes the connection each time", () => {
  /** Messages 1 to 3 have become dead letters, published to the source. */
  function createLetters(): ForwarderBench {
    const publish = { side: "source", topic: "dead" } as const;
    const bench = createBench({ undeliverable: "DeadLetter", deadLetters: { dataflow: "flow", maxBytes: 1, publish } });
    bench.arriveMany(3);
    for (const number of [1, 2, 3]) bench.acknowledge(number, 0x90);
    return bench;
  }

  const closed = new ConnectionError("source x closed the connection", { retry: "soon", end: "peer" });

  test("is sent alone from the third connection on", () => {
    const bench = createLetters();
    const sent = [
      bench.source,
      ...Array.from({ length: 3 }, () => (bench.reconnectSource(true, closed), bench.source)),
    ];

    expect(sent.map(({ written }) => written.length)).toEqual([3, 3, 1, 1]);
  });

  test("stops the dataflow where there is no disk, unacknowledged, with the reason", () => {
    const bench = createLetters();
    for (let connections = 0; connections < 7; connections++) bench.reconnectSource(true, closed);

    expect(bench.stopped).toEqual([
      expect.stringContaining(
        "the source refused the dead letter for good: it ends the connection each time that it is sent",
      ),
    ]);
    expect(bench.source.acknowledged).toEqual([]);
  });

  test("is forgotten as a suspect once the source has acknowledged one", () => {
    const bench = createLetters();
    for (let connections = 0; connections < 6; connections++) bench.reconnectSource(true, closed);
    bench.sourceSide.onPuback(bench.source.written[0]?.messageId ?? 0, 0);

    expect(bench.source.written).toHaveLength(3);
    expect(bench.stopped).toEqual([]);
  });
});
