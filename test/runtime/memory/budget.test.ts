import { noteMovement } from "../../../runtime/event-loop/every.ts";
import { MemoryBudget } from "../../../runtime/memory/budget.ts";
import { Collector } from "../../../runtime/memory/collector.ts";
import { largeBuffers } from "../../../runtime/memory/large-buffers.ts";

const mebibyte = 1024 * 1024;
const limitBytes = 100 * mebibyte;
const plan = { shares: new Map([["flow", 1000]]), laneBytes: 5000, garbageBytes: mebibyte };

function open() {
  const state = { residentBytes: 50 * mebibyte, tight: [] as boolean[], changes: 0 };
  const budget = new MemoryBudget({
    limitBytes,
    plan,
    onTight: (isTight) => state.tight.push(isTight),
    residentBytes: () => state.residentBytes,
  });
  const share = budget.share("flow");
  share.use({ heldBytes: () => 700, onTightChange: () => state.changes++ });
  return { budget, share, state };
}

describe("MemoryBudget", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test("gives each dataflow its share of the plan, and the lane to all", () => {
    const { budget, share } = open();

    expect([share.bytes, share.longestBytes, budget.heldBytes]).toEqual([1000, 5000, 700]);
    expect(share.askForLarge(5000)?.isGranted).toBe(true);
    expect(share.askForLarge(1)?.isGranted).toBe(false);
    expect(share.askForLarge(5001)).toBeUndefined();
    budget.close();
  });

  test("has no share for a dataflow that is not in the plan", () => {
    const { budget } = open();

    expect(() => budget.share("other")).toThrow('there is no plan for the memory of "other"');
    budget.close();
  });

  test("lets large messages' memory wait for the next ones, for half of what may be garbage, and lets go of it near the limit", () => {
    const { budget, state } = open();
    expect(largeBuffers.mostFreeBytes).toBe(mebibyte / 2);
    largeBuffers.giveBack(largeBuffers.take(100_000));
    jest.advanceTimersByTime(250);
    expect(largeBuffers.freeBytes).toBeGreaterThan(0);

    state.residentBytes = 85 * mebibyte;
    jest.advanceTimersByTime(2500);
    expect(largeBuffers.freeBytes).toBe(0);
    budget.close();
  });

  test("is tight near the limit of the process, until it is well below, and tells the dataflows", () => {
    const { budget, share, state } = open();
    const seen: boolean[] = [];
    for (const mebibytes of [80, 87, 89, 86, 85, 83, 87]) {
      state.residentBytes = mebibytes * mebibyte;
      jest.advanceTimersByTime(250);
      seen.push(share.isTight);
    }

    expect(seen).toEqual([false, false, true, true, true, false, false]);
    expect(state).toMatchObject({ tight: [true, false], changes: 2 });
    budget.close();
  });
});

describe("what a burst has left", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** A budget whose process takes 50 MiB, and as much more as there is garbage. */
  function openTidied() {
    const shrink = jest.spyOn(Collector.prototype, "shrink");
    const bench = open();
    shrink.mockImplementation(() => (bench.state.residentBytes = 50 * mebibyte));
    jest.advanceTimersByTime(1000);
    return { ...bench, shrink };
  }

  const read = (times: number) => {
    for (let count = 0; count < times; count++) noteMovement();
  };

  test("is collected once no messages have come for a while, though nothing else asks for it", () => {
    const { budget, state, shrink } = openTidied();
    read(100);
    jest.advanceTimersByTime(250);
    state.residentBytes = 54 * mebibyte;
    jest.advanceTimersByTime(4500);
    expect(shrink).not.toHaveBeenCalled();

    jest.advanceTimersByTime(2000);

    expect(shrink).toHaveBeenCalledTimes(1);
    expect(state.residentBytes).toBe(50 * mebibyte);
    budget.close();
  });

  test("stays while messages come: a collection would hold them up", () => {
    const { budget, state, shrink } = openTidied();
    state.residentBytes = 70 * mebibyte;

    for (let second = 0; second < 60; second++) {
      read(50);
      jest.advanceTimersByTime(1000);
    }

    expect(shrink).not.toHaveBeenCalled();
    budget.close();
  });

  test("does not wait for connections that are kept alive", () => {
    const { budget, state, shrink } = openTidied();
    state.residentBytes = 70 * mebibyte;
    for (let second = 0; second < 60; second++) {
      read(5);
      jest.advanceTimersByTime(1000);
    }

    expect(shrink).toHaveBeenCalledTimes(1);
    budget.close();
  });

  test("is not looked for again and again: not where little is to be had, nor where none was", () => {
    const { budget, state, shrink } = openTidied();
    shrink.mockImplementation(() => undefined);
    state.residentBytes = 54 * mebibyte - 1;
    jest.advanceTimersByTime(60_000);
    expect(shrink).not.toHaveBeenCalled();

    state.residentBytes = 70 * mebibyte; // in use
    jest.advanceTimersByTime(600_000);

    expect(shrink).toHaveBeenCalledTimes(1);
    budget.close();
  });

  test("is collected each ten seconds at most", () => {
    const { budget, state, shrink } = openTidied();
    for (let second = 0; second < 60; second++) {
      state.residentBytes += 5 * mebibyte;
      jest.advanceTimersByTime(1000);
    }

    expect(shrink.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(shrink.mock.calls.length).toBeLessThanOrEqual(6);
    budget.close();
  });
});

test("it knows the memory of this process", () => {
  const onTight = jest.fn();
  jest.useFakeTimers();
  const budget = new MemoryBudget({ limitBytes: mebibyte, plan, onTight });

  jest.advanceTimersByTime(250);

  expect(onTight).toHaveBeenCalledWith(true, expect.any(Number));
  expect((onTight.mock.calls[0] as [boolean, number])[1]).toBeLessThan(process.memoryUsage.rss());
  budget.close();
  jest.useRealTimers();
});
