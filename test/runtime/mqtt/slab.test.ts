import { Slab } from "../../../runtime/mqtt/slab.ts";

describe("Slab", () => {
  test("reserves room side by side, so that what is encoded in turn goes out in one piece", () => {
    const slab = new Slab();

    const first = slab.reserve(10);
    const firstStart = slab.start;
    const second = slab.reserve(20);

    expect(second).toBe(first);
    expect(slab.start).toBe(firstStart + 10);
  });

  test("never hands out a byte twice, and none that is not there", () => {
    const slab = new Slab();
    const ends = new Map<Buffer, number>();

    for (let count = 0; count < 2000; count++) {
      const length = 1 + ((count * 37) % 9000);
      const bytes = slab.reserve(length);
      expect(slab.start).toBeGreaterThanOrEqual(ends.get(bytes) ?? 0);
      expect(slab.start + length).toBeLessThanOrEqual(bytes.length);
      ends.set(bytes, slab.start + length);
    }
  });

  test("gives a large packet memory of its own, hardly longer than it is, and goes on in the slab", () => {
    const slab = new Slab();
    const small = slab.reserve(10);

    const large = slab.reserve(100_000);

    expect(slab.start).toBe(0);
    expect(large.length).toBeGreaterThanOrEqual(100_000);
    expect(large.length).toBeLessThan(100_000 * (9 / 8));
    expect(slab.reserve(10)).toBe(small);
    expect(slab.start).toBe(10);
  });

  test("begins with 16 KB and takes 64 KB at a time at most: a thousand quiet dataflows hold little", () => {
    const slab = new Slab();
    const sizes = new Set<number>();

    for (let count = 0; count < 100; count++) sizes.add(slab.reserve(4096).length);

    expect([...sizes]).toEqual([16_384, 32_768, 65_536]);
  });

  test("does not lie in the pool that Node.js shares among all", () => {
    expect(new Slab().reserve(1).byteOffset).toBe(0);
  });
});
