import { clientId, shareGroup } from "../../../runtime/contract/client-id.ts";

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
