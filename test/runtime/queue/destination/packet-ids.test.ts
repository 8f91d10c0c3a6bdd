import fc from "fast-check";

import { PacketIds } from "../../../../runtime/queue/destination/packet-ids.ts";

describe("PacketIds", () => {
  test("gives each identifier once, from 1 to the last, and then none", () => {
    const ids = new PacketIds(3);

    expect([ids.take(), ids.take(), ids.take(), ids.take()]).toEqual([1, 2, 3, 0]);
  });

  test("gives the one that has been free for longest", () => {
    const ids = new PacketIds(3);
    const taken = [ids.take(), ids.take()];

    for (const id of taken) ids.release(id);

    expect([ids.take(), ids.take(), ids.take()]).toEqual([3, 1, 2]);
  });

  test("has all identifiers again after a reset", () => {
    const ids = new PacketIds(2);
    ids.take();
    ids.take();

    ids.reset();

    expect([ids.take(), ids.take(), ids.take()]).toEqual([1, 2, 0]);
  });

  test("never gives one that is taken, whatever the order of giving back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (steps) => {
        const ids = new PacketIds(5);
        const taken: number[] = [];
        for (const step of steps) {
          if (step < 5) {
            const id = ids.take();
            expect(taken).not.toContain(id);
            expect(id === 0).toBe(taken.length === 5);
            if (id !== 0) taken.push(id);
          } else {
            const [id] = taken.splice(step % Math.max(1, taken.length), 1);
            if (id !== undefined) ids.release(id);
          }
        }
      }),
    );
  });
});
