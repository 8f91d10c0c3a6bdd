import { turnNow } from "../../../runtime/event-loop/turn-clock.ts";

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("turnNow", () => {
  test("tells one time in a turn of the event loop, however long that takes", async () => {
    const first = turnNow();
    const began = performance.now();
    while (performance.now() - began < 3);
    await Promise.resolve();

    expect(turnNow()).toBe(first);
  });

  test("tells the time of the next turn in that", async () => {
    await nextTurn();
    const before = performance.now();
    const first = turnNow();

    await nextTurn();

    expect(first).toBeGreaterThanOrEqual(before);
    expect(turnNow() - first).toBeGreaterThanOrEqual(4);
    expect(turnNow()).toBeLessThanOrEqual(performance.now());
  });
});
