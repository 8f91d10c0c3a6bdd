import { findForeignAudience } from "../../../components/checks/audience.ts";
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
