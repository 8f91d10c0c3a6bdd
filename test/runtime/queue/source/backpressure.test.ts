import { Backpressure, type MemoryNow } from "../../../../runtime/queue/source/backpressure.ts";
import { FakeSource } from "../fakes.ts";

const waiting = (length: number, { qos0 = 0, bytes = 0 } = {}) => ({ length, qos0, bytes });

const now = (otherBytes: number, isDestinationThere: boolean, change: Partial<MemoryNow> = {}): MemoryNow => ({
  otherBytes,
  isDestinationThere,
  mostBytes: Infinity,
  isTight: false,
  ...change,
});

function open() {
  const source = new FakeSource();
  const backpressure = new Backpressure({ bytes: 1000, messages: 10 });
  backpressure.add(source);
  return { backpressure, source };
}

describe("Backpressure", () => {
  test.each([
    ["as many messages as the bound", 10, false],
    ["one more", 11, true],
  ])("with %s waiting, %d, the source is paused: %s", (_what, length, isPaused) => {
    const { backpressure, source } = open();

    backpressure.regulate(waiting(length), now(0, true));

    expect(source.isPaused).toBe(isPaused);
  });

  test("reads again at half the bound, and not before", () => {
    const { backpressure, source } = open();
    backpressure.regulate(waiting(11), now(0, true));

    backpressure.regulate(waiting(6), now(0, true));
    expect(source.isPaused).toBe(true);
    backpressure.regulate(waiting(5), now(0, true));
    expect(source.isPaused).toBe(false);
  });

  test.each([
    [875, 0, false],
    [876, 0, true],
    [400, 475, false],
    [400, 476, true],
  ])("pauses at 7/8 of the bound in bytes, %d waiting and %d elsewhere: %s", (bytes, otherBytes, isPaused) => {
    const { backpressure, source } = open();

    backpressure.regulate(waiting(1, { bytes }), now(otherBytes, true));

    expect(source.isPaused).toBe(isPaused);
  });

  test.each([
    [438, 500, true],
    [437, 500, false],
    [876, 2000, true], // the configuration's is the smaller one
  ])("with %d waiting pauses at 7/8 of what may be held at this time, %d: %s", (bytes, mostBytes, isPaused) => {
    const { backpressure, source } = open();

    backpressure.regulate(waiting(1, { bytes }), now(0, true, { mostBytes }));

    expect(source.isPaused).toBe(isPaused);
  });

  test("counts messages of QoS 0 by themselves, while there is a destination to take them", () => {
    const { backpressure, source } = open();
    const states = [];

    backpressure.regulate(waiting(20, { qos0: 10 }), now(0, true));
    states.push(source.isPaused);
    backpressure.regulate(waiting(21, { qos0: 11 }), now(0, true));
    states.push(source.isPaused);
    backpressure.regulate(waiting(11, { qos0: 6 }), now(0, true));
    states.push(source.isPaused);
    backpressure.regulate(waiting(11, { qos0: 6 }), now(0, false));
    states.push(source.isPaused);

    expect(states).toEqual([false, true, true, false]);
  });

  test("with a spool counts messages of QoS 0 only", () => {
    const { backpressure, source } = open();

    backpressure.liftMessageBound();
    backpressure.regulate(waiting(100_000, { qos0: 11 }), now(0, true));
    expect(source.isPaused).toBe(true);
    backpressure.regulate(waiting(100_000), now(0, true));
    expect(source.isPaused).toBe(false);
    backpressure.regulate(waiting(100_000, { bytes: 1000 }), now(0, true));
    expect(source.isPaused).toBe(true);
  });

  test("pauses the next connection too while as much waits, and asks nothing of one that ended", () => {
    const { backpressure, source } = open();
    backpressure.remove(source);
    backpressure.regulate(waiting(11), now(0, true));
    expect(source.isPaused).toBe(false);

    backpressure.add(source);
    expect(source.isPaused).toBe(true);
  });
});
