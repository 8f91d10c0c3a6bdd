import { beat, createBeats, SilenceWatch } from "../../../runtime/disk/silence-watch.ts";

/** A thread that is looked at each second. */
function createBench(afterMs = 10_000) {
  const beats = createBeats();
  let nowMs = 0;
  const watch = new SilenceWatch(beats, afterMs, nowMs);
  const pass = (seconds: number) =>
    Array.from({ length: seconds }, () => watch.look((nowMs += 1000))).filter((change) => change !== undefined);
  return { beats, watch, pass, jump: (ms: number) => watch.look((nowMs += ms)) };
}

describe("a thread that shows no sign of life", () => {
  test("is silent once it has shown none for so long, which is told once", () => {
    const { watch, pass } = createBench();

    expect(pass(9)).toEqual([]);
    expect(watch.trouble).toBeUndefined();
    expect(pass(30)).toEqual(["silent"]);

    expect(watch.isSilent).toBe(true);
  });

  test("is alive again at the first one, and has as long again", () => {
    const { beats, watch, pass } = createBench();
    pass(10);

    beat(beats);

    expect(pass(10)).toEqual(["answers"]);
    expect(watch.trouble).toBeUndefined();
    expect(pass(1)).toEqual(["silent"]);
  });

  test.each([
    [10, "10 s"],
    [29, "20 s"],
    [59, "50 s"],
    [119, "60 s"],
    [120, "120 s"],
  ])("is said after %i s to be silent for %s, so that the text does not change each second", (seconds, said) => {
    const { watch, pass } = createBench();

    pass(seconds);

    expect(watch.trouble).toBe(`the disk has not answered for ${said}`);
  });

  test("is not silent because the whole process was stopped for a while", () => {
    const { watch, jump } = createBench();

    expect(jump(60_000)).toBeUndefined();
    expect(watch.isSilent).toBe(false);
  });
});
