import { isAskedFor, subscribedFilters } from "../../../runtime/contract/subscriptions.ts";

const parts = { prefix: "oslo-", dataflow: "up" };

describe("subscribedFilters", () => {
  test.each([
    [1, ["a/+", "b/#"], ["a/+", "b/#"]],
    [2, ["a/+", "b/#"], ["$share/oslo-up/a/+", "$share/oslo-up/b/#"]],
    [2, ["$share/mine/a/+"], ["$share/mine/a/+"]],
    [1, ["$share/mine/a/+"], ["$share/mine/a/+"]],
  ])("with %d instances makes of %j %j", (instanceCount, dataSources, expected) => {
    expect(subscribedFilters(dataSources, { ...parts, instanceCount })).toEqual(expected);
  });

  test("completes the short form of a shared filter that AIO's documentation writes", () => {
    const [filter] = subscribedFilters(["$shared/g/a/+"], { ...parts, instanceCount: 1 });

    expect(filter).toBe("$share/g/a/+");
  });
});

describe("isAskedFor", () => {
  const filters = ["a/+", "$share/g/b/#"];

  test.each([
    ["a/x", true],
    ["a/x/y", false],
    ["b", true],
    ["b/x/y", true],
    ["c", false],
    ["$share/g/b/x", false],
  ])("of %s is %s", (topic, expected) => {
    expect(isAskedFor(filters, topic)).toBe(expected);
  });
});
