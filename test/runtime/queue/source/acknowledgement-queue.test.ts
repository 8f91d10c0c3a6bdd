import { AcknowledgementQueue } from "../../../../runtime/queue/source/acknowledgement-queue.ts";
import { Counters } from "../../../../runtime/report/counters.ts";
import { entryOf, FakeSource } from "../fakes.ts";

describe("AcknowledgementQueue", () => {
  test("releases what is safe up to the first that is not", () => {
    const counters = new Counters();
    const source = new FakeSource();
    const queue = new AcknowledgementQueue(source, counters);
    const entries = [1, 2, 3].map((sourceId) => entryOf({ sourceId }));
    for (const entry of entries) queue.push(entry);

    entries[0]!.custody = entries[2]!.custody = "safe";
    queue.release();

    expect(source.acknowledged).toEqual([1]);
    expect([queue.length, queue.oldest, counters.acknowledged]).toEqual([2, entries[1], 1]);

    entries[1]!.custody = "safe";
    queue.release();
    expect(source.acknowledged).toEqual([1, 2, 3]);
    expect([queue.length, queue.oldest, counters.acknowledged]).toEqual([0, undefined, 3]);
  });

  test("leaves every message to the source's session once its connection has ended", () => {
    const source = new FakeSource();
    const queue = new AcknowledgementQueue(source, new Counters());
    const [owed, safe] = [entryOf(), entryOf({ custody: "safe" })];
    queue.push(owed);
    queue.push(safe);

    queue.abandon();
    expect([owed.custody, safe.custody]).toEqual(["atSource", "safe"]);
    owed.custody = "safe";
    queue.release();

    expect([queue.length, source.acknowledged]).toEqual([0, []]);
  });
});
