import { RefusalWatch } from "../../../../runtime/queue/destination/refusal-watch.ts";
import { liveBytes } from "../../../support/heap.ts";
import { encodePublish } from "../../../../runtime/mqtt/publish.ts";
import { entryOf, viewOfPublish } from "../fakes.ts";

const reasonCode = 0x87;

/** Refuses a message at these times, each with what the destination had taken by then; tells at which it was given up. */
function refuse(
  watch: RefusalWatch,
  topic: string,
  refusals: readonly (readonly [nowMs: number, delivered: number])[],
) {
  const entry = entryOf();
  return refusals.findIndex(([nowMs, delivered]) => watch.isHopeless({ entry, topic, reasonCode, nowMs, delivered }));
}

describe("RefusalWatch", () => {
  test("counts the time in which the destination takes others, and the time after that in which there are no others", () => {
    const watch = new RefusalWatch(1000);

    const givenUp = refuse(watch, "a", [
      [0, 5],
      [9000, 5], // it takes none
      [9500, 6],
      [9999, 6], // all others are held up by this one
      [10_000, 6],
    ]);

    expect(givenUp).toBe(4);
    expect(watch.rejection).toBeUndefined();
  });

  test("counts no time in which messages of several topics are refused and none is taken: an outage", () => {
    const watch = new RefusalWatch(1000);
    const refusal = { reasonCode, delivered: 6 };
    const [first, second] = [entryOf(), entryOf()];
    watch.isHopeless({ ...refusal, entry: first, topic: "a", nowMs: 0, delivered: 5 });

    const verdicts = Array.from({ length: 100 }, (_, index) => {
      const nowMs = 100 + index * 100;
      const other = watch.isHopeless({ ...refusal, entry: second, topic: "b", nowMs });
      return watch.isHopeless({ ...refusal, entry: first, topic: "a", nowMs }) || other;
    });

    expect(verdicts.some(Boolean)).toBe(false);
  });

  test("gives a message of a topic up at once only while others are taken, and no more once one of it was", () => {
    const watch = new RefusalWatch(1);
    refuse(watch, "a", [
      [0, 0],
      [10, 1],
    ]);

    expect(refuse(watch, "a", [[20, 1]])).toBe(-1); // an outage, perhaps
    expect(refuse(watch, "a", [[30, 2]])).toBe(0);
    watch.onTaken("a");
    expect(refuse(watch, "a", [[40, 3]])).toBe(-1);
  });

  test("tells what is refused, and why, until that is taken or gone", () => {
    const watch = new RefusalWatch(1000);
    const entry = entryOf({ publish: encodePublish(viewOfPublish({ topic: "a" }), { qos: 1, retain: false }) });
    watch.isHopeless({ entry, topic: "a", reasonCode, nowMs: 0, delivered: 0 });
    expect(watch.rejection).toMatch(/^"a": 0x87 Not authorized; .*; messages behind it wait for it$/);

    watch.settle(entry);

    expect(watch.rejection).toBeUndefined();
  });

  test("tells topics apart that are alike in all but their end, and keeps none of a long one", () => {
    const watch = new RefusalWatch(1);
    const long = "x".repeat(60_000);
    const giveUp = (topic: string) =>
      refuse(watch, topic, [
        [0, 0],
        [1, 1],
        [2, 2],
      ]);
    const before = liveBytes();

    for (let number = 0; number < 200; number++) giveUp(`${long}${number}`);

    expect(liveBytes() - before).toBeLessThan(2_000_000); // the topics have 12 MB
    expect(refuse(watch, `${long}199`, [[3, 3]])).toBe(0);
    expect(refuse(watch, `${long}new`, [[3, 3]])).toBe(-1);
    watch.onTaken(`${long}198`);
    expect(refuse(watch, `${long}198`, [[3, 3]])).toBe(-1);
  });

  test("remembers no more than 256 topics, the latest ones", () => {
    const watch = new RefusalWatch(1);
    const giveUp = (topic: string) => [
      refuse(watch, topic, [
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
    ];
    for (let number = 0; number < 300; number++) giveUp(`topic/${number}`);

    expect(refuse(watch, "topic/299", [[3, 3]])).toBe(0);
    expect(refuse(watch, "topic/0", [[3, 3]])).toBe(-1);
  });
});
