import { findForeignAudience, findOverlappingFilters } from "../../../components/checks/flow-warnings.ts";
import type { AuthenticationMethod } from "../../../runtime/contract/config/authentication.ts";

test.each<[AuthenticationMethod, string, string]>([
  ["SystemAssignedManagedIdentity", "audience", "Event Grid"],
  ["UserAssignedManagedIdentity", "scope", "Event Grid"],
  ["ServiceAccountToken", "audience", "AIO's own broker"],
])("%s without %s would give this broker a token for %s", (method, field, broker) => {
  expect(findForeignAudience("customEndpoints.other.", method, ["host"])).toEqual([
    {
      path: `customEndpoints.other.${field}`,
      problem: `is left out, so that this broker gets a token for ${broker}`,
      remedy: "give the one that this broker expects",
      rule: "foreign-audience",
    },
  ]);
  expect(findForeignAudience("customEndpoints.other.", method, ["host", field])).toEqual([]);
});

test.each<[AuthenticationMethod]>([["X509Certificate"], ["Anonymous"], ["AccessToken"]])(
  "%s has no token for anybody",
  (method) => {
    expect(findForeignAudience("path.", method, [])).toEqual([]);
  },
);

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
