import { findOverlappingFilters } from "../../../components/checks/overlapping-filters.ts";

test("filters that share topics are found, each with the first one that it overlaps", () => {
  const found = findOverlappingFilters("dataflows.up.dataSources", ["a/#", "b/#", "+/x", "a/b"]);

  expect(found).toEqual([
    {
      path: "dataflows.up.dataSources[2]",
      problem: '"+/x" shares topics with "a/#", and a broker may send such a message once for each of them',
      remedy: "remove one of them, or narrow it",
      rule: "overlapping-filters",
    },
    expect.objectContaining({
      path: "dataflows.up.dataSources[3]",
      problem: '"a/b" shares topics with "a/#", and a broker may send such a message once for each of them',
    }),
  ]);
});

test("the group of a shared subscription hides no overlap", () => {
  expect(findOverlappingFilters("path", ["$share/one/a/#", "$shared/two/a/b"])).toHaveLength(1);
});

test.each([[["plant/+/telemetry/#", "plant/+/alarms/#"]], [["#", "$SYS/broker/load"]], [["a", "a/+"]]])(
  "%j share no topics",
  (filters) => {
    expect(findOverlappingFilters("path", filters)).toEqual([]);
  },
);
