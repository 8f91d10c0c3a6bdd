import { setImmediate as turn } from "node:timers/promises";

import { Lane, type Room } from "../../../runtime/memory/lane.ts";

function ask(lane: Lane, bytes: number, onWanted?: () => void): Room {
  const room = lane.ask(bytes, onWanted === undefined ? {} : { onWanted });
  if (room === undefined) throw new Error(`there never is room for ${bytes}`);
  return room;
}

const granted = (rooms: readonly Room[]) => rooms.map(({ isGranted }) => isGranted);

describe("Lane", () => {
  test("grants at once as long as there is room", () => {
    const lane = new Lane(100);
    const rooms = [ask(lane, 60), ask(lane, 40), ask(lane, 1)];

    expect(granted(rooms)).toEqual([true, true, false]);
    expect(lane.usedBytes).toBe(100);
  });

  test("has never room for more than it is", () => {
    expect(new Lane(100).ask(101)).toBeUndefined();
  });

  test("grants in the order of asking: a small packet does not overtake a large one for ever", () => {
    const lane = new Lane(100);
    const [first, large, small] = [ask(lane, 60), ask(lane, 80), ask(lane, 10)];
    expect(granted([first, large, small])).toEqual([true, false, false]);

    first.release();
    expect(granted([large, small])).toEqual([true, true]);
  });

  test("calls back in a later turn, and not who has withdrawn meanwhile", async () => {
    const lane = new Lane(100);
    const first = ask(lane, 100);
    const called: string[] = [];
    const [second, third] = [ask(lane, 50), ask(lane, 50)];
    second.onGranted = () => called.push("second");
    third.onGranted = () => called.push("third");

    first.release();
    third.release();
    expect(called).toEqual([]);
    await turn();

    expect(called).toEqual(["second"]);
    expect(lane.usedBytes).toBe(50);
  });

  test("what was withdrawn keeps nobody back", () => {
    const lane = new Lane(100);
    const first = ask(lane, 60);
    const [large, small] = [ask(lane, 80), ask(lane, 40)];

    large.release();
    expect(granted([first, small])).toEqual([true, true]);
  });

  test("takes back each room once", () => {
    const lane = new Lane(100);
    const first = ask(lane, 60);
    ask(lane, 40);

    first.release();
    first.release();
    expect(lane.usedBytes).toBe(40);
  });

  test("asks those who have room to give it back, while somebody waits for it, and no longer", () => {
    jest.useFakeTimers();
    const lane = new Lane(100);
    const onWanted = jest.fn();
    const first = ask(lane, 60, onWanted);
    jest.advanceTimersByTime(30_000);
    expect(onWanted).not.toHaveBeenCalled();

    const second = ask(lane, 60);
    jest.advanceTimersByTime(9000);
    expect(onWanted).not.toHaveBeenCalled();
    jest.advanceTimersByTime(11_000);
    expect(onWanted).toHaveBeenCalledTimes(2);

    second.release();
    jest.advanceTimersByTime(60_000);
    expect(onWanted).toHaveBeenCalledTimes(2);
    first.release();
    jest.useRealTimers();
  });
});
