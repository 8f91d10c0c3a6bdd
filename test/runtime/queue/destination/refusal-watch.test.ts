import { RefusalWatch } from "../../../../runtime/queue/destination/refusal-watch.ts";
import { entryOf } from "../fakes.ts";

const reason = "0x87 Not authorized";

/** Refuses a message at these times, each with what the destination had taken by then; tells at which it was given up. */
function refuse(
  watch: RefusalWatch,
  topic: string,
  refusals: readonly (readonly [nowMs: number, delivered: number])[],
) {
  const entry = entryOf();
  return refusals.findIndex(([nowMs, delivered]) => watch.isHopeless({ entry, topic, reason, nowMs, delivered }));
}

describe("RefusalWatch", () => {
  test("counts from the first time at which it was seen that the destination takes others", () => {
    const watch = new RefusalWatch(1000);

    const givenUp = refuse(watch, "a", [
      [0, 5],
      [9000, 5], // it takes none
      [10_000, 6],
      [10_999, 7],
      [11_000, 8],
    ]);

    expect(givenUp).toBe(4);
    expect(watch.reason).toBeUndefined();
  });

  test("gives the reason of what is refused until that is taken or gone", () => {
    const watch = new RefusalWatch(1000);
    const entry = entryOf();
    watch.isHopeless({ entry, topic: "a", reason, nowMs: 0, delivered: 0 });
    expect(watch.reason).toBe(reason);

    watch.settle(entry);

    expect(watch.reason).toBeUndefined();
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
