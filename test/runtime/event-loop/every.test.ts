import { every, noteMovement } from "../../../runtime/event-loop/every.ts";

describe("every", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("calls all of one period together, whenever they were added, with one timer", () => {
    const calls: string[] = [];
    const stopFirst = every(100, () => calls.push("first"));
    jest.advanceTimersByTime(60);
    const stopSecond = every(100, () => calls.push("second"));

    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(40);
    expect(calls).toEqual(["first", "second"]);

    stopFirst();
    jest.advanceTimersByTime(100);
    expect(calls).toEqual(["first", "second", "second"]);
    stopSecond();
  });

  test("leaves no timer once all have ended, and starts again", () => {
    const calls: number[] = [];
    every(100, () => calls.push(1))();
    expect(jest.getTimerCount()).toBe(0);

    const stop = every(100, () => calls.push(2));
    jest.advanceTimersByTime(200);
    stop();

    expect(calls).toEqual([2, 2]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("ends only what was ended, however often it is told", () => {
    const calls: string[] = [];
    const call = () => calls.push("same");
    const stop = every(100, call);
    const stopOther = every(100, call);

    stop();
    stop();
    jest.advanceTimersByTime(100);
    stopOther();

    expect(calls).toEqual(["same"]);
  });

  test("keeps different periods apart", () => {
    const calls: number[] = [];
    const stops = [100, 250].map((periodMs) => every(periodMs, () => calls.push(periodMs)));
    jest.advanceTimersByTime(500);
    for (const stop of stops) stop();

    expect([100, 250].map((periodMs) => calls.filter((ms) => ms === periodMs).length)).toEqual([5, 2]);
  });

  test("ends periods together where one is a multiple of the other, whenever they began", () => {
    const times: number[] = [];
    const stops: (() => void)[] = [];
    for (const periodMs of [1000, 250, 500]) {
      jest.advanceTimersByTime(70);
      stops.push(every(periodMs, () => times.push(performance.now())));
    }
    jest.advanceTimersByTime(3000);
    for (const stop of stops) stop();

    expect(new Set(times.map((ms) => ms % 250))).toEqual(new Set([0]));
  });

  test("keeps no process alive", () => {
    jest.useRealTimers();
    const set = jest.spyOn(globalThis, "setTimeout");
    const stop = every(60_000, () => undefined);

    expect((set.mock.results[0]?.value as NodeJS.Timeout).hasRef()).toBe(false);
    stop();
    set.mockRestore();
  });
});

describe("every, while nothing moves", () => {
  let calls: string[];
  let stops: (() => void)[];
  /** How often each was called in a time. */
  const callsIn = (ms: number) => {
    calls = [];
    jest.advanceTimersByTime(ms);
    return [calls.filter((name) => name === "quiet").length, calls.filter((name) => name === "steady").length];
  };

  beforeEach(() => {
    jest.useFakeTimers();
    calls = [];
    stops = [every(250, () => calls.push("quiet"), { quietMs: 1000 }), every(250, () => calls.push("steady"))];
  });
  afterEach(() => {
    for (const stop of stops) stop();
    jest.useRealTimers();
  });

  test("calls less often what asked for it, after five seconds", () => {
    expect(callsIn(5000)).toEqual([20, 20]);
    expect(callsIn(1000)).not.toEqual([4, 4]);
    expect(callsIn(8000)).toEqual([8, 32]);
  });

  test("calls as before as soon as something moves, and while it does", () => {
    callsIn(10_000);
    noteMovement();

    expect(callsIn(250)).toEqual([1, 1]);
    for (let seconds = 0; seconds < 10; seconds++) {
      noteMovement();
      expect(callsIn(1000)).toEqual([4, 4]);
    }
  });

  test("calls as before when somebody joins", () => {
    callsIn(10_000);
    stops.push(every(700, () => undefined));

    expect(callsIn(1000)).toEqual([4, 4]);
  });
});
