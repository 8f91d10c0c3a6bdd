import { Collector } from "../../../runtime/memory/collector.ts";

const mebibyte = 1024 * 1024;

function open(garbageBytes = 12 * mebibyte) {
  const state = { bufferBytes: 5 * mebibyte, liveBytes: 0, minor: 0, major: 0, shrink: 0 };
  const collector = new Collector({
    garbageBytes,
    liveBytes: () => state.liveBytes,
    collections: {
      minor: () => state.minor++,
      major: () => state.major++,
      shrink: () => state.shrink++,
      bufferBytes: () => state.bufferBytes,
    },
  });
  return { collector, state };
}

describe("Collector", () => {
  test("collects young buffers each third of what may wait, however many messages that is", () => {
    const { collector, state } = open();

    for (let bytes = 0; bytes < 42 * mebibyte; bytes += 1000) collector.allocated(1000);

    expect(state).toMatchObject({ minor: 10, major: 0 });
  });

  test("collects at least each 8 MiB, for the caches' sake", () => {
    const { collector, state } = open(1024 * mebibyte);

    collector.allocated(8 * mebibyte);

    expect(state.minor).toBe(1);
  });

  test("collects everything where old buffers have gathered", () => {
    const { collector, state } = open();
    state.bufferBytes = 5 * mebibyte + 9 * mebibyte;
    state.liveBytes = 0;

    collector.allocated(4 * mebibyte);

    expect(state).toMatchObject({ minor: 1, major: 1 });
  });

  test("does not take messages that are held for garbage", () => {
    const { collector, state } = open();
    state.bufferBytes = 5 * mebibyte + 60 * mebibyte;
    state.liveBytes = 60 * mebibyte;

    collector.allocated(4 * mebibyte);

    expect(state).toMatchObject({ minor: 1, major: 0 });
  });

  test("does not look again and again for what a collection of everything has left", () => {
    const { collector, state } = open();
    state.bufferBytes = 50 * mebibyte;

    for (let step = 0; step < 10; step++) collector.allocated(4 * mebibyte);

    expect(state).toMatchObject({ minor: 10, major: 1 });
  });

  test("gives what garbage took back to the operating system", () => {
    const collector = new Collector({ garbageBytes: 12 * mebibyte, liveBytes: () => 0 });
    let garbage: unknown[] | undefined = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `x${index}` }));
    const few = garbage.filter((_, index) => index % 1000 === 0);
    const before = process.memoryUsage().heapTotal;
    garbage = undefined;

    collector.shrink();

    expect(few).toHaveLength(400);
    expect(before - process.memoryUsage().heapTotal).toBeGreaterThan(20 * mebibyte);
  });

  test("keeps the buffers of this process below its bound, where V8 alone does not", () => {
    const bound = 12 * mebibyte;
    const before = process.memoryUsage().arrayBuffers;
    const collector = new Collector({ garbageBytes: bound, liveBytes: () => 0 });
    let most = 0;

    for (let bytes = 0; bytes < 400 * mebibyte; bytes += 100_000) {
      Buffer.allocUnsafeSlow(100_000);
      collector.allocated(100_000);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }

    expect(most).toBeLessThan(2 * bound);
  });
});
