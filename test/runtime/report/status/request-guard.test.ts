import { refuseForeign } from "../../../../runtime/report/status/request-guard.ts";

function judge(headers: Record<string, string>, path = "/api/status"): number {
  const head = Object.entries(headers)
    .map(([name, value]) => `\r\n${name}: ${value}`)
    .join("");
  return refuseForeign({ head, path })?.status ?? 200;
}

test.each(["127.0.0.1:9601", "localhost:9601", "LOCALHOST", "[::1]:4000", "127.0.0.1"])(
  "answers a request for %s",
  (Host) => {
    expect(judge({ Host })).toBe(200);
  },
);

test.each([
  "relay.example",
  "relay.example:9601",
  "127.0.0.1.nip.io",
  "localhost.example",
  "10.0.0.1",
  "",
  "127.0.0.1@evil",
])("refuses a request for the host %j, which may lead here by DNS alone", (Host) => {
  expect(judge({ Host })).toBe(421);
});

test("refuses a request that names no host, or two", () => {
  expect(refuseForeign({ head: "\r\nAccept: */*", path: "/" })?.status).toBe(421);
  expect(refuseForeign({ head: "\r\nHost: localhost\r\nHost: evil", path: "/" })?.status).toBe(421);
});

test.each([
  ["same-origin", "cors", "/api/events", 200],
  ["none", "navigate", "/", 200],
  ["cross-site", "cors", "/api/events", 403],
  ["cross-site", "no-cors", "/api/events", 403],
  ["same-site", "cors", "/api/status", 403],
  ["cross-site", "navigate", "/", 200],
  ["cross-site", "navigate", "/api/status", 403],
])("a request of a page that is %s, mode %s, for %s gets %d", (site, mode, path, status) => {
  const headers = { Host: "localhost:9601", "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode };
  expect(judge(headers, path)).toBe(status);
});
