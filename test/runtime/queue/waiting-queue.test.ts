import type { Entry } from "../../../runtime/queue/entry.ts";
import { EncodedPublish } from "../../../runtime/mqtt/encoded-publish.ts";
import { WaitingQueue } from "../../../runtime/queue/waiting-queue.ts";
import { entryOf as makeEntry } from "./fakes.ts";

function entryOf(order: number, { sourceId = order, bytes = 10 } = {}): Entry {
  const publish = new EncodedPublish(Buffer.alloc(bytes), 0, bytes, 0, 0, undefined);
  return makeEntry({ sourceId, publish, order });
}

function orders(queue: WaitingQueue): number[] {
  const seen: number[] = [];
  queue.forEach(({ order }) => seen.push(order));
  return seen;
}

describe("WaitingQueue", () => {
  test("hands messages out in the order in which they came", () => {
    const queue = new WaitingQueue();
    for (const order of [1, 2]) queue.push(entryOf(order));

    expect(queue.peek()?.order).toBe(1);
    expect([queue.shift()?.order, queue.shift()?.order, queue.shift()]).toEqual([1, 2, undefined]);
  });

  test.each([
    [1, 2, 3],
    [3, 1, 2],
    [2, 3, 1],
  ])("puts messages that were sent back to their places (%d, %d, %d)", (...sent) => {
    const queue = new WaitingQueue();
    const entries = [1, 2, 3, 4].map((order) => entryOf(order));
    for (const entry of entries) queue.push(entry);
    for (let count = 0; count < 3; count++) queue.shift();

    for (const order of sent) queue.putBack(entries[order - 1]!);

    expect(orders(queue)).toEqual([1, 2, 3, 4]);
  });

  test("a message that never waited takes its place behind all others", () => {
    const queue = new WaitingQueue();
    const direct = entryOf(0);
    queue.push(entryOf(0));
    queue.takeOrder(direct);
    queue.push(entryOf(0));
    queue.shift();
    queue.putBack(direct);

    expect(orders(queue)).toEqual([2, 3]);
  });

  test("counts its bytes, and its messages of QoS 0", () => {
    const queue = new WaitingQueue();
    const seen = () => [queue.length, queue.bytes, queue.qos0];

    queue.push(entryOf(1, { bytes: 5 }));
    queue.push(entryOf(2, { bytes: 7, sourceId: 0 }));
    expect(seen()).toEqual([2, 12, 1]);

    const first = queue.shift()!;
    expect(seen()).toEqual([1, 7, 1]);

    queue.putBack(first);
    expect(seen()).toEqual([2, 12, 1]);

    expect(queue.extract(({ order }) => order !== 1).map(({ order }) => order)).toEqual([2]);
    expect(seen()).toEqual([1, 5, 0]);
    expect(orders(queue)).toEqual([1]);
  });
});
