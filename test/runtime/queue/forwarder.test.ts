import { protocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import { lossReasons } from "../../../runtime/report/counters.ts";
import { settle } from "../mqtt/scripted-broker.ts";
import { entryOf, limits, sourceLimits, FakeDestination, FakeSource, ForwarderBench, viewOfPublish } from "./fakes.ts";

describe("acknowledging", () => {
  test("acknowledges only after the destination has acknowledged", () => {
    const bench = new ForwarderBench();

    bench.arrive(7);
    expect(bench.destination.lines).toEqual(["1 a/b 7"]);
    expect(bench.source.acknowledged).toEqual([]);

    bench.acknowledge(7);
    expect(bench.source.acknowledged).toEqual([7]);
  });

  test("acknowledges in the order of arrival, whatever the order of the destination's PUBACKs", () => {
    const bench = new ForwarderBench();
    bench.arriveMany(4);

    bench.acknowledge(3);
    bench.acknowledge(2);
    expect(bench.source.acknowledged).toEqual([]);

    bench.acknowledge(1);
    expect(bench.source.acknowledged).toEqual([1, 2, 3]);

    bench.acknowledge(4);
    expect(bench.source.acknowledged).toEqual([1, 2, 3, 4]);
  });

  test("never acknowledges on another connection, where the packet identifier is another message's", () => {
    const bench = new ForwarderBench();
    bench.arrive(5, { payload: "old" });
    const old = bench.reconnectSource(true);
    bench.arrive(5, { payload: "new" });

    bench.acknowledge("old");

    expect(old.acknowledged).toEqual([]);
    expect(bench.source.acknowledged).toEqual([]);

    bench.acknowledge("new");
    expect(bench.source.acknowledged).toEqual([5]);
  });

  test("acknowledges nothing while no source is connected", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    bench.sourceSide.close();

    bench.acknowledge(1);

    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.counters.acknowledged).toBe(0);
    expect(bench.counters.delivered).toBe(1);
  });

  test("ignores a PUBACK that belongs to no message in flight where the session was kept: an earlier process has sent one", () => {
    const bench = new ForwarderBench({ limits: { sessionPresent: true } });
    bench.arrive(1);

    bench.destinationSide.onPuback(999, 0);
    bench.destinationSide.onPuback(999, 0x90);
    bench.acknowledge(1);
    bench.destinationSide.onPuback(1, 0); // a second time

    expect(bench.source.acknowledged).toEqual([1]);
    expect(bench.counters.delivered).toBe(1);
    expect(bench.stopped).toEqual([]);
  });

  test("refuses a PUBACK that belongs to no message in flight where the session is new: nobody has sent one", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    bench.acknowledge(1);

    expect(() => {
      bench.destinationSide.onPuback(1, 0);
    }).toThrow(protocolError("PUBACK with packet identifier 1, which nobody waits for"));
  });

  test("takes 0x10 No matching subscribers for the success that it is", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);

    bench.acknowledge(1, 0x10);

    expect(bench.source.acknowledged).toEqual([1]);
    expect(bench.troubles).toEqual([]);
  });
});

describe("the window", () => {
  test.each([
    [2, 65_535, 2],
    [100, 3, 3],
    [1, 1, 1],
  ])("of %d messages and a Receive Maximum of %d is %d", (maxInflightMessages, receiveMaximum, window) => {
    const bench = new ForwarderBench({ maxInflightMessages, limits: { receiveMaximum } });

    bench.arriveMany(6);

    expect(bench.forwarder.destination.window).toBe(window);
    expect(bench.destination.written).toHaveLength(window);
    expect([bench.forwarder.status.inFlight, bench.forwarder.status.waiting]).toEqual([window, 6 - window]);
  });

  test("lets one message go for each that is acknowledged, in order", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 2 });
    bench.arriveMany(4);

    bench.acknowledge(2);
    expect(bench.destination.lines.at(-1)).toMatch(/ 3$/);
    bench.acknowledge(1);

    expect(bench.destination.lines.map((line) => line.split(" ")[2])).toEqual(["1", "2", "3", "4"]);
    expect(bench.forwarder.status.inFlight).toBe(2);
  });

  test("is that of the configuration while the destination is away for the first time", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 9 });
    expect(bench.forwarder.destination.window).toBe(9);
  });

  test("shrinks with a destination that comes back with a smaller Receive Maximum", () => {
    const bench = new ForwarderBench();
    bench.arriveMany(5);

    bench.reconnectDestination({ sessionPresent: true, receiveMaximum: 2 });

    expect(bench.destination.lines).toEqual(["1 a/b 1 dup", "2 a/b 2 dup"]);
  });
});

