import { setImmediate as turn } from "node:timers/promises";

import { atEndOfTurn, whileReading } from "../../../runtime/event-loop/end-of-turn.ts";

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

describe("whileReading", () => {
  const nothing = Buffer.alloc(0);
  const read = (calls: string[], isLittle: boolean) => () => {
    atEndOfTurn(() => calls.push("end"));
    calls.push("read");
    return isLittle;
  };

  test("does behind a read of little what the end of the turn is to bring, once", async () => {
    const calls: string[] = [];

    whileReading(read(calls, true), nothing, 0);

    expect(calls).toEqual(["read", "end"]);
    await turn();
    await turn();
    expect(calls).toEqual(["read", "end"]);
  });

  test("leaves to the end of the turn what much was read for: another socket may bring more of it", async () => {
    const calls: string[] = [];

    whileReading(read(calls, false), nothing, 0);
    whileReading(read(calls, true), nothing, 0);

    expect(calls).toEqual(["read", "read"]);
    await turn();
    await turn();
    expect(calls).toEqual(["read", "read", "end", "end"]);
  });

  test("leaves to the end of the turn what was asked for before a read", async () => {
    const calls: string[] = [];
    atEndOfTurn(() => calls.push("before"));

    whileReading(read(calls, true), nothing, 0);

    expect(calls).toEqual(["read"]);
    await turn();
    await turn();
    expect(calls).toEqual(["read", "before", "end"]);
  });

  test("forgets nothing when a read throws", async () => {
    const calls: string[] = [];
    const broken = () => {
      atEndOfTurn(() => calls.push("end"));
      throw new Error("a fault");
    };

    expect(() => {
      whileReading(broken, nothing, 0);
    }).toThrow("a fault");

    await turn();
    await turn();
    expect(calls).toEqual(["end"]);
    whileReading(read(calls, true), nothing, 0);
    expect(calls).toEqual(["end", "read", "end"]);
  });
});
