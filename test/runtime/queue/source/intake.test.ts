import { setImmediate as turn } from "node:timers/promises";

import { unboundedShare, type MemoryShare, type MemoryUse } from "../../../../runtime/memory/budget.ts";
import { Lane, type Room } from "../../../../runtime/memory/lane.ts";
import { Intake } from "../../../../runtime/queue/source/intake.ts";
import { WaitingQueue } from "../../../../runtime/queue/waiting-queue.ts";
import { FakeSource } from "../fakes.ts";

const shareBytes = 1000;

function open({ copies = 1, laneBytes = 5000, maxBytes = 800 } = {}) {
  const state = { heldBytes: 0, isTight: false, counted: 0, heldUp: 0, wanted: 0, mayStore: true };
  const lane = new Lane(laneBytes);
  let use: MemoryUse | undefined;
  const share: MemoryShare = {
    bytes: shareBytes,
    longestBytes: laneBytes,
    get isTight() {
      return state.isTight;
    },
    askForLarge: lane.ask.bind(lane),
    allocated: (bytes) => (state.counted += bytes),
    use: (given) => (use = given),
  };
  const source = new FakeSource();
  const waiting = new WaitingQueue();
  const intake: Intake = new Intake({
    share,
    maxBytes,
    maxMessages: 10,
    copies,
    heldBytes: () => state.heldBytes,
    onTightChange: () => {
      intake.settle(waiting, true);
    },
    mayStore: () => state.mayStore,
    onHeldUp: () => state.heldUp++,
    onRoomWanted: () => state.wanted++,
  });
  intake.backpressure.add(source);
  const hold = (bytes: number) => {
    state.heldBytes = bytes;
    intake.settle(waiting, true);
  };
  return { intake, state, source, lane, hold, use: () => use };
}

function granted(room: Room | undefined): boolean | undefined {
  return room?.isGranted;
}