describe("the destination's QoS decides", () => {
  test.each([
    [1, 1],
    [0, 1],
  ] as const)("QoS %d → %d: sent with a packet identifier, done when it is acknowledged", (from, to) => {
    const bench = new ForwarderBench({ qos: to });

    bench.arrive(7, { qos: from });
    expect(bench.destination.written).toMatchObject([{ qos: 1, messageId: 1 }]);
    expect([bench.forwarder.status.inFlight, bench.counters.delivered]).toEqual([1, 0]);

    bench.acknowledge(7);
    expect([bench.forwarder.status.inFlight, bench.counters.delivered]).toEqual([0, 1]);
    expect(bench.source.acknowledged).toEqual(from === 1 ? [7] : []);
  });

  test.each([
    [1, 0],
    [0, 0],
  ] as const)("QoS %d → %d: sent without a packet identifier, done when it is sent", (from, to) => {
    const bench = new ForwarderBench({ qos: to });

    bench.arrive(7, { qos: from });

    expect(bench.destination.written).toMatchObject([{ qos: 0 }]);
    expect([bench.forwarder.status.inFlight, bench.counters.delivered]).toEqual([0, 1]);
    expect(bench.source.acknowledged).toEqual(from === 1 ? [7] : []);
    expect(bench.counters.unconfirmed).toBe(from === 1 ? 1 : 0);
  });

  test("with QoS 0 nothing is bounded by the window", () => {
    const bench = new ForwarderBench({ qos: 0, maxInflightMessages: 1 });

    bench.arriveMany(5);

    expect(bench.destination.written).toHaveLength(5);
  });

  test("with QoS 0 nothing more is sent while 1 MB lies in the socket, and all goes on once it has drained", () => {
    const bench = new ForwarderBench({ qos: 0 });
    bench.destination.pendingBytes = 1024 * 1024 + 1;
    bench.arriveMany(3);
    expect(bench.destination.written).toEqual([]);
    expect(bench.source.acknowledged).toEqual([]);

    bench.destination.pendingBytes = 0;
    bench.destination.drain();

    expect(bench.destination.written).toHaveLength(3);
    expect(bench.source.acknowledged).toEqual([1, 2, 3]);
  });

  test("a drain of a connection that has ended changes nothing", () => {
    const bench = new ForwarderBench({ qos: 0 });
    bench.destination.pendingBytes = 2 * 1024 * 1024;
    bench.arrive(1);
    const old = bench.destination;
    bench.destinationSide.close();

    old.pendingBytes = 0;
    old.drain();

    expect(old.written).toEqual([]);
    expect(bench.source.acknowledged).toEqual([]);
  });
});

describe("QoS 0 waits for nobody", () => {
  test("drops and counts what finds no room, and delivers what found some", () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    const view = viewOfPublish({ qos: 0 });

    for (let count = 0; count < 10_003; count++) bench.sourceSide.onPublish(view);

    expect(bench.counters.lost).toMatchObject({ qos0_no_room: 3, undeliverable: 0, stopping: 0 });
    expect(bench.forwarder.status.waiting).toBe(10_000);
    expect(bench.troubles).toHaveLength(3);
    expect(bench.troubles[0]).toEqual({ kind: "qos0_no_room", reason: expect.any(String), topic: "a/b" });
  });

  test("never drops a message of QoS 1 for want of room", () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    const view = viewOfPublish({ qos: 0 });
    for (let count = 0; count < 10_000; count++) bench.sourceSide.onPublish(view);

    bench.arrive(1);

    expect(bench.forwarder.status.waiting).toBe(10_001);
    expect(bench.counters.lost.qos0_no_room).toBe(0);
  });
});

