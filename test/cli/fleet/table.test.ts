import type { SiteResult } from "../../../cli/fleet/result.ts";
import type { Site } from "../../../cli/fleet/sites.ts";
import { describeSeconds, renderResults } from "../../../cli/fleet/table.ts";

const site = (name: string): Site => ({
  name,
  stack: name,
  ring: "rest",
  kubeconfig: undefined,
  context: undefined,
  namespace: "relays",
  manifests: undefined,
});

test("one line a site, and below those that did not end well why, so that no text steers a terminal", () => {
  const changes = { create: 3, update: 1, replace: 0, delete: 2 };
  const results: SiteResult[] = [
    { site: site("oslo"), outcome: "done", reasons: [], changes, seconds: 61 },
    {
      site: site("bergen"),
      outcome: "unhealthy",
      reasons: [],
      health: { state: "failed", reasons: ["no connection"] },
    },
    { site: site("bodo"), outcome: "failed", reasons: ["first\u001b[2J", "second"] },
  ];

  expect(renderResults(results)).toEqual([
    "SITE    RING  RESULT     CHANGES   RELAY   TIME",
    "oslo    rest  ok         +3 ~1 -2          1 min 1 s",
    "bergen  rest  UNHEALTHY            failed",
    "bodo    rest  FAILED",
    "",
    "bergen:",
    "  no connection",
    "",
    "bodo:",
    String.raw`  first\u001b[2J`,
    "  second",
  ]);
});

test("leaves out columns that say nothing", () => {
  expect(renderResults([{ site: site("oslo"), outcome: "not-started", reasons: [] }])).toEqual([
    "SITE  RING  RESULT       TIME",
    "oslo  rest  not started",
  ]);
});

test.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [3599, "59 min 59 s"],
])("%d s is %s", (seconds, text) => {
  expect(describeSeconds(seconds)).toBe(text);
});
