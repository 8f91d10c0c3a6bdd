import { AcknowledgementQueue } from "../../../runtime/queue/acknowledgement-queue.ts";
import { Counters } from "../../../runtime/report/counters.ts";
import { doneEntry, type Entry } from "../../../runtime/queue/entry.ts";
import { FakeSource } from "./fakes.ts";

function entryOf(sourceId: number, source: FakeSource): Entry {
  return { ...doneEntry(sourceId, source), isDone: false };
}

describe("AcknowledgementQueue", () => {
  test("releases what is done up to the first that is not", () => {
    const counters = new Counters();
    const queue = new AcknowledgementQueue(counters);
    const source = new FakeSource();
    const entries = [1, 2, 3].map((id) => entryOf(id, source));
    for (const entry of entries) queue.push(entry);

    entries[0]!.isDone = entries[2]!.isDone = true;
    queue.release();

    expect(source.acknowledged).toEqual([1]);
    expect([queue.length, counters.acknowledged]).toEqual([2, 1]);

    entries[1]!.isDone = true;
    queue.release();
    expect(source.acknowledged).toEqual([1, 2, 3]);
    expect([queue.length, counters.acknowledged]).toEqual([0, 3]);
  });

  test("cuts every message off from its connection once that has ended", () => {
    const queue = new AcknowledgementQueue(new Counters());
    const source = new FakeSource();
    const entry = entryOf(1, source);
    queue.push(entry);

    queue.abandon();
    entry.isDone = true;
    queue.release();

    expect(entry.source).toBeUndefined();
    expect([queue.length, source.acknowledged]).toEqual([0, []]);
  });
});