describe("when the destination comes back", () => {
  test("sends again what was in flight with the same identifiers and DUP where the session was kept, in order", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 3 });
    bench.arriveMany(4);
    bench.acknowledge(2);
    const before = bench.destination.lines;

    bench.reconnectDestination({ sessionPresent: true });

    expect(before).toEqual(["1 a/b 1", "2 a/b 2", "3 a/b 3", "4 a/b 4"]);
    expect(bench.destination.lines).toEqual(["1 a/b 1 dup", "3 a/b 3 dup", "4 a/b 4 dup"]);
    expect(bench.counters.resent).toBe(3);
  });

  test("sends it again as new messages, in order, where the session was lost", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 3 });
    bench.arriveMany(4);
    bench.acknowledge(1);

    bench.reconnectDestination({ sessionPresent: false });

    expect(bench.destination.written.map(({ dup }) => dup)).toEqual([false, false, false]);
    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["2", "3", "4"]);
  });

  test("sends what was in flight before what was waiting", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 2 });
    bench.arriveMany(3);
    bench.destinationSide.close();
    bench.arrive(4);

    bench.destination = new FakeDestination();
    bench.destinationSide = bench.forwarder.openDestination(bench.destination, { ...limits, sessionPresent: true });
    for (const payload of [1, 2, 3, 4]) bench.acknowledge(payload);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "2", "3", "4"]);
    expect(bench.source.acknowledged).toEqual([1, 2, 3, 4]);
  });

  test("gives no identifier to another message that a kept session still knows", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 2 });
    bench.arriveMany(2);
    bench.reconnectDestination({ sessionPresent: true, receiveMaximum: 1 });

    bench.acknowledge(1); // under 1, again
    bench.acknowledge(2); // under 2, again
    bench.arrive(3);

    expect(bench.destination.lines).toEqual(["1 a/b 1 dup", "2 a/b 2 dup", "3 a/b 3"]);
  });

  test("takes a PUBACK of a connection that has ended for the fault of this program that it would be", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    bench.destinationSide.close();

    expect(() => {
      bench.destinationSide.onPuback(1, 0);
    }).toThrow("a PUBACK came on a destination connection that has ended");
    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.forwarder.status.waiting).toBe(1);
  });

  test("counts a message that was waiting, and had never been sent, as none that was sent again", () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    bench.arrive(1);

    bench.destination = new FakeDestination();
    bench.forwarder.openDestination(bench.destination, { ...limits, sessionPresent: true });

    expect(bench.destination.lines).toEqual(["1 a/b 1"]);
    expect(bench.counters.resent).toBe(0);
  });
});

describe("when the source comes back", () => {
  /** One message in flight, one waiting behind it. */
  function withOneSentAndOneWaiting(): ForwarderBench {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arriveMany(2);
    return bench;
  }

  test("forgets what was never sent where the source kept its session: it sends that again", () => {
    const bench = withOneSentAndOneWaiting();

    bench.reconnectSource(true);
    expect(bench.forwarder.status.waiting).toBe(0);
    bench.arrive(1, { dup: true });
    bench.arrive(2, { dup: true });
    bench.acknowledge(1); // the first copy
    bench.acknowledge(1);
    bench.acknowledge(2);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "1", "2"]);
    expect(bench.source.acknowledged).toEqual([1, 2]);
    expect(bench.counters.redelivered).toBe(2);
  });

  test("delivers what was never sent where the source lost its session: ours are the only copies", () => {
    const bench = withOneSentAndOneWaiting();

    bench.reconnectSource(false);
    bench.acknowledge(1);
    bench.acknowledge(2);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "2"]);
    expect(bench.source.acknowledged).toEqual([]);
  });

  test("goes on holding the only copies when the source comes back a second time, with the session that it has now", () => {
    const bench = withOneSentAndOneWaiting();

    bench.reconnectSource(false);
    bench.reconnectSource(true);
    bench.acknowledge(1);
    bench.acknowledge(2);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "2"]);
  });

  test("sends nothing for the first time while the source is away: it may send it again itself", () => {
    const bench = withOneSentAndOneWaiting();
    bench.sourceSide.close();

    bench.acknowledge(1);

    expect(bench.destination.written).toHaveLength(1);
    expect(bench.forwarder.source.withheld.length).toBe(1);
  });

  test("keeps what comes from elsewhere flowing while it is away", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    const other = bench.forwarder.addSource().open(new FakeSource(), sourceLimits(true));
    bench.arriveMany(2);
    other.onPublish(viewOfPublish({ messageId: 1, payload: "other" }));
    bench.sourceSide.close();

    bench.acknowledge(1);

    expect(bench.destination.lines.at(-1)).toMatch(/ other$/);
  });

  test("delivers what was withheld for it, behind what has overtaken it, where it lost its session", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    const other = bench.forwarder.addSource().open(new FakeSource(), sourceLimits(true));
    bench.arriveMany(2);
    other.onPublish(viewOfPublish({ messageId: 1, payload: "other" }));

    bench.reconnectSource(false);
    for (const payload of [1, "other", 2]) bench.acknowledge(payload);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "other", "2"]);
  });

  test("leaves no trace where a fault of this program meets its opening: the next connection works", () => {
    const bench = new ForwarderBench();
    bench.sourceSide.close();
    const fault = new FakeSource();
    bench.destination.writePublish = () => {
      throw new TypeError("a slip");
    };
    bench.forwarder.source.withheld.push(entryOf({ custody: "atSource", session: bench.forwarder.source }));

    expect(() => bench.forwarder.source.open(fault, sourceLimits(false))).toThrow("a slip");
    bench.destination.writePublish = new FakeDestination().writePublish;
    bench.sourceSide = bench.forwarder.source.open(new FakeSource(), sourceLimits(true));

    expect(bench.forwarder.source.current).toBe(bench.sourceSide);
  });

  test("sends again to the destination what was in flight, though the source is away", () => {
    const bench = withOneSentAndOneWaiting();
    bench.sourceSide.close();

    bench.reconnectDestination({ sessionPresent: true });

    expect(bench.destination.lines).toEqual(["1 a/b 1 dup"]);
  });

  test("keeps messages of QoS 0, which no source sends again", () => {
    const bench = withOneSentAndOneWaiting();
    bench.arrive(3, { qos: 0 });

    bench.reconnectSource(true);
    bench.acknowledge(1);

    expect(bench.destination.written.map(({ payload }) => payload.toString())).toEqual(["1", "3"]);
  });

  test("keeps a slot of the window for what was in flight: the destination does not know of the change", () => {
    const bench = withOneSentAndOneWaiting();

    bench.reconnectSource(true);
    bench.arrive(1, { dup: true });

    expect(bench.destination.written).toHaveLength(1);
  });
});

