import { GrowthWatch } from "../../../runtime/disk/growth-watch.ts";

/** Looks every 10 s at a queue of these lengths; returns what is said, with the look's number. */
function look(watch: GrowthWatch, lengths: readonly number[], isConnected = true, startMs = 0): string[] {
  return lengths.flatMap((messages, index) => {
    const change = watch.look(messages, isConnected, startMs + index * 10_000);
    return change === undefined ? [] : [`${index} ${change}`];
  });
}

const growing = [1, 2, 3, 4, 5, 6, 7, 8];
const shrinking = [7, 6, 5, 4, 3, 2, 1];

describe("GrowthWatch", () => {
  test("says once that a queue grows, after a minute of it", () => {
    const watch = new GrowthWatch();

    expect(look(watch, growing)).toEqual(["6 grows"]);
    expect(look(watch, [9, 10, 11, 12, 13, 14, 15, 16], true, 80_000)).toEqual([]);
    expect(watch.isGrowing).toBe(true);
  });

  test.each([
    ["shrinks once in that minute", [1, 2, 3, 4, 3, 4, 5, 6, 7, 6, 7, 8]],
    ["stays as it is once in that minute", [1, 2, 3, 4, 4, 5, 6, 7, 8, 8]],
    ["is empty once in that minute", [1, 2, 3, 4, 0, 1, 2, 3, 4]],
    ["shrinks", shrinking],
  ])("says nothing of a queue that %s", (_case, lengths) => {
    expect(look(new GrowthWatch(), lengths)).toEqual([]);
  });

  test("says nothing of one that grows while the destination is away, as it has to", () => {
    const watch = new GrowthWatch();

    expect(look(watch, growing, false)).toEqual([]);
    expect(look(watch, [100, 101, 102, 103, 104], true, 80_000)).toEqual([]);
  });

  test("counts a minute from the reconnect on: what came before was not the drain's fault", () => {
    const watch = new GrowthWatch();
    look(watch, [1, 2, 3, 4, 5, 6]);
    watch.look(7, false, 60_000);

    expect(look(watch, [8, 9, 10, 11, 12, 13, 14], true, 70_000)).toEqual(["6 grows"]);
  });

  test("says that it shrinks again after a minute of that, not at the first sign", () => {
    const watch = new GrowthWatch();
    look(watch, growing);

    expect(look(watch, [7, 8, 7, 6, 5, 4], true, 80_000)).toEqual([]);
    expect(look(watch, [3, 2, 1], true, 140_000)).toEqual(["1 shrinks"]);
    expect(watch.isGrowing).toBe(false);
  });

  test("says so at once when the queue is empty", () => {
    const watch = new GrowthWatch();
    look(watch, growing);

    expect(look(watch, [0], true, 80_000)).toEqual(["0 shrinks"]);
  });

  test("looks at a queue every ten seconds, however often it is asked", () => {
    const watch = new GrowthWatch();
    let messages = 0;
    const changes = Array.from({ length: 1000 }, (_, index) => watch.look(++messages, true, index * 50));

    expect(changes.every((change) => change === undefined)).toBe(true); // 50 s
  });
});
