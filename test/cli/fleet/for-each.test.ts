import { forEachBounded } from "../../../cli/fleet/for-each.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("works on as many items at a time as it may, and gives the results in their order", async () => {
  let running = 0;
  let most = 0;

  const results = await forEachBounded([3, 1, 2, 5, 4], 2, new AbortController().signal, async (item) => {
    most = Math.max(most, ++running);
    for (let left = item; left > 0; left -= 1) await turn();
    running -= 1;
    return item * 10;
  });

  expect(results).toEqual([30, 10, 20, 50, 40]);
  expect(most).toBe(2);
});

test("starts nothing once it is told to stop, and gives what was finished", async () => {
  const stop = new AbortController();

  const results = await forEachBounded([1, 2, 3], 1, stop.signal, async (item) => {
    if (item === 2) stop.abort();
    await turn();
    return item;
  });

  expect(results).toEqual([1, 2, undefined]);
});

test("rejects with the first error, after what ran has ended", async () => {
  const ended: number[] = [];

  const all = forEachBounded([1, 2, 3, 4], 2, new AbortController().signal, async (item) => {
    await turn();
    if (item === 1) throw new Error("first");
    await turn();
    ended.push(item);
  });

  await expect(all).rejects.toThrow("first");
  expect(ended).toEqual([2]);
});