describe("a message that the destination refuses for now", () => {
  test.each([0x80, 0x83, 0x87, 0x91, 0x97, 0x9f])(
    "PUBACK code %d: is sent again after a pause, and then acknowledged",
    (code) => {
      const bench = new ForwarderBench();
      bench.arrive(1);

      bench.acknowledge(1, code);
      expect(bench.source.acknowledged).toEqual([]);
      expect(bench.destination.written).toHaveLength(1);
      expect(bench.scheduled.map(({ delayMs }) => delayMs)).toEqual([1000]);

      bench.endPause();
      expect(bench.destination.written).toMatchObject([{ dup: false }, { dup: false }]);
      bench.acknowledge(1);
      expect(bench.source.acknowledged).toEqual([1]);
      expect(bench.counters).toMatchObject({ rejected: 1, resent: 1, delivered: 1 });
    },
  );

  test("several are sent again in their original order, before all that never was", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 4 });
    bench.arriveMany(5);

    for (const payload of [3, 1, 2]) bench.acknowledge(payload, 0x97);
    bench.endPause();
    bench.acknowledge(4);

    expect(bench.destination.written.slice(4).map(({ payload }) => payload.toString())).toEqual(["1", "2", "3", "5"]);
  });

  test("everything waits in the pause, so that the order is kept", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 2 });
    bench.arriveMany(2);

    bench.acknowledge(1, 0x87);
    bench.acknowledge(2);
    bench.arrive(3);

    expect(bench.destination.written).toHaveLength(2);
    expect(bench.scheduled).toHaveLength(1);
  });

  test("is reported with its topic, the reason and what to do", () => {
    const bench = new ForwarderBench();
    bench.arrive(1, { topic: "site/a" });

    bench.acknowledge(1, 0x87);

    expect(bench.troubles).toEqual([
      {
        kind: "rejected",
        topic: "site/a",
        reason:
          "0x87 Not authorized; check the credentials and the role assignment or permission; a new one takes minutes to arrive",
      },
    ]);
  });

  /** The message with this payload is refused each second for so long. */
  function refuse(bench: ForwarderBench, payload: number, seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      bench.acknowledge(payload, 0x87);
      bench.nowMs += 1000;
      bench.endPause();
    }
  }

  test("is never given up while the destination takes no message at all: a role may be on its way", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    bench.arrive(1);

    refuse(bench, 1, 3600);

    expect(bench.counters.lost.undeliverable).toBe(0);
    expect(bench.forwarder.status.inFlight).toBe(1);
  });

  test("is undeliverable after a time in which the destination takes others, and holds them up no longer", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    bench.arriveMany(2);
    bench.acknowledge(1, 0x87);
    bench.acknowledge(2);
    bench.endPause();

    refuse(bench, 1, 60);
    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.forwarder.destination.rejection).toContain("0x87");
    refuse(bench, 1, 1);

    expect(bench.source.acknowledged).toEqual([1, 2]);
    expect(bench.forwarder.destination.rejection).toBeUndefined();
    expect(bench.troubles.at(-1)).toMatchObject({ kind: "undeliverable", reason: expect.stringContaining("for 60 s") });
  });

  test("keeps its dataflow unready all the time, whatever else is taken meanwhile", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    bench.arriveMany(3);
    bench.acknowledge(1, 0x87);

    bench.acknowledge(2);
    expect(bench.forwarder.destination.rejection).toContain("0x87");
    bench.endPause();
    bench.acknowledge(3);
    expect(bench.forwarder.destination.rejection).toContain("0x87");
    bench.acknowledge(1);

    expect(bench.forwarder.destination.rejection).toBeUndefined();
  });

  test("of a topic that was given up follows at its first refusal, for ten minutes; of another topic it has a time of its own", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    bench.arriveMany(2);
    bench.acknowledge(1, 0x87);
    bench.acknowledge(2);
    bench.endPause();
    refuse(bench, 1, 61);
    expect(bench.counters.lost.undeliverable).toBe(1);

    bench.arrive(3, { topic: "e" });
    bench.acknowledge(3); // it takes others still
    bench.arrive(3);
    bench.acknowledge(3, 0x87);
    expect(bench.counters.lost.undeliverable).toBe(2);
    bench.arrive(4, { topic: "c/d" });
    bench.acknowledge(4, 0x87);
    bench.nowMs += 10 * 60_000;
    bench.endPause();
    bench.acknowledge(4);
    bench.arrive(5);
    bench.acknowledge(5, 0x87);

    expect(bench.counters.lost.undeliverable).toBe(2);
    expect(bench.forwarder.status.waiting).toBe(1);
  });

  test.each([
    ["no time is set", { undeliverable: "Discard", refusalTimeoutMs: 0 }],
    ["an undeliverable message would stop the dataflow, which this is not for", { undeliverable: "Stop" }],
  ] as const)("is sent again for ever where %s", (_why, options) => {
    const bench = new ForwarderBench(options);
    bench.arriveMany(2);
    bench.acknowledge(1, 0x87);
    bench.acknowledge(2);
    bench.endPause();

    refuse(bench, 1, 3600);

    expect([bench.counters.lost.undeliverable, bench.stopped]).toEqual([0, []]);
  });
});

