import {
  clientId,
  extraInstanceProblem,
  maxInstances,
  removedOrdinals,
  shareGroup,
} from "../../../runtime/contract/client-id.ts";

describe("clientId", () => {
  test.each([
    [{ prefix: "oslo-", dataflow: "up", ordinal: 0, side: "source" as const }, "oslo-up-0-source"],
    [{ prefix: "oslo-", dataflow: "up", ordinal: 0, side: "destination" as const }, "oslo-up-0-destination"],
    [{ prefix: "", dataflow: "up", ordinal: 12, side: "source" as const }, "up-12-source"],
  ])("of %j is %s", (parts, expected) => {
    expect(clientId(parts)).toBe(expected);
  });
});

describe("shareGroup", () => {
  test("is the same for all instances of a dataflow and another for each dataflow", () => {
    expect(shareGroup({ prefix: "oslo-", dataflow: "up" })).toBe("oslo-up");
    expect(shareGroup({ prefix: "oslo-", dataflow: "down" })).toBe("oslo-down");
  });

  test("holds none of the characters that a share name may not have", () => {
    expect(shareGroup({ prefix: "site/+#", dataflow: "up" })).toBe("site___up");
  });
});

describe("extraInstanceProblem", () => {
  test.each([
    [0, 1],
    [2, 3],
    [19, 20],
  ])("has none of instance %d of %d", (ordinal, instanceCount) => {
    expect(extraInstanceProblem(ordinal, instanceCount)).toBeUndefined();
  });

  test("says of the first instance too many what it is, and what to do", () => {
    expect(extraInstanceProblem(3, 3)).toBe(
      "instance 3 is not one of profile.instanceCount (3): they count from 0, and this one connects to no broker; scale the StatefulSet back to 3, or raise instanceCount to 4 and deploy",
    );
  });

  test("asks for no more instances than there may be", () => {
    expect(extraInstanceProblem(maxInstances, maxInstances)).toMatch(/; scale the StatefulSet back to 20$/);
  });
});

describe("removedOrdinals", () => {
  test.each([
    [0, 1, [1, 2, 3]],
    [0, 2, [2, 4, 6]],
    [1, 2, [3, 5, 7]],
    [2, 3, [5, 8, 11]],
  ])("instance %d of %d looks after %j and so on", (ordinal, instanceCount, first) => {
    expect(removedOrdinals(ordinal, instanceCount).slice(0, 3)).toEqual(first);
  });

  test.each([1, 2, 3, 7, 20])("with %d instances each removed one is looked after by one that remains", (count) => {
    const all = Array.from({ length: count }, (_, ordinal) => removedOrdinals(ordinal, count)).flat();

    const removed = Array.from({ length: maxInstances - count }, (_, index) => count + index);
    expect(all.sort((a, b) => a - b)).toEqual(removed);
  });
});
