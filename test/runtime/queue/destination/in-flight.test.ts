import type { Entry } from "../../../../runtime/queue/entry.ts";
import { InFlight, maxInFlight } from "../../../../runtime/queue/destination/in-flight.ts";
import { encodePublish } from "../../../../runtime/mqtt/publish.ts";
import { Slab } from "../../../../runtime/mqtt/slab.ts";
import { liveBytes } from "../../../support/heap.ts";
import { decode } from "../../mqtt/scripted-broker.ts";
import { entryOf as makeEntry, viewOfPublish } from "../fakes.ts";

function entryOf(order: number): Entry {
  return makeEntry({ publish: encodePublish(viewOfPublish(), { qos: 1, retain: false }), sourceId: order });
}

test("keeps no slab alive for a message that a destination does not acknowledge", () => {
  const [messages, keptOf, mostBytes] = [20_000, 50, 2_000_000];
  const inFlight = new InFlight(maxInFlight, mostBytes);
  const slab = new Slab();
  const view = viewOfPublish({ payload: Buffer.alloc(1000, "x") }).scanProperties();
  const before = liveBytes();

  for (let order = 1; order <= messages; order++) {
    const entry = makeEntry({ publish: encodePublish(view, { qos: 1, retain: false }, slab), sourceId: order });
    inFlight.add(entry, false);
    if (order % keptOf !== 0) expect(inFlight.settle(entry.destinationId, false)).toBe(entry);
  }

  expect(inFlight.length).toBe(messages / keptOf);
  // Each of the 400 would keep 64 kB: 26 MB, of which all but 0.4 MB belongs to messages that have left.
  expect(liveBytes() - before).toBeLessThan(mostBytes);
  for (const { publish, destinationId } of inFlight.toArray())
    expect(decode(publish.packet)).toMatchObject([
      { messageId: destinationId, payload: view.bytes.subarray(view.propertiesEnd, view.end) },
    ]);
});

describe("InFlight", () => {
  test("writes a packet identifier into each message and finds the message by it", () => {
    const inFlight = new InFlight(maxInFlight);
    const [first, second] = [entryOf(1), entryOf(2)];

    inFlight.add(first, false);
    inFlight.add(second, false);

    expect(decode(second.publish.packet)).toMatchObject([{ messageId: 2, dup: false }]);
    expect(inFlight.settle(2, true)).toBe(second);
    expect(inFlight.settle(2, true)).toBeUndefined();
    expect(inFlight.settle(1, true)).toBe(first);
    expect(inFlight.length).toBe(0);
  });

  test.each([0, 3, 64_999, 65_000, 65_535])("finds nothing under the identifier %d, which is not in flight", (id) => {
    const inFlight = new InFlight(maxInFlight);
    inFlight.add(entryOf(1), false);

    expect(inFlight.settle(id, true)).toBeUndefined();
    expect(inFlight.length).toBe(1);
  });

  test("never runs out of identifiers, and keeps out of those of control packets", () => {
    const inFlight = new InFlight(maxInFlight);
    const entry = entryOf(1);
    let largest = 0;
    let settled = 0;

    for (let count = 0; count < 140_000; count++) {
      inFlight.add(entry, false);
      largest = Math.max(largest, entry.destinationId);
      if (inFlight.settle(entry.destinationId, true) === entry) settled++;
    }

    expect([settled, largest]).toEqual([140_000, 64_999]);
  });

  test("has all identifiers again once the destination has lost the session", () => {
    const inFlight = new InFlight(maxInFlight);
    const entry = entryOf(1);
    inFlight.add(entry, false);
    inFlight.takeAll();

    inFlight.forgetIds();
    const entries = Array.from({ length: 64_999 }, () => makeEntry({ publish: entry.publish }));
    for (const one of entries) inFlight.add(one, false);

    expect(new Set(entries.map(({ destinationId }) => destinationId)).size).toBe(64_999);
  });

  test("takes no message when no identifier is left: it is a fault of this program, and said so", () => {
    const inFlight = new InFlight(maxInFlight);
    const { publish } = entryOf(1);
    for (let count = 0; count < maxInFlight; count++) inFlight.add(makeEntry({ publish }), false);

    expect(() => {
      inFlight.add(makeEntry({ publish }), false);
    }).toThrow("there is no packet identifier left");
    expect(inFlight.length).toBe(64_999);
  });

  test("takes everything out in the order of sending, also after some were settled out of turn", () => {
    const inFlight = new InFlight(maxInFlight);
    const entries = [1, 2, 3, 4].map(entryOf);
    for (const entry of entries) inFlight.add(entry, false);

    inFlight.settle(2, true);
    inFlight.settle(4, true);

    expect(inFlight.takeAll().map(({ sourceId }) => sourceId)).toEqual([1, 3]);
    expect(inFlight.length).toBe(0);
    expect(inFlight.settle(1, true)).toBeUndefined();
  });

  test("gives a message that was taken out its identifier again, with DUP where the session was resumed", () => {
    const inFlight = new InFlight(maxInFlight);
    const entry = entryOf(1);
    inFlight.add(entryOf(0), false);
    inFlight.add(entry, false);
    inFlight.takeAll();

    inFlight.add(entry, true);

    expect(decode(entry.publish.packet)).toMatchObject([{ messageId: 2, dup: true }]);
  });
});