describe.each([
  ["PUBACK 0x90", 0x90, "the destination refused it for good: 0x90 Topic Name invalid"],
  ["PUBACK 0x99", 0x99, "the destination refused it for good: 0x99 Payload format invalid"],
])("a message that is undeliverable by %s", (_case, code, reason) => {
  test("stops the dataflow before it, and says why", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 2 });
    bench.arriveMany(3);

    bench.acknowledge(1, code);

    expect(bench.stopped).toEqual([
      `a message with topic "a/b" can't be delivered: ${reason}; correct it, or set undeliverableMessages to "DeadLetter" or "Discard"`,
    ]);
    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.destination.written).toHaveLength(2);
  });

  test("is discarded, counted, reported and acknowledged in its turn where the configuration says so", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    bench.arriveMany(2);

    bench.acknowledge(2, code);
    expect(bench.source.acknowledged).toEqual([]);
    bench.acknowledge(1);

    expect(bench.source.acknowledged).toEqual([1, 2]);
    expect(bench.counters.lost.undeliverable).toBe(1);
    expect(bench.troubles).toEqual([{ kind: "undeliverable", reason, topic: "a/b" }]);
    expect(bench.stopped).toEqual([]);
  });
});

describe("a message that can't be delivered as it is", () => {
  const tooLong = { topic: "t", payload: "x".repeat(100) };

  test("larger than the destination takes: is never sent", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard", limits: { maximumPacketBytes: 50 } });

    bench.arrive(1, tooLong);
    bench.arrive(2);

    expect(bench.destination.written.map(({ messageId }) => messageId)).toEqual([1]);
    expect(bench.troubles[0]?.reason).toBe("it is 108 bytes long, more than the destination's 50");
    bench.acknowledge(2);
    expect(bench.source.acknowledged).toEqual([1, 2]);
  });

  test("as large as the destination takes at most: is sent", () => {
    const bench = new ForwarderBench({ limits: { maximumPacketBytes: 108 } });

    bench.arrive(1, tooLong);

    expect(bench.destination.written).toHaveLength(1);
  });

  test("larger than the destination takes: stops the dataflow by default", () => {
    const bench = new ForwarderBench({ limits: { maximumPacketBytes: 50 } });

    bench.arrive(1, tooLong);
    bench.arrive(2);

    expect(bench.stopped).toHaveLength(1);
    expect(bench.destination.written).toEqual([]);
    expect(bench.source.acknowledged).toEqual([]);
  });

  test("without a destination topic: is given up as it arrives, in its turn", () => {
    const patch = () => ({ undeliverable: "the topic lacks a level" });
    const bench = new ForwarderBench({ undeliverable: "Discard", patch });

    bench.arrive(4);

    expect(bench.source.acknowledged).toEqual([4]);
    expect(bench.troubles).toEqual([{ kind: "undeliverable", reason: "the topic lacks a level", topic: "a/b" }]);
    expect(bench.counters).toMatchObject({ received: 1, delivered: 0 });
  });

  test("without a destination topic: stops the dataflow by default, unacknowledged", () => {
    const bench = new ForwarderBench({ patch: () => ({ undeliverable: "the topic lacks a level" }) });

    bench.arrive(4);
    bench.arrive(5);

    expect(bench.stopped).toHaveLength(1);
    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.counters.received).toBe(1);
  });

  test("says once that the dataflow stops, though several messages would stop it", () => {
    const bench = new ForwarderBench();
    bench.arriveMany(2);

    bench.acknowledge(1, 0x90);
    bench.acknowledge(2, 0x90);

    expect(bench.stopped).toHaveLength(1);
  });
});

