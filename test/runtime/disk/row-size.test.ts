import fc from "fast-check";

import { readMachineTime } from "../../../runtime/disk/thread/clock.ts";
import { rowSize } from "../../../runtime/disk/row-size.ts";
import { SpoolStore } from "../../../runtime/disk/thread/store.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterEach(removeTemporaryFolders);

/** Writes packets of these sizes; returns the store and the sequences. */
function fill(store: SpoolStore, sizes: readonly number[], first = 1): number[] {
  const rows = sizes.map((packetBytes, index) => ({
    sequence: first + index,
    arrivedMs: 1.5,
    inputTopic: undefined,
    packetBytes,
    isDeadLetter: false,
  }));
  const packets = Buffer.alloc(
    sizes.reduce((sum, size) => sum + size, 0),
    7,
  );
  const none = { removed: [], deadLetters: [], batch: 1, clockMs: 0 };
  store.write([{ kind: "write", queue: "flow", rows, packets, ...none }]);
  return rows.map(({ sequence }) => sequence);
}

describe("rowSize", () => {
  test.each([20, 50, 500, 1000, 1300, 2000, 2100, 4000, 4100, 8000, 10_000, 256_000])(
    "is what a row takes in the file among others of its size, or up to a tenth more: %i bytes",
    (bytes) => {
      const folder = createTemporaryFolder("size");
      const store = new SpoolStore(folder, readMachineTime);
      const count = Math.max(20, Math.min(3000, Math.floor(2_000_000 / (bytes + 50))));
      fill(
        store,
        Array.from({ length: count }, () => bytes),
      );

      const { usedBytes } = store.stateOf("flow");
      store.close();

      expect(usedBytes / (rowSize(bytes) * count)).toBeGreaterThan(0.8);
      // A table has pages that lead to the others too.
      expect(usedBytes / (rowSize(bytes) * count)).toBeLessThan(1.06);
    },
  );
});

describe("the bytes that a queue takes", () => {
  test("are those of its pages, whatever was written and removed in which order", () => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(40_000)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, sizes, fc.nat(100), (before, after, removedPercent) => {
        const folder = createTemporaryFolder("used");
        const store = new SpoolStore(folder, readMachineTime);
        const sequences = fill(store, before);
        store.remove(new Map([["flow", sequences.filter((sequence) => (sequence * 37) % 100 < removedPercent)]]));
        fill(store, after, before.length + 1);

        const scanned = store.database
          .prepare("SELECT sum(pgsize) AS bytes FROM dbstat WHERE name = 'queue/flow' AND aggregate = TRUE")
          .get();
        const { usedBytes } = store.stateOf("flow");
        store.close();
        removeTemporaryFolders();

        expect(usedBytes).toBe(scanned?.["bytes"]);
      }),
      { numRuns: 30 },
    );
  });
});
