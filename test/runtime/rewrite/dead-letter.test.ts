import type { IPublishPacket } from "mqtt-packet";

import { topicOfEntry } from "../../../runtime/queue/entry.ts";
import {
  describeDeadLetter,
  encodeDeadLetter,
  hasGoneRound,
  type DeadLetterNotes,
} from "../../../runtime/rewrite/dead-letter.ts";
import { encodePublish, PublishView, type EncodedPublish } from "../../../runtime/mqtt/publish.ts";
import { decode, encode } from "../mqtt/scripted-broker.ts";
import { entryOf, ForwarderBench, viewOfPublish } from "../queue/fakes.ts";

const to = { topic: "dead/flow", qos: 1 } as const;

function notes(change: Partial<DeadLetterNotes> = {}): DeadLetterNotes {
  return { dataflow: "flow", reason: "refused", topic: "plant/a", time: "2026-11-26T00:00:00.000Z", ...change };
}

function encoded(view: PublishView): EncodedPublish {
  return encodePublish(view.scanProperties(), { qos: 1, retain: false });
}

function packetOf({ packet }: EncodedPublish): IPublishPacket {
  return decode(packet)[0] as IPublishPacket;
}

/** A dead letter as it comes back from a broker, and becomes one again. */
function again(letter: EncodedPublish, change: Partial<DeadLetterNotes> = {}): EncodedPublish {
  const arrived = new PublishView().readPacket(Buffer.from(letter.packet));
  return encodeDeadLetter(encoded(arrived), notes({ topic: to.topic, ...change }), to);
}

const properties = { userProperties: { unit: "°C" }, contentType: "text/plain", messageExpiryInterval: 60 };
const first = () => encodeDeadLetter(encoded(viewOfPublish({ topic: "plant/a", properties })), notes(), to);

describe("a dead letter", () => {
  test("is the message with what happened to it, and never expires", () => {
    expect(packetOf(first())).toMatchObject({
      topic: "dead/flow",
      payload: Buffer.from("x"),
      retain: false,
      properties: {
        contentType: "text/plain",
        userProperties: {
          unit: "°C",
          deadLetterReason: "refused",
          deadLetterTopic: "plant/a",
          deadLetterDataflow: "flow",
          deadLetterTime: "2026-11-26T00:00:00.000Z",
          "mqtt-dataflow-hops": "1",
        },
      },
    });
    expect(packetOf(first()).properties?.messageExpiryInterval).toBeUndefined();
  });

  test("of a dead letter says what happened last, and the topic that it came with first", () => {
    const letter = again(first(), { reason: "refused again", dataflow: "other", time: "2026-11-27T00:00:00.000Z" });

    expect(packetOf(letter).properties?.userProperties).toEqual({
      unit: "°C",
      deadLetterReason: "refused again",
      deadLetterTopic: "plant/a",
      deadLetterDataflow: "other",
      deadLetterTime: "2026-11-27T00:00:00.000Z",
      "mqtt-dataflow-hops": "2",
    });
  });

  test("is as long after 50 rounds as after the first one", () => {
    let letter = first();
    const lengths: number[] = [];
    for (let round = 1; round <= 50; round++) {
      letter = again(letter);
      // Only the number of rounds gets a digit more.
      lengths.push(letter.length - String(round + 1).length);
    }

    expect(new Set(lengths)).toEqual(new Set([first().length - 1]));
    expect(packetOf(letter).properties?.userProperties).toMatchObject({ "mqtt-dataflow-hops": "51" });
  });

  test("counts as gone round once it has been one eight times, and no message does that is none", () => {
    let letter = first();
    for (let round = 1; round < 8; round++) {
      expect(hasGoneRound(letter)).toBe(false);
      letter = again(letter);
    }

    expect(hasGoneRound(letter)).toBe(true);
    const counted = viewOfPublish({ properties: { userProperties: { "mqtt-dataflow-hops": "200" } } });
    expect(hasGoneRound(encoded(counted))).toBe(false);
  });

  test("begins to count anew, so that a dataflow that counts hops may carry it", () => {
    const counted = viewOfPublish({ properties: { userProperties: { "mqtt-dataflow-hops": "8" } } });

    const letter = encodeDeadLetter(encoded(counted), notes(), to);

    expect(packetOf(letter).properties?.userProperties).toMatchObject({ "mqtt-dataflow-hops": "1" });
  });

  test.each([
    ["a control character, which brokers end the connection for", "a\u0000b\u001b[2J", "a\\x00b\\x1b[2J"],
    ["a reason of any length, cut between characters", `${"x".repeat(999)}😀`, "x".repeat(999)],
  ])("carries %s", (_case, reason, carried) => {
    const letter = encodeDeadLetter(encoded(viewOfPublish()), notes({ reason }), to);

    expect(packetOf(letter).properties?.userProperties).toMatchObject({ deadLetterReason: carried });
  });

  test("carries the whole topic, however long it is", () => {
    const topic = "€".repeat(21_845);

    const letter = encodeDeadLetter(encoded(viewOfPublish()), notes({ topic }), to);

    expect(packetOf(letter).properties?.userProperties).toMatchObject({ deadLetterTopic: topic });
  });

  test("says a topic that is not UTF-8 with its bytes, published and on the disk", () => {
    const bytes = encode({
      cmd: "publish",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
      topic: "a/b",
      payload: "x",
    });
    bytes[6] = 0xff;
    const view = new PublishView().readPacket(bytes);
    const publish = encoded(view);
    const topic = topicOfEntry(entryOf({ publish }));

    expect(topic).toBe("a/\\xff");
    const letter = encodeDeadLetter(publish, notes({ topic }), to);
    expect(packetOf(letter).properties?.userProperties).toMatchObject({ deadLetterTopic: "a/\\xff" });
    expect(describeDeadLetter(publish, notes({ topic }), true)).toMatchObject({ topic, destinationTopic: topic });
  });
});

