import type { Entry } from "../../../runtime/forward/entry.ts";
import { doneEntry } from "../../../runtime/forward/entry.ts";
import { WaitingQueue } from "../../../runtime/forward/waiting-queue.ts";

function entryOf(order: number, { sourceId = order, bytes = 10 } = {}): Entry {
  const publish = { packet: Buffer.alloc(bytes), packetIdOffset: 0 };
  return { ...doneEntry(sourceId, undefined), publish, order, state: "waiting" };
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
    [1, [1, 2, 4, 6]],
    [3, [2, 3, 4, 6]],
    [7, [2, 4, 6, 7]],
  ])("puts message %d back to its place", (order, expected) => {
    const queue = new WaitingQueue();
    for (const waiting of [2, 4, 6]) queue.push(entryOf(waiting));
    const entry = { ...entryOf(order), state: "sent" as const };

    queue.putBack(entry);

    expect(orders(queue)).toEqual(expected);
    expect(entry.state).toBe("waiting");
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

    queue.filter(({ order }) => order === 1);
    expect(seen()).toEqual([1, 5, 0]);
    expect(orders(queue)).toEqual([1]);
  });
});
