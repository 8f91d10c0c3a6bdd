import fc from "fast-check";

import { memoryProblem, planMemory, type MemoryNeeds } from "../../../runtime/contract/memory.ts";

const mebibyte = 1024 * 1024;

function needsOf(count: number, maxInflightBytes = 16 * mebibyte, usesDisk = false): MemoryNeeds {
  return {
    dataflows: Array.from({ length: count }, (_, index) => ({ name: `flow-${index}`, maxInflightBytes })),
    usesDisk,
  };
}

function planned(limitBytes: number, needs: MemoryNeeds) {
  const plan = planMemory(limitBytes, needs);
  if ("neededBytes" in plan) throw new Error(`${plan.neededBytes} bytes are needed`);
  return plan;
}

describe("planMemory", () => {
  test("gives one dataflow all that its configuration allows, and the rest to large messages", () => {
    const { shares, laneBytes } = planned(256 * mebibyte, needsOf(1));

    expect(shares.get("flow-0")).toBe(16 * mebibyte);
    expect(laneBytes).toBeGreaterThan(100 * mebibyte);
  });

  test("divides what there is by what each may have, where it is not enough for all", () => {
    const dataflows = [
      { name: "small", maxInflightBytes: 16 * mebibyte },
      { name: "large", maxInflightBytes: 160 * mebibyte },
    ];
    const { shares } = planned(256 * mebibyte, { dataflows, usesDisk: false });
    const [small = 0, large = 0] = shares.values();

    expect(large / small).toBeGreaterThan(8);
    expect(large).toBeLessThan(160 * mebibyte);
  });

  test("plans with nine tenths of the limit, whatever the dataflows are, and never gives more than is allowed", () => {
    const dataflow = fc.integer({ min: 65_536, max: 1024 * mebibyte });
    fc.assert(
      fc.property(
        fc.array(dataflow, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 64, max: 4096 }),
        fc.boolean(),
        (allowed, mebibytes, usesDisk) => {
          const limitBytes = mebibytes * mebibyte;
          const dataflows = allowed.map((maxInflightBytes, index) => ({ name: String(index), maxInflightBytes }));
          const plan = planMemory(limitBytes, { dataflows, usesDisk });
          if ("neededBytes" in plan) {
            expect(plan.neededBytes).toBeGreaterThan(limitBytes);
            return;
          }
          const shares = [...plan.shares.values()];
          const used = shares.reduce((sum, share) => sum + share, 0) + plan.laneBytes + plan.garbageBytes;

          expect(used).toBeLessThan(limitBytes * 0.9 - 72 * mebibyte);
          expect(shares.every((share, index) => share <= Math.max(allowed[index] ?? 0, 256 * 1024))).toBe(true);
          expect(Math.min(...shares)).toBeGreaterThanOrEqual(256 * 1024);
          expect(plan.laneBytes).toBeGreaterThanOrEqual(2 * mebibyte);
        },
      ),
    );
  });

  test("says how much is needed, which is enough then, and not much too much", () => {
    for (const count of [1, 16, 100, 300]) {
      const shortage = planMemory(0, needsOf(count, 16 * mebibyte, true));
      if (!("neededBytes" in shortage)) throw new Error("nothing is needed");

      expect(planMemory(shortage.neededBytes + 1, needsOf(count, 16 * mebibyte, true))).toHaveProperty("shares");
      expect(planMemory(shortage.neededBytes - 1000, needsOf(count, 16 * mebibyte, true))).toHaveProperty(
        "neededBytes",
      );
    }
  });
});

test("a problem names the dataflows, what there is, and what is enough", () => {
  expect(memoryProblem("memoryMebibytes", 128 * mebibyte, needsOf(100))).toEqual({
    path: "memoryMebibytes",
    problem: "is 128 MiB, too little for 100 dataflows",
    remedy: "give 229 MiB or more, or spread the dataflows over more relays",
  });
  // One can't be spread.
  expect(memoryProblem("relay.maxMemoryBytes", 66 * mebibyte, needsOf(1))).toMatchObject({
    problem: "is 66 MiB, too little for 1 dataflow",
    remedy: "give 92 MiB or more",
  });
  expect(memoryProblem("memoryMebibytes", 256 * mebibyte, needsOf(16))).toBeUndefined();
});