describe("the retain flag", () => {
  test("is cleared and counted where the destination has no retained messages", () => {
    const bench = new ForwarderBench({ limits: { retainAvailable: false } });

    bench.arrive(1, { retain: true });
    bench.arrive(2, { retain: false });

    expect(bench.destination.written.map(({ retain }) => retain)).toEqual([false, false]);
    expect(bench.counters.retainCleared).toBe(1);
  });

  test("is kept where it has some", () => {
    const bench = new ForwarderBench();

    bench.arrive(1, { retain: true });

    expect(bench.destination.written).toMatchObject([{ retain: true }]);
    expect(bench.counters.retainCleared).toBe(0);
  });
});

describe("a message that no filter of today asks for", () => {
  test("is not forwarded, and is acknowledged in its turn, counted and reported", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);

    bench.sourceSide.onUnwanted(viewOfPublish({ messageId: 2, topic: "old" }));
    expect(bench.source.acknowledged).toEqual([]);
    bench.acknowledge(1);

    expect(bench.source.acknowledged).toEqual([1, 2]);
    expect(bench.destination.written).toHaveLength(1);
    expect(bench.counters.lost.filter_removed).toBe(1);
    expect(bench.troubles).toMatchObject([{ kind: "filter_removed", topic: "old" }]);
  });

  test("of QoS 0 is only counted", () => {
    const bench = new ForwarderBench();

    bench.sourceSide.onUnwanted(viewOfPublish({ qos: 0 }));

    expect(bench.source.acknowledged).toEqual([]);
    expect(bench.counters.lost.filter_removed).toBe(1);
  });
});

describe("draining", () => {
  test("is over at once when nothing is under way", async () => {
    await expect(new ForwarderBench().forwarder.drain()).resolves.toBeUndefined();
  });

  test("waits until all that came is acknowledged", async () => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arriveMany(2);
    let isDrained = false;

    const drained = bench.forwarder.drain().then(() => (isDrained = true));
    bench.acknowledge(1);
    await Promise.resolve();
    expect(isDrained).toBe(false);
    bench.acknowledge(2);
    await drained;

    expect(bench.source.acknowledged).toEqual([1, 2]);
  });

  test("leaves what arrives meanwhile unacknowledged, for the next process", async () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    const drained = bench.forwarder.drain();

    bench.arrive(2);
    bench.acknowledge(1);
    await drained;

    expect(bench.destination.written).toHaveLength(1);
    expect(bench.source.acknowledged).toEqual([1]);
  });

  test("accepts nothing new with QoS 0 either, and counts it: a steady flow must not keep it from ending", async () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    const drained = bench.forwarder.drain();

    bench.arrive(2, { qos: 0 });
    bench.acknowledge(1);
    bench.arrive(3, { qos: 0 });
    await drained;

    expect(bench.destination.lines).toEqual(["1 a/b 1"]);
    expect(bench.counters.lost.stopping).toBe(2);
  });

  test("waits until the destination has read what was written with QoS 0: an acknowledgement may rest on it", async () => {
    const bench = new ForwarderBench({ qos: 0 });
    bench.arriveMany(3);
    let isDrained = false;
    void bench.forwarder.drain().then(() => (isDrained = true));

    await settle();
    expect([isDrained, bench.forwarder.status.unconfirmed]).toEqual([false, 3]);
    bench.destination.confirmations[0]!(true);
    await settle();

    expect([isDrained, bench.forwarder.status.unconfirmed]).toEqual([true, 0]);
  });

  test("says what of QoS 0 is unconfirmed where the connection ends first", async () => {
    const bench = new ForwarderBench({ qos: 0 });
    bench.arriveMany(3);
    const drained = bench.forwarder.drain();

    await settle();
    bench.destination.confirmations[0]!(false);
    await drained;

    expect(bench.forwarder.status.unconfirmed).toBe(3);
  });

  test("sends what waits though the source is away, since no news of it will come", async () => {
    const bench = new ForwarderBench({ maxInflightMessages: 1 });
    bench.arriveMany(2);
    bench.sourceSide.close();

    const drained = bench.forwarder.drain();
    bench.acknowledge(1);
    bench.acknowledge(2);

    await drained;
    expect(bench.destination.written).toHaveLength(2);
  });

  test("waits for a destination that is away, which the deadline of the caller ends", async () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    bench.arrive(1);

    const outcome = await Promise.race([bench.forwarder.drain(), Promise.resolve("deadline")]);

    expect(outcome).toBe("deadline");
    expect(bench.source.acknowledged).toEqual([]);
  });

  test("waits for a dead letter that the source has not taken, also while that is to get another turn", async () => {
    const publish = { side: "source", topic: "dead" } as const;
    const deadLetters = { dataflow: "flow", maxBytes: 1, publish };
    const bench = new ForwarderBench({ undeliverable: "DeadLetter", deadLetters });
    bench.arrive(1, { qos: 0 });
    bench.acknowledge(1, 0x90);
    let isDrained = false;
    void bench.forwarder.drain().then(() => (isDrained = true));
    const letter = () => bench.source.written.at(-1)?.messageId ?? 0;

    await settle();
    expect(isDrained).toBe(false);
    bench.sourceSide.onPuback(letter(), 0x97);
    await settle();
    expect(isDrained).toBe(false);
    bench.endPause();
    bench.sourceSide.onPuback(letter(), 0);
    await settle();

    expect(isDrained).toBe(true);
  });

  test("is over when the dataflow stops in the middle of it", async () => {
    const bench = new ForwarderBench();
    bench.arrive(1);

    const drained = bench.forwarder.drain();
    bench.acknowledge(1, 0x90);

    await expect(drained).resolves.toBeUndefined();
  });

  test("may be asked for twice", async () => {
    const bench = new ForwarderBench();
    bench.arrive(1);

    const both = Promise.all([bench.forwarder.drain(), bench.forwarder.drain()]);
    bench.acknowledge(1);

    await expect(both).resolves.toHaveLength(2);
  });
});

