import { every } from "../../../runtime/event-loop/every.ts";

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
});
