import { SharedRendering } from "../../../runtime/report/shared-rendering.ts";

/** Takes the processor, as a rendering does. */
function work(milliseconds: number): void {
  const deadline = performance.now() + milliseconds;
  while (performance.now() < deadline);
}

test("renders once for all who ask before it begins", async () => {
  const make = jest.fn(() => ({ text: "page" }));
  const rendering = new SharedRendering(make);

  const pages = await Promise.all([rendering.read(), rendering.read(), rendering.read()]);

  expect(make).toHaveBeenCalledTimes(1);
  expect(new Set(pages).size).toBe(1);
});

test("gives nobody a page that was begun before it was asked for", async () => {
  let value = 1;
  const rendering = new SharedRendering(async (pause) => {
    const seen = value;
    await pause();
    return seen;
  });
  const first = rendering.read();
  await Promise.resolve(); // it has begun

  value = 2;
  const second = rendering.read();

  expect(await Promise.all([first, second])).toEqual([1, 2]);
});

test("rests after each rendering, 99 times as long as it has worked", async () => {
  const beginnings: number[] = [];
  const rendering = new SharedRendering(() => {
    beginnings.push(performance.now());
    work(2);
  });

  await rendering.read();
  await rendering.read();

  expect(beginnings[1]! - beginnings[0]!).toBeGreaterThanOrEqual(190);
});

test("counts no pause of a rendering as work", async () => {
  const rendering = new SharedRendering(async (pause) => {
    for (let count = 0; count < 5; count++) {
      const waiting = pause();
      setImmediate(() => work(20)); // what others do in the pause
      await waiting;
    }
  });
  await rendering.read();
  const watch = performance.now();

  await rendering.read();

  // With the pauses counted it would rest for a second.
  expect(performance.now() - watch).toBeLessThan(900);
});

test("rests for a second at most", async () => {
  const rendering = new SharedRendering(() => {
    work(60);
  });
  await rendering.read();
  const watch = performance.now();

  await rendering.read();

  expect(performance.now() - watch).toBeLessThan(5000);
});

test("tells a failure to all who wait, and renders again for the next", async () => {
  let count = 0;
  const rendering = new SharedRendering(() => {
    if (++count === 1) throw new Error("no registry");
    return count;
  });

  const [first, second] = await Promise.allSettled([rendering.read(), rendering.read()]);

  expect([first.status, second.status]).toEqual(["rejected", "rejected"]);
  expect(await rendering.read()).toBe(2);
});
