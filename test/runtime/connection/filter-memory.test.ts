import { FilterMemory } from "../../../runtime/connection/filter-memory.ts";
import type { SpoolQueue } from "../../../runtime/disk/spool.ts";

/** A disk that works until it is told not to; `writes` are what was given to it. */
function createQueue(filters: readonly string[] | undefined) {
  const writes: (readonly string[])[] = [];
  const state = { isWorking: true };
  const queue: Pick<SpoolQueue, "filters" | "rememberFilters"> = {
    filters,
    rememberFilters: (wanted, onCommitted) => {
      writes.push(wanted);
      if (state.isWorking) onCommitted();
    },
  };
  return { queue, writes, state };
}

describe("FilterMemory", () => {
  test("a process that has written its filters once subscribes again without the disk, whether the session was kept or not", async () => {
    const { queue, writes, state } = createQueue(undefined);
    const memory = new FilterMemory(queue, ["a/#"]);
    await memory.beforeSubscribe(false);
    state.isWorking = false;

    await memory.beforeSubscribe(true);
    await memory.beforeSubscribe(false);

    expect(writes).toEqual([["a/#"]]);
  });

  test("a filter is on the disk before it is subscribed to, and is forgotten once the broker has confirmed that it is gone", async () => {
    const { queue, writes } = createQueue(["old", "older"]);
    const memory = new FilterMemory(queue, ["wanted"]);

    await memory.beforeSubscribe(true);
    expect(writes).toEqual([["old", "older", "wanted"]]);
    expect(memory.removed).toEqual(["old", "older"]);

    await memory.forget(["old"]);
    expect(memory.removed).toEqual(["older"]);
    expect(writes.at(-1)).toEqual(["older", "wanted"]);
  });

  test("a session that is lost holds no old filters", async () => {
    const { queue } = createQueue(["old"]);
    const memory = new FilterMemory(queue, ["wanted"]);

    await memory.beforeSubscribe(false);

    expect(memory.removed).toEqual([]);
  });

  test("filters that were not committed are written again", async () => {
    const { queue, writes, state } = createQueue(undefined);
    const memory = new FilterMemory(queue, ["a/#"]);
    state.isWorking = false;
    void memory.beforeSubscribe(false);
    state.isWorking = true;

    await memory.beforeSubscribe(false);

    expect(writes).toHaveLength(2);
  });
});
