import { checkSessionExpiry } from "../../../components/checks/session-expiry.ts";

test.each([
  [3600, 1],
  [7200, 2],
  [0, 1],
])("%d s are kept by a namespace of %d h", (seconds, hours) => {
  expect(checkSessionExpiry("path", seconds, hours)).toEqual([]);
});

test("what the namespace would cut is refused, with the hours that would do", () => {
  expect(checkSessionExpiry("eventGridEndpoints.cloud.sessionExpirySeconds", 7201, 1)).toEqual([
    {
      path: "eventGridEndpoints.cloud.sessionExpirySeconds",
      problem: "is 7201 s, and the namespace keeps sessions for 1 h (3600 s)",
      remedy: "set eventGrid.maximumSessionExpiryInHours to 3, or give 3600 s or less",
      rule: "session-expiry",
    },
  ]);
});

test.each([
  [8 * 3600, "set eventGrid.maximumSessionExpiryInHours to 8, or give 3600 s or less"],
  [8 * 3600 + 1, "give 3600 s or less"],
])("for %d s the remedy is what Event Grid has: %s", (seconds, remedy) => {
  expect(checkSessionExpiry("path", seconds, 1)[0]?.remedy).toBe(remedy);
});