describe("a source that sends more than it should", () => {
  const megabyte = "x".repeat(1024 * 1024);

  test("is read no further shortly before 16 MB are in memory, and again when half of it is gone", () => {
    const bench = new ForwarderBench({ limits: { receiveMaximum: 3 } });
    for (let id = 1; id <= 13; id++) bench.arrive(id, { payload: megabyte }); // three of them are in flight
    expect(bench.source.isPaused).toBe(false);

    bench.arrive(14, { payload: megabyte });
    expect(bench.source.isPaused).toBe(true);

    for (let id = 1; id <= 6; id++) bench.destinationSide.onPuback(id, 0);
    expect(bench.source.isPaused).toBe(true);
    bench.destinationSide.onPuback(7, 0);
    expect(bench.source.isPaused).toBe(false);
  });

  test("is read no further while more messages wait than it may send unacknowledged, and again when half of them are gone", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 4 });
    for (let id = 1; id <= 8; id++) bench.arrive(id); // four of them are in flight
    expect(bench.source.isPaused).toBe(false);

    bench.arrive(9);
    expect(bench.source.isPaused).toBe(true);

    for (const id of [1, 2]) bench.destinationSide.onPuback(id, 0);
    expect(bench.source.isPaused).toBe(true);
    bench.destinationSide.onPuback(3, 0);
    expect(bench.source.isPaused).toBe(false);
  });

  test("is read no further while many messages of QoS 0 wait for a slower destination: none of them is lost", () => {
    const bench = new ForwarderBench({ qos: 0, maxInflightMessages: 4 });
    bench.destination.pendingBytes = 2 * 1024 * 1024;
    for (let count = 0; count < 4; count++) bench.arrive(0, { qos: 0 });
    expect(bench.source.isPaused).toBe(false);

    bench.arrive(0, { qos: 0 });
    expect(bench.source.isPaused).toBe(true);

    bench.destination.pendingBytes = 0;
    bench.destination.drain();
    expect(bench.source.isPaused).toBe(false);
    expect(bench.counters.delivered).toBe(5);
  });

  test("is read again when the destination for whose messages of QoS 0 it was held up goes away", () => {
    const bench = new ForwarderBench({ qos: 0, maxInflightMessages: 4 });
    bench.destination.pendingBytes = 2 * 1024 * 1024;
    for (let count = 0; count < 5; count++) bench.arrive(0, { qos: 0 });

    bench.destinationSide.close();

    expect(bench.source.isPaused).toBe(false);
  });

  test("is read on however many messages of QoS 0 wait while no destination is there: nothing else would hold them", () => {
    const bench = new ForwarderBench({ maxInflightMessages: 4 });
    bench.destinationSide.close();

    for (let count = 0; count < 100; count++) bench.arrive(0, { qos: 0 });

    expect(bench.forwarder.status.waiting).toBe(100);
    expect(bench.source.isPaused).toBe(false);
  });

  test("is read again once a destination of QoS 0 has taken what waited: no acknowledgement comes from there", () => {
    const bench = new ForwarderBench({ qos: 0 });
    bench.destination.pendingBytes = 2 * 1024 * 1024;
    for (let id = 1; id <= 17; id++) bench.arrive(id, { payload: megabyte });
    expect(bench.source.isPaused).toBe(true);

    bench.destination.pendingBytes = 0;
    bench.destination.drain();

    expect(bench.source.isPaused).toBe(false);
    expect(bench.forwarder.status.waiting).toBe(0);
  });

  test("is paused on its next connection too while as much waits", () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    for (let id = 1; id <= 17; id++) bench.arrive(id, { payload: megabyte });

    bench.reconnectSource(false);

    expect(bench.source.isPaused).toBe(true);
  });

  test("is read again after a reconnect that made what waited needless", () => {
    const bench = new ForwarderBench();
    bench.destinationSide.close();
    for (let id = 1; id <= 17; id++) bench.arrive(id, { payload: megabyte });

    bench.reconnectSource(true);

    expect(bench.source.isPaused).toBe(false);
  });
});