describe("Intake", () => {
  test("pauses the source by all that is held, at the smaller one of its share and its configuration", () => {
    const { source, hold } = open({ maxBytes: 800 });
    const states = [700, 701, 500, 400].map((bytes) => {
      hold(bytes);
      return source.isPaused;
    });
    const wide = open({ maxBytes: 1_000_000 });
    wide.hold(876);

    expect(states).toEqual([false, true, true, false]);
    expect(wide.source.isPaused).toBe(true);
  });

  test("gives a message that is arriving room within the share, once what is held leaves it", async () => {
    const { intake, hold } = open();
    const onGranted = jest.fn();
    hold(600);
    const first = intake.ask(400);
    const second = intake.ask(600);
    if (second !== undefined) second.onGranted = onGranted;
    expect([granted(first), granted(second)]).toEqual([true, false]);

    hold(100);
    expect(granted(second)).toBe(false); // the first one is on its way still
    first?.release();

    expect(granted(second)).toBe(true);
    await turn();
    expect(onGranted).toHaveBeenCalledTimes(1);
  });

  test("grants what waits as soon as enough has left, and not before", () => {
    const { intake, hold } = open();
    hold(900);
    const room = intake.ask(500);
    const states = [900, 600, 500].map((bytes) => {
      hold(bytes);
      return granted(room);
    });

    expect(states).toEqual([false, false, true]);
  });

  test("does not count a message that is arriving when it decides to pause: it could never become whole", () => {
    const { intake, source, hold } = open();
    const room = intake.ask(1000);
    hold(0);

    expect(granted(room)).toBe(true);
    expect(source.isPaused).toBe(false);
  });

  test("has room for a message as large as the share when nothing else is held", () => {
    const { intake } = open();

    expect(granted(intake.ask(1000))).toBe(true);
  });

  test("sends one to the lane, for as often as it may be in memory, that does not fit into the share twice where it is encoded anew", () => {
    const { intake, lane } = open({ copies: 3 });
    const room = intake.ask(1500);

    expect([intake.isLarge(500), intake.isLarge(501)]).toEqual([false, true]);
    expect(granted(room)).toBe(true);
    expect(lane.usedBytes).toBe(4500);
    expect(intake.ask(1700)).toBeUndefined();
    expect(intake.longestBytes).toBe(1666);
  });

  describe("for a disk", () => {
    test("leaves half of the share free for copies of what is on its way there", () => {
      const { intake, source, hold } = open({ maxBytes: 1000 });

      expect(intake.useDisk().portionBytes).toBe(125);
      hold(437); // 7/8 of 500
      expect(source.isPaused).toBe(false);
      hold(438);
      expect(source.isPaused).toBe(true);
      hold(450);
      expect([granted(intake.ask(50)), granted(intake.ask(1))]).toEqual([true, false]);
    });

    test("sends a message to the lane whose copies don't fit there", () => {
      const { intake, lane } = open({ copies: 3 });
      intake.useDisk();

      expect([intake.isLarge(250), intake.isLarge(251)]).toEqual([false, true]);
      expect([granted(intake.ask(250)), granted(intake.ask(250)), granted(intake.ask(1))]).toEqual([true, true, false]);
      expect(lane.usedBytes).toBe(0);
    });

    test("asks the lane for a large message once the disk has a place for it, and not before: what is there needs the lane to leave", async () => {
      const { intake, state, lane, hold } = open({ copies: 3 });
      intake.useDisk();
      state.mayStore = false;
      const onGranted = jest.fn();
      const [room, gone] = [intake.ask(500), intake.ask(500)];
      room!.onGranted = onGranted;
      hold(0);
      expect([granted(room), lane.usedBytes]).toEqual([false, 0]);
      gone?.release();

      state.mayStore = true;
      hold(0);

      expect([granted(room), lane.usedBytes]).toEqual([true, 1500]);
      await turn();
      expect(onGranted).toHaveBeenCalledTimes(1);
      room?.release();
      expect(lane.usedBytes).toBe(0);
    });

    test("waits for the lane then, if others have it", async () => {
      const { intake, state, lane, hold } = open({ copies: 3 });
      intake.useDisk();
      const other = lane.ask(4000);
      state.mayStore = false;
      const room = intake.ask(500);
      state.mayStore = true;
      hold(0);
      expect(granted(room)).toBe(false);

      other?.release();
      await turn();

      expect([granted(room), lane.usedBytes]).toEqual([true, 1500]);
    });

    test("knows at once that a message never fits, however full the disk is", () => {
      const { intake, state } = open({ copies: 3 });
      intake.useDisk();
      state.mayStore = false;

      expect(intake.ask(1667)).toBeUndefined();
    });
  });

  test("tells each time that the source waits for memory", () => {
    const { intake, state, hold } = open();
    hold(600);
    expect(state.heldUp).toBe(0);

    intake.ask(500);
    expect(state.heldUp).toBe(1);
    hold(900);
    expect(state.heldUp).toBe(2);
  });

  test("withdraws what waits when its connection ends, so that the next one is granted", () => {
    const { intake, hold } = open();
    hold(900);
    const gone = intake.ask(900);
    gone?.release();
    gone?.release();
    const next = intake.ask(50);

    expect([granted(gone), granted(next)]).toEqual([false, true]);
  });

  test("reads a little while the process is short of memory, for a dataflow that holds nothing helps nobody by standing still", () => {
    const { state, source, hold, use } = open({ maxBytes: 1_000_000 });
    hold(100);
    state.isTight = true;
    use()?.onTightChange();

    expect(source.isPaused).toBe(false);
    hold(900);
    expect(source.isPaused).toBe(true);
  });

  test("with nobody's limit holds as much as the configuration says", () => {
    const source = new FakeSource();
    const state = { heldBytes: 0 };
    const intake = new Intake({
      share: unboundedShare,
      maxBytes: 1000,
      maxMessages: 10,
      copies: 1,
      heldBytes: () => state.heldBytes,
      onTightChange: () => undefined,
      mayStore: () => true,
      onHeldUp: () => undefined,
      onRoomWanted: () => undefined,
    });
    intake.backpressure.add(source);
    state.heldBytes = 876;
    intake.settle(new WaitingQueue(), true);

    expect(source.isPaused).toBe(true);
    expect(granted(intake.ask(1_000_000_000))).toBe(true);
  });
});
