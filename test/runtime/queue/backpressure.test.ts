import { SourceGate } from "../../../runtime/queue/backpressure.ts";
import { FakeSource } from "./fakes.ts";

const waiting = (length: number, { qos0 = 0, bytes = 0 } = {}) => ({ length, qos0, bytes });

function open() {
  const source = new FakeSource();
  const gate = new SourceGate({ bytes: 1000, messages: 10 });
  gate.use(source);
  return { gate, source };
}

describe("SourceGate", () => {
  test.each([
    ["as many messages as the bound", 10, false],
    ["one more", 11, true],
  ])("with %s waiting, %d, the source is paused: %s", (_what, length, isPaused) => {
    const { gate, source } = open();

    gate.regulate(waiting(length), 0, true);

    expect(source.isPaused).toBe(isPaused);
  });

  test("opens again at half the bound, and not before", () => {
    const { gate, source } = open();
    gate.regulate(waiting(11), 0, true);

    gate.regulate(waiting(6), 0, true);
    expect(source.isPaused).toBe(true);
    gate.regulate(waiting(5), 0, true);
    expect(source.isPaused).toBe(false);
  });

  test.each([
    [875, 0, false],
    [876, 0, true],
    [400, 475, false],
    [400, 476, true],
  ])("closes at 7/8 of the bound in bytes, %d waiting and %d elsewhere: %s", (bytes, otherBytes, isPaused) => {
    const { gate, source } = open();

    gate.regulate(waiting(1, { bytes }), otherBytes, true);

    expect(source.isPaused).toBe(isPaused);
  });

  test("counts messages of QoS 0 by themselves, while there is a destination to take them", () => {
    const { gate, source } = open();
    const states = [];

    gate.regulate(waiting(20, { qos0: 10 }), 0, true);
    states.push(source.isPaused);
    gate.regulate(waiting(21, { qos0: 11 }), 0, true);
    states.push(source.isPaused);
    gate.regulate(waiting(11, { qos0: 6 }), 0, true);
    states.push(source.isPaused);
    gate.regulate(waiting(11, { qos0: 6 }), 0, false);
    states.push(source.isPaused);

    expect(states).toEqual([false, true, true, false]);
  });

  test("with a spool counts messages of QoS 0 only", () => {
    const { gate, source } = open();

    gate.liftMessageBound();
    gate.regulate(waiting(100_000, { qos0: 11 }), 0, true);
    expect(source.isPaused).toBe(true);
    gate.regulate(waiting(100_000), 0, true);
    expect(source.isPaused).toBe(false);
    gate.regulate(waiting(100_000, { bytes: 1000 }), 0, true);
    expect(source.isPaused).toBe(true);
  });

  test("pauses the next connection too while it is closed, and asks nothing of one that ended", () => {
    const { gate, source } = open();
    gate.use(undefined);
    gate.regulate(waiting(11), 0, true);
    expect(source.isPaused).toBe(false);

    gate.use(source);
    expect(source.isPaused).toBe(true);
  });
});