describe("counting", () => {
  test("observes the time from arrival to the destination's acknowledgement", () => {
    const bench = new ForwarderBench();
    bench.arrive(1);
    bench.nowMs = 30;

    bench.acknowledge(1);

    expect(bench.counters.latencySumSeconds).toBeCloseTo(0.03);
    expect(bench.counters.latency.indexOf(1)).toBe(5); // up to 50 ms
  });

  test("starts with a count for each reason of a loss", () => {
    expect(Object.keys(new ForwarderBench().counters.lost)).toEqual([...lossReasons]);
  });
});

describe("a destination that is about to be replaced", () => {
  test("gets nothing more, what it has is awaited, and its successor gets the rest in order", () => {
    const bench = new ForwarderBench();
    bench.arriveMany(2);

    bench.destinationSide.hold();
    bench.arrive(3);
    bench.acknowledge(1);
    bench.acknowledge(2);
    expect(bench.destination.lines).toEqual(["1 a/b 1", "2 a/b 2"]);
    expect(bench.forwarder.status.inFlight).toBe(0);
    bench.reconnectDestination({ sessionPresent: true });

    expect(bench.destination.lines).toEqual(["3 a/b 3"]);
    expect(bench.counters.resent).toBe(0);
  });
});

describe("a source connection that is about to be replaced", () => {
  test("is owed an acknowledgement for each message that came before", () => {
    const bench = new ForwarderBench();

    bench.arriveMany(2);
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(2);
    bench.acknowledge(2);
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(2);
    bench.acknowledge(1);

    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(0);
  });

  test("is owed every dead letter that is published there, one that gets another turn included", () => {
    const publish = { side: "source", topic: "dead" } as const;
    const deadLetters = { dataflow: "flow", maxBytes: 1, publish };
    const bench = new ForwarderBench({ undeliverable: "DeadLetter", deadLetters });
    bench.arrive(1, { qos: 0 });
    const letter = () => bench.source.written.at(-1)?.messageId ?? 0;

    bench.acknowledge(1, 0x90);
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(1);
    bench.sourceSide.onPuback(letter(), 0x97); // for the time being
    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(1);
    bench.endPause();
    bench.sourceSide.onPuback(letter(), 0);

    expect(bench.forwarder.status.owedTo(bench.sourceSide)).toBe(0);
    expect(bench.counters.deadLettered).toBe(1);
  });

  test("keeps the messages of QoS 1 that come meanwhile, and its successor sends them again", () => {
    const bench = new ForwarderBench();

    bench.sourceSide.hold();
    bench.arrive(1);
    bench.arrive(2, { qos: 0 }); // nobody would send that again
    bench.sourceSide.onUnwanted(viewOfPublish({ messageId: 3 }));
    const old = bench.reconnectSource(true);
    bench.arrive(1, { dup: true });
    bench.acknowledge(1);

    expect(bench.destination.lines).toEqual(["1 a/b 2", "2 a/b 1"]);
    expect([old.acknowledged, bench.source.acknowledged]).toEqual([[], [1]]);
  });
});
