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

function createConnection() {
  const removed: (readonly string[])[] = [];
  return { removed, unsubscribe: (filters: readonly string[]) => Promise.resolve(void removed.push(filters)) };
}

describe("FilterMemory", () => {
  test("a process that has written its filters once subscribes again without the disk, whether the session was kept or not", async () => {
    const { queue, writes, state } = createQueue(undefined);
    const memory = new FilterMemory(queue, ["a/#"]);
    await memory.beforeSubscribe(false);
    await memory.afterSubscribe(createConnection());
    state.isWorking = false;

    await memory.beforeSubscribe(true);
    await memory.beforeSubscribe(false);

    expect(writes).toEqual([["a/#"]]);
  });

  test("a filter is on the disk before it is subscribed to, and taken back once no configuration wants it", async () => {
    const { queue, writes } = createQueue(["old"]);
    const memory = new FilterMemory(queue, ["wanted"]);
    const connection = createConnection();

    await memory.beforeSubscribe(true);
    expect(writes).toEqual([["old", "wanted"]]);

    expect(await memory.afterSubscribe(connection)).toEqual(["old"]);
    expect(connection.removed).toEqual([["old"]]);
    expect(writes).toEqual([["old", "wanted"], ["wanted"]]);
  });

  test("a session that is lost has no old filters to take back", async () => {
    const { queue } = createQueue(["old"]);
    const memory = new FilterMemory(queue, ["wanted"]);
    const connection = createConnection();

    await memory.beforeSubscribe(false);

    expect(await memory.afterSubscribe(connection)).toEqual([]);
    expect(connection.removed).toEqual([]);
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
