import { ProgressWatch, watchAnswer, type Traffic } from "../../../runtime/mqtt/progress-watch.ts";

const timeoutMs = 8000;
const lookMs = timeoutMs / 4;

/** A connection of which nothing is seen but bytes. */
class FakeTraffic implements Traffic {
  read = 0;
  given = 0;
  pending = 0;
  /** `undefined`: the kernel's queue can't be read. */
  queued: number | undefined;
  paused = false;
  closed = false;
  kernelReads = 0;

  readBytes = () => this.read;
  givenBytes = () => this.given;
  pendingBytes = () => this.pending;
  isPaused = () => this.paused;
  sendQueue = async () => {
    this.kernelReads++;
    return Promise.resolve(this.queued === undefined ? undefined : { bytes: this.queued, isWindowClosed: this.closed });
  };
}

let traffic: FakeTraffic;
let time: number;

beforeEach(() => {
  traffic = new FakeTraffic();
  time = 0;
});

function watchFor(leastReadBytes?: number): ProgressWatch {
  return new ProgressWatch(traffic, {
    timeoutMs,
    now: () => time,
    ...(leastReadBytes === undefined ? {} : { leastReadBytes }),
  });
}

/** Looks so many times; tells after which one it was over. */
async function look(
  watch: ProgressWatch,
  times: number,
  each: () => void = () => undefined,
): Promise<number | undefined> {
  for (let count = 1; count <= times; count++) {
    each();
    time += lookMs;
    if (await watch.look()) return count;
  }
  return undefined;
}

describe("ProgressWatch", () => {
  test("is over after the time-out when nothing moves", async () => {
    traffic.given = 100;

    expect(await look(watchFor(), 10)).toBe(4);
  });

  test("is not over while bytes are read", async () => {
    const watch = watchFor();

    expect(await look(watch, 40, () => (traffic.read += 1000))).toBeUndefined();
    expect(await look(watch, 10)).toBe(4);
  });

  test("is not over while the kernel's queue gets shorter, though a piece that it has a part of counts as waiting here", async () => {
    traffic.given = traffic.pending = 131_072;
    traffic.queued = 0;
    const watch = watchFor();
    await look(watch, 2);
    traffic.pending = 65_536; // it has taken one piece and most of the next one
    traffic.queued = 120_000;

    expect(await look(watch, 10, () => (traffic.queued = (traffic.queued ?? 0) - 5000))).toBeUndefined();
    expect(await look(watch, 10)).toBe(4);
  });

  test("takes a few bytes, such as the answers to pings, for no progress", async () => {
    expect(await look(watchFor(), 10, () => (traffic.read += 60))).toBe(4);
  });

  test("takes them for progress where any byte will do", async () => {
    expect(await look(watchFor(1), 10, () => (traffic.read += 2))).toBeUndefined();
  });

  test("is not over while the stream takes what was given before", async () => {
    traffic.given = traffic.pending = 1_000_000;

    expect(await look(watchFor(), 40, () => (traffic.pending -= 10_000))).toBeUndefined();
  });

  test("is not over while the kernel's queue drains that took everything at once", async () => {
    traffic.given = traffic.queued = 1_000_000;

    expect(await look(watchFor(), 40, () => (traffic.queued! -= 10_000))).toBeUndefined();
  });

  test("is over when that queue drains no more", async () => {
    traffic.given = traffic.queued = 1_000_000;

    expect(await look(watchFor(), 10)).toBe(4);
  });

  test("waits, once all has left, about as long again as it took: it may stand in a proxy", async () => {
    traffic.given = traffic.queued = 1_000_000;
    const watch = watchFor();
    await look(watch, 11, () => (traffic.queued! -= 90_000));
    traffic.queued = 0;

    expect(await look(watch, 40)).toBe(1 + 4 + 12);
  });

  test("waits as long as a slow link takes for what left at once, which a proxy may have taken", async () => {
    traffic.given = traffic.pending = 400_000;
    const watch = watchFor();
    traffic.pending = traffic.queued = 0;

    expect(await look(watch, 60)).toBe(4 + 400_000 / 8000 / (lookMs / 1000));
  });

  test("waits no longer for a megabyte than for any more", async () => {
    traffic.given = traffic.pending = 100_000_000;
    const watch = watchFor();
    traffic.pending = traffic.queued = 0;

    expect(await look(watch, 100)).toBe(4 + Math.floor(1_000_000 / 8000 / (lookMs / 1000)));
  });

  test("waits no longer where the peer's TCP acknowledges nothing: that link has gone", async () => {
    traffic.given = traffic.pending = 400_000;
    const watch = watchFor();
    traffic.pending = 0;
    traffic.queued = 300_000;

    expect(await look(watch, 60)).toBe(4);
  });

  test("waits four time-outs while the peer's TCP answers that it has no room", async () => {
    traffic.given = traffic.queued = 1000;
    traffic.closed = true;

    expect(await look(watchFor(), 60)).toBe(16);
  });

  test("takes what is given later for no progress, though the kernel takes it: that of a hung server does too", async () => {
    traffic.given = 100;
    traffic.queued = 0;

    expect(await look(watchFor(), 20, () => (traffic.given += 5000))).toBe(4);
  });

  test("asks the kernel only when nothing else is seen to move, and no more once all has left", async () => {
    traffic.given = traffic.queued = 1000;
    const watch = watchFor();

    await look(watch, 5, () => (traffic.read += 1000));
    expect(traffic.kernelReads).toBe(0);
    await look(watch, 1);
    expect(traffic.kernelReads).toBe(1);
    traffic.queued = 0;
    await look(watch, 3);
    expect(traffic.kernelReads).toBe(2);
  });

  test("counts no more than two looks of a time in which it was not asked: the process was paused", async () => {
    const watch = watchFor();
    await look(watch, 1);

    time += 100 * timeoutMs;
    expect(await watch.look()).toBe(false);
    expect(watch.silentMs).toBe(3 * lookMs);
  });

  test("is not over while nobody reads", async () => {
    traffic.paused = true;

    expect(await look(watchFor(), 20)).toBeUndefined();
  });

  test("starts anew with the next request", async () => {
    const watch = watchFor();
    await look(watch, 3);

    traffic.given = 50;
    watch.restart();

    expect(await look(watch, 10)).toBe(4);
  });

  test("says nothing of a request that was answered while it looked", async () => {
    const watch = watchFor();
    await look(watch, 3);

    time += lookMs;
    const looking = watch.look();
    watch.restart();

    expect([await looking, watch.silentMs]).toEqual([false, 0]);
  });

  test("looks once at a time", async () => {
    const watch = watchFor();
    time += lookMs;

    const [first, second] = [watch.look(), watch.look()];
    await Promise.all([first, second]);

    expect(watch.silentMs).toBe(lookMs);
  });
});

describe("watchAnswer", () => {
  test("calls back once when nothing moves, and not after it was ended", async () => {
    const calls: string[] = [];
    const options = { timeoutMs: 40, now: () => performance.now() };

    watchAnswer(traffic, options, () => calls.push("silent"));
    const stop = watchAnswer(traffic, options, () => calls.push("ended"));
    stop();
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect(calls).toEqual(["silent"]);
  });
});
