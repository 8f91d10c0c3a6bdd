import {
  checkSessionExpiry,
  checkSessionLimit,
  checkSessionsNeeded,
  checkSharedSessions,
} from "../../../components/checks/session-limit.ts";

test.each([3, 50, 100])("a limit of %d sessions is one that dataflows can live with", (limit) => {
  expect(checkSessionLimit("path", limit)).toEqual([]);
});

test.each([2, 101, 3.5, Number.NaN])("a limit of %d sessions is refused", (limit) => {
  expect(checkSessionLimit("path", limit)).toEqual([
    {
      path: "path",
      problem: `is ${limit} sessions, and dataflows need at least 3 of Event Grid's 100`,
      remedy: "give a whole number from 3 to 100",
      rule: "session-limit",
    },
  ]);
});

test("each authentication name has the limit for itself", () => {
  const needed = new Map([
    ["UserAssignedManagedIdentity", 4],
    ['X509Certificate at endpoint "cloud"', 3],
  ]);

  expect(checkSessionsNeeded("path", 4, needed)).toEqual([]);
  expect(checkSessionsNeeded("path", 3, needed)).toEqual([
    {
      path: "path",
      problem: "is 3 sessions, and the dataflows open 4 with UserAssignedManagedIdentity",
      remedy: "set it to 4 or more, or run fewer dataflows or instances",
      rule: "session-limit",
    },
  ]);
});

test("no namespace is asked for more sessions than any has", () => {
  const [problem] = checkSessionsNeeded("path", 100, new Map([["UserAssignedManagedIdentity", 120]]));

  expect(problem?.remedy).toBe(
    "run fewer dataflows or instances, or give some endpoints another identity: 100 is the most",
  );
});

test("an existing namespace holds 100 sessions of one identity, and no 101", () => {
  expect(checkSharedSessions("path", "ns", 100)).toEqual([]);
  expect(checkSharedSessions("path", "ns", 101)).toEqual([
    {
      path: "path",
      problem: "brings the sessions of its identity at ns to 101, and no namespace allows more than 100",
      remedy: "give some sites another managed identity",
      rule: "session-limit",
    },
  ]);
});

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