describe("a dead letter that comes back, through whatever other system,", () => {
  /** Sends each dead letter round until none comes any more, or for 50 rounds. */
  function sendRound(bench: ForwarderBench): number {
    let properties: IPublishPacket["properties"] = {};
    for (let round = 0; round < 50; round++) {
      const before = bench.source.written.length;
      bench.arrive(round + 1, { properties });
      bench.acknowledge(round + 1, 0x90);
      const letter = bench.source.written.at(-1);
      if (bench.source.written.length === before || letter?.messageId === undefined) return round;
      bench.sourceSide.onPuback(letter.messageId, 0);
      properties = letter.properties ?? {};
    }
    return 50;
  }

  const publish = { side: "source", topic: "dead" } as const;

  test("is given up after eight rounds, counted and named; the dataflow goes on", () => {
    const deadLetters = { dataflow: "flow", maxBytes: 1, publish };
    const bench = new ForwarderBench({ undeliverable: "DeadLetter", deadLetters });

    expect(sendRound(bench)).toBe(8);

    expect(bench.counters.lost.undeliverable).toBe(1);
    expect(bench.troubles.at(-1)).toMatchObject({
      kind: "undeliverable",
      reason: expect.stringMatching(/; it has been a dead letter so often that it must be going round in a loop$/),
    });
    expect(bench.stopped).toEqual([]);
    expect(bench.source.acknowledged).toHaveLength(9);
  });
});

test("a dataflow that has no room for a dead letter says how to make some, and not the policy that it has", () => {
  const bench = new ForwarderBench({ undeliverable: "DeadLetter", deadLetters: { dataflow: "flow", maxBytes: 1 } });
  bench.arrive(1);

  bench.acknowledge(1, 0x90);

  expect(bench.stopped).toEqual([expect.stringContaining("make room for dead letters (relay.spool.maxBytes")]);
  expect(bench.stopped[0]).not.toContain('"DeadLetter"');
});

test("a dead letter for the disk has its payload in memory of its own, which can go to the disk's thread without a copy", () => {
  const publish = encoded(viewOfPublish({ payload: "0123456789" }));

  const { payload } = describeDeadLetter(publish, notes(), true);

  expect(Buffer.from(payload).toString()).toBe("0123456789");
  expect(payload.buffer.byteLength).toBe(10);
});
