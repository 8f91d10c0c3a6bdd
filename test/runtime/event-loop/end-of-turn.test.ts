import { setImmediate as turn } from "node:timers/promises";

import { atEndOfTurn } from "../../../runtime/event-loop/end-of-turn.ts";

describe("atEndOfTurn", () => {
  test("calls back in the order of the calls, once, and not at once", async () => {
    const calls: string[] = [];
    for (const name of ["a", "b", "c"]) atEndOfTurn(() => calls.push(name));
    expect(calls).toEqual([]);

    await turn();
    await turn();

    expect(calls).toEqual(["a", "b", "c"]);
  });

  test("leaves for the next turn what is asked for meanwhile", async () => {
    const calls: string[] = [];
    atEndOfTurn(() => {
      calls.push("first");
      atEndOfTurn(() => calls.push("second"));
      setImmediate(() => calls.push("the turn after"));
    });
    atEndOfTurn(() => calls.push("beside"));

    await turn();
    expect(calls).toEqual(["first", "beside"]);
    await turn();
    expect(calls).toEqual(["first", "beside", "second", "the turn after"]);
  });

  test("calls the others where one throws", async () => {
    const calls: string[] = [];
    const immediate = jest.spyOn(globalThis, "setImmediate");
    atEndOfTurn(() => calls.push("before"));
    atEndOfTurn(() => {
      throw new Error("a fault");
    });
    atEndOfTurn(() => calls.push("behind"));
    const callAll = immediate.mock.calls[0]?.[0] as () => void;
    immediate.mockRestore();

    expect(callAll).toThrow("a fault");
    await turn();

    expect(calls).toEqual(["before", "behind"]);
  });
});
