import { LargeBuffers } from "../../../runtime/memory/large-buffers.ts";

const megabyte = 1024 * 1024;

describe("LargeBuffers", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.advanceTimersByTime(20_000); // all that is left is let go, with its timer
    jest.useRealTimers();
  });

  test("gives a buffer again that was given back, to a message of about its size", () => {
    const buffers = new LargeBuffers();
    const first = buffers.take(70_000);
    buffers.giveBack(first);

    expect(buffers.take(69_000)).toBe(first);
    expect(buffers.take(69_000)).not.toBe(first);
    expect(buffers.freeBytes).toBe(0);
  });

  test("never gives one that is too small, or far too large", () => {
    const buffers = new LargeBuffers();
    const given = buffers.take(70_000);
    buffers.giveBack(given);

    expect(buffers.take(given.length + 1).length).toBeGreaterThan(given.length);
    expect(buffers.take(given.length / 2 - 1)).not.toBe(given);
    expect(buffers.take(given.length / 2)).toBe(given);
  });

  test("gives each of many only once", () => {
    const buffers = new LargeBuffers();
    const given = Array.from({ length: 10 }, () => buffers.take(20_000));
    for (const buffer of given) buffers.giveBack(buffer);
    const again = Array.from({ length: 10 }, () => buffers.take(20_000));

    expect(new Set(given).size).toBe(10);
    expect(new Set(again)).toEqual(new Set(given));
  });

  test("keeps four megabytes and 64 buffers at most, those that came last", () => {
    const buffers = new LargeBuffers();
    const large = Array.from({ length: 10 }, () => buffers.take(megabyte));
    for (const buffer of large) buffers.giveBack(buffer);
    expect(buffers.freeBytes).toBe(4 * megabyte);
    expect(large.slice(0, 6)).not.toContain(buffers.take(megabyte));

    const small = Array.from({ length: 100 }, () => buffers.take(10_000));
    for (const buffer of small) buffers.giveBack(buffer);
    expect(buffers.freeBytes).toBe(64 * (small[0]?.length ?? 0));

    buffers.giveBack(Buffer.alloc(5 * megabyte));
    expect(buffers.freeBytes).toBe(64 * (small[0]?.length ?? 0));
  });

  test("lets go of all within ten seconds of the last use, and leaves no timer", () => {
    const buffers = new LargeBuffers();
    buffers.giveBack(buffers.take(50_000));
    for (let seconds = 0; seconds < 30; seconds += 3) {
      jest.advanceTimersByTime(3000);
      buffers.giveBack(buffers.take(50_000));
    }
    expect(buffers.freeBytes).toBeGreaterThan(0);

    jest.advanceTimersByTime(10_000);
    expect(buffers.freeBytes).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
