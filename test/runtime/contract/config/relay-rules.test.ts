import { buildDocument, parseDocument, problemsOf } from "./build-document.ts";

const status = { endpointRef: "edge", topic: "sites/oslo/relay" };

test("the relay has its defaults", () => {
  expect(parseDocument(buildDocument()).config.relay).toEqual({
    mountPath: "/etc/mqtt-dataflow",
    spoolPath: "/var/lib/mqtt-dataflow",
    connectTimeoutSeconds: 30,
    drainTimeoutSeconds: 20,
    statusPage: { port: 9601, tap: "Off" },
    reconnect: { minDelayMs: 1000, maxDelayMs: 60_000 },
  });
});

test("the status is reported every 30 s", () => {
  const { config } = parseDocument(buildDocument({ "relay.status": status }));

  expect(config.relay.status).toEqual({ ...status, intervalSeconds: 30 });
});

/** Each rule: a document that breaks it with the exact message, and a neighbour that keeps it. */
const rules: readonly (readonly [string, object, string, object])[] = [
  [
    "the shortest wait is the smaller one",
    { "relay.reconnect": { minDelayMs: 5001, maxDelayMs: 5000 } },
    "relay.reconnect.minDelayMs: is 5001 ms, more than maxDelayMs (5000 ms); make it the smaller one",
    { "relay.reconnect": { minDelayMs: 5000, maxDelayMs: 5000 } },
  ],
  [
    "the shortest wait is compared with the default too",
    { "relay.reconnect": { maxDelayMs: 999 } },
    "relay.reconnect.minDelayMs: is 1000 ms, more than maxDelayMs (999 ms); make it the smaller one",
    { "relay.reconnect": { maxDelayMs: 1000 } },
  ],
  [
    "the endpoint of the status exists",
    { "relay.status": { ...status, endpointRef: "edges" } },
    'relay.status.endpointRef: names the endpoint "edges", which does not exist; did you mean "edge"?',
    { "relay.status": status },
  ],
  [
    "the topic of the status is a topic name",
    { "relay.status": { ...status, topic: "sites/+/relay" } },
    'relay.status.topic: "sites/+/relay" has a wildcard ("+" or "#"), which only a topic filter may have; give a topic name to publish to',
    { "relay.status": { ...status, endpointRef: "plant" } },
  ],
  [
    "the mount path is absolute",
    { "relay.mountPath": "etc/relay" },
    'relay.mountPath: is "etc/relay"; give an absolute path',
    { "relay.mountPath": "/etc/relay" },
  ],
  [
    "the status has a topic",
    { "relay.status": { endpointRef: "edge" } },
    "relay.status.topic: is missing; add it",
    { "relay.status": status },
  ],
];

describe("rules of the relay's own settings", () => {
  test.each(rules)("%s", (_rule, broken, problem) => {
    expect(problemsOf(buildDocument(broken as Record<string, unknown>))).toEqual([problem]);
  });

  test.each(rules)("%s: the neighbour passes", (_rule, _broken, _problem, kept) => {
    expect(problemsOf(buildDocument(kept as Record<string, unknown>))).toEqual([]);
  });
});
