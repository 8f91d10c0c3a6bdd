import { generate } from "mqtt-packet";

import { largeBuffers } from "../../../runtime/memory/large-buffers.ts";
import { Landing } from "../../../runtime/mqtt/landing.ts";

beforeEach(() => {
  largeBuffers.clear();
});
afterEach(() => {
  largeBuffers.clear();
});

test.each([
  ["as long as the one before", 100_000, true],
  ["half as long, or a little more", 60_000, true],
  ["less than half as long: most of the memory would lie idle", 40_000, false],
  ["longer than the memory", 200_000, false],
])("whether a packet stays that is %s", (_, length, stays) => {
  const landing = new Landing();
  const target = landing.lend(100_000)!;

  expect(landing.holds(target, 0, length)).toBe(stays);
  landing.giveBack();
});

test("a packet that finds its place beside others does not stay, whatever was lent", () => {
  const landing = new Landing();
  const target = landing.lend(8192)!;

  expect(landing.holds(target, 0, 8192)).toBe(false);
  landing.giveBack();
});

test("holds nothing that came elsewhere, or behind something else, or once it is taken", () => {
  const landing = new Landing();
  const target = landing.lend(100_000)!;

  expect(landing.holds(Buffer.alloc(100_000), 0, 100_000)).toBe(false);
  expect(landing.holds(target, 2, 100_000)).toBe(false);
  expect(landing.take()?.buffer).toBe(target.buffer);
  expect(landing.holds(target, 0, 100_000)).toBe(false);
  expect(landing.take()).toBeUndefined();
});

test.each([
  ["stays, where others follow it", [60_000, 100], 60_000],
  ["stays and is all that has come", [60_000], 60_000],
  ["stays and has not come whole: all of the chunk is its", [100_000, 100], 100_000],
  ["does not stay: it is copied anyway", [40_000, 100], 40_100],
])("tells where a packet ends that %s", (_, lengths, expected) => {
  const landing = new Landing();
  const target = landing.lend(100_000)!;
  const packets = lengths.map((length) => {
    const headerLength = length > 16_000 ? 4 : 2;
    return generate({
      cmd: "publish",
      qos: 0,
      dup: false,
      retain: false,
      topic: "a",
      payload: Buffer.alloc(length - headerLength - 3),
    });
  });
  const end = Buffer.concat(packets).copy(target);

  expect(landing.endOfFirst(target, end)).toBe(expected);
  expect(landing.endOfFirst(target, 1)).toBe(1);
  expect(landing.endOfFirst(Buffer.from(target), end)).toBe(end);
  landing.giveBack();
});

test("gives memory back that no packet stayed in, once, and none that a packet has", () => {
  const landing = new Landing();
  const target = landing.lend(100_000)!;
  landing.giveBack();
  landing.giveBack();
  expect(largeBuffers.freeBytes).toBe(target.buffer.byteLength);

  landing.lend(100_000);
  landing.take();
  landing.giveBack();
  expect(largeBuffers.freeBytes).toBe(0);
});

test("ends the loan, however the memory leaves it", () => {
  const landing = new Landing();
  for (const leave of [() => landing.take(), () => landing.giveBack()]) {
    landing.lend(2 * 1024 * 1024);
    leave();
    expect(landing.lend(2 * 1024 * 1024)).toBeDefined();
    leave();
  }
});
