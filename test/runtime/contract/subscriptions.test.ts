import {
  findFilter,
  isOfPlainFilter,
  otherFormOfFilters,
  subscribedFilters,
  subscriptionIdentifier,
} from "../../../runtime/contract/subscriptions.ts";

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

describe("otherFormOfFilters", () => {
  test.each([
    ["plain ones", ["a/+", "b/#"], ["$share/oslo-up/a/+", "$share/oslo-up/b/#"]],
    ["ones that the relay shares", ["$share/oslo-up/a/+"], ["a/+"]],
    ["ones that the operator shares", ["$share/mine/a/+"], []],
    ["ones whose other form is wanted too", ["a", "$share/oslo-up/a"], []],
  ])("of %s", (_case, filters, expected) => {
    expect(otherFormOfFilters(filters, parts)).toEqual(expected);
  });
});

describe("subscriptionIdentifier", () => {
  test("is one that MQTT allows, differs between filters, and says whether the filter is shared", () => {
    const filters = Array.from({ length: 1000 }, (_, index) => [`a/${index}/#`, `$share/g/a/${index}/#`]).flat();

    const identifiers = filters.map(subscriptionIdentifier);

    expect(Math.min(...identifiers)).toBeGreaterThan(0);
    expect(Math.max(...identifiers)).toBeLessThanOrEqual(268_435_455);
    expect(new Set(identifiers).size).toBe(filters.length);
    expect(identifiers.map(isOfPlainFilter)).toEqual(filters.map((filter) => !filter.startsWith("$share/")));
  });

  test("stays the same in later versions: sessions outlive the relay that subscribed", () => {
    expect([subscriptionIdentifier("a/#"), subscriptionIdentifier("$share/g/a/#")]).toEqual([207687090, 194108191]);
  });

  test.each([1, 2, 100])("is not the number %d, which others give", (identifier) => {
    expect(isOfPlainFilter(identifier)).toBe(false);
  });
});

describe("findFilter", () => {
  const prefixes = ["", "$share/oslo-up/"];

  test.each([
    ["plant/p1/telemetry", "plant/+/telemetry"],
    ["plant/p1/telemetry", "$share/oslo-up/plant/+/telemetry"],
    ["plant/p1/telemetry", "$share/oslo-up/#"],
    ["plant/p1/telemetry", "+/+/#"],
    ["plant/p1/telemetry", "plant/p1/telemetry"],
    ["plant/p1/telemetry", "$share/oslo-up/plant/p1/telemetry/#"],
    ["/a//b", "/+//b"],
    ["a", "+"],
    ["1/2/3/4/5/6/7/8/9/10", "$share/oslo-up/+/2/+/4/+/6/+/8/+/10"],
  ])("from %s finds %s", (topic, filter) => {
    expect(findFilter(subscriptionIdentifier(filter), topic, prefixes)).toBe(filter);
  });

  test.each([
    ["does not take the topic in", "a/b", "a/c"],
    ["has another group", "a/b", "$share/other/a/b"],
    ["would take too long to find", "1/2/3/4/5/6/7/8/9/10/11", "1/2/3/4/5/6/7/8/9/10/+"],
  ])("finds none that %s", (_case, topic, filter) => {
    expect(findFilter(subscriptionIdentifier(filter), topic, prefixes)).toBeUndefined();
  });
});
