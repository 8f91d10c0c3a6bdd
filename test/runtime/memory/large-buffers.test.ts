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
    expect(buffers.take(given.length * 0.85)).not.toBe(given);
    expect(buffers.take(given.length)).toBe(given);
  });

  test("gives each of many only once", () => {
    const buffers = new LargeBuffers();
    const given = Array.from({ length: 10 }, () => buffers.take(20_000));
    for (const buffer of given) buffers.giveBack(buffer);
    const again = Array.from({ length: 10 }, () => buffers.take(20_000));

    expect(new Set(given).size).toBe(10);
    expect(new Set(again)).toEqual(new Set(given));
  });

  test.each([1, 2, 8193, 65_536, 65_561, 100_000, 1_000_003, 268_435_460])(
    "makes a buffer for %d bytes that is at most a ninth unused",
    (bytes) => {
      jest.spyOn(Buffer, "allocUnsafeSlow").mockImplementation((length: number) => ({ length }) as Buffer<ArrayBuffer>);
      const { length } = new LargeBuffers().take(bytes);
      jest.restoreAllMocks();

      expect(length).toBeGreaterThanOrEqual(bytes);
      expect(length - bytes).toBeLessThanOrEqual(length / 9);
    },
  );

  test("keeps 16 megabytes at most, or what it is told", () => {
    const buffers = new LargeBuffers();
    const keepMany = (count: number) => {
      for (const buffer of Array.from({ length: count }, () => buffers.take(megabyte))) buffers.giveBack(buffer);
    };
    keepMany(20);
    expect(buffers.freeBytes).toBe(16 * megabyte);

    buffers.clear();
    buffers.mostFreeBytes = 3 * megabyte;
    keepMany(20);
    expect(buffers.freeBytes).toBe(3 * megabyte);
  });

  test("says of each buffer that it has to make how large it is", () => {
    const buffers = new LargeBuffers();
    const made: number[] = [];
    buffers.onMade = (bytes) => made.push(bytes);

    const buffer = buffers.take(megabyte);
    buffers.giveBack(buffer);
    buffers.take(megabyte);
    buffers.take(megabyte);

    expect(made).toEqual([megabyte, megabyte]);
  });

  test("lends two megabytes at most, until a loan ends", () => {
    const buffers = new LargeBuffers();
    const first = buffers.lend(megabyte)!;
    expect([first.length, buffers.lend(megabyte)?.length, buffers.lend(10_000)]).toEqual([
      megabyte,
      megabyte,
      undefined,
    ]);

    buffers.endLoan(first);
    expect(buffers.lend(megabyte)).toHaveLength(megabyte);
  });

  test("lets go of a size that nobody wants while others are used", () => {
    const buffers = new LargeBuffers();
    buffers.giveBack(buffers.take(megabyte));
    for (let seconds = 0; seconds < 12; seconds += 2) {
      jest.advanceTimersByTime(2000);
      buffers.giveBack(buffers.take(65_536));
    }

    expect(buffers.freeBytes).toBe(65_536);
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
