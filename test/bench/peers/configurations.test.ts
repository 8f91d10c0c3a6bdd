import { bentoConfiguration } from "../../../bench/peers/bento.ts";
import { bridgeConfiguration } from "../../../bench/peers/mosquitto.ts";
import { flows } from "../../../bench/peers/node-red.ts";
import type { Route } from "../../../bench/peers/peer.ts";
import { buildRelayConfig } from "../../../bench/peers/relay.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";

const route: Route = {
  folder: "/tmp/one",
  source: { port: 1001 },
  destination: { port: 1002 },
  filters: ["load/x/#"],
  idleFilters: [],
  qos: 1,
  window: 1000,
  isEnriched: false,
};

/** The relay's configuration of a route, read as the relay reads it. */
function readRelayConfig(given: Route) {
  return parseRelayConfig(JSON.stringify(buildRelayConfig(given)), { where: "relay.json" }).config;
}

test("gives the relay a configuration that it takes, with a dataflow for each filter", () => {
  const config = readRelayConfig({ ...route, filters: ["load/x/0", "load/x/1"] });

  expect(Object.keys(config.dataflows)).toEqual(["load-0", "load-1"]);
  expect(config.endpoints.source?.mqttSettings.maxInflightMessages).toBe(1000);
});

test("gives the relay dataflows the other way too, from the destination to the source", () => {
  const { dataflows } = readRelayConfig({ ...route, reverseFilters: ["back/x/0"] });

  expect(Object.keys(dataflows)).toEqual(["load-0", "back-0"]);
  expect(dataflows["back-0"]?.operations).toMatchObject([
    { sourceSettings: { endpointRef: "destination", dataSources: ["back/x/0"] } },
    { destinationSettings: { endpointRef: "source" } },
  ]);
});

test("gives relays of different folders client identifiers of their own", () => {
  const prefix = (folder: string) =>
    readRelayConfig({ ...route, folder }).endpoints.source?.mqttSettings.clientIdPrefix;

  expect(prefix("/tmp/one")).not.toBe(prefix("/tmp/two"));
});

test("asks the relay for CloudEvents and another topic only on an enriched route", () => {
  const text = (isEnriched: boolean) => JSON.stringify(buildRelayConfig({ ...route, isEnriched }));

  expect(text(true)).toContain("CreateOrRemap");
  expect(text(true)).toContain("sites/oslo/${inputTopic.2}/${inputTopic.3}");
  expect(text(false)).not.toContain("CreateOrRemap");
});

test("bridges with mosquitto from the source and to the destination, without a bound on its queue", () => {
  const text = bridgeConfiguration({ ...route, destination: { port: 1002, caFile: "/tmp/ca.crt" } }, 1003);

  expect(text).toMatch(/listener 1003 127\.0\.0\.1\n[^]*max_inflight_messages 1000\nmax_queued_messages 0\n/);
  expect(text).toMatch(
    /connection source\naddress 127\.0\.0\.1:1001\n[^]*topic load\/x\/# in 1\nconnection destination/,
  );
  expect(text).toMatch(/address 127\.0\.0\.1:1002\n[^]*bridge_cafile \/tmp\/ca\.crt\ntopic load\/x\/# out 1\n$/);
});

test("leads Node-RED's input to its output, each with a broker whose identifier no other field repeats", () => {
  const nodes = flows(route) as Record<string, unknown>[];

  const input = nodes.find(({ type }) => type === "mqtt in");
  const output = nodes.find(({ type }) => type === "mqtt out");
  expect(input?.["wires"]).toEqual([[output?.["id"]]]);
  for (const [node, port] of [
    [input, "1001"],
    [output, "1002"],
  ] as const) {
    const broker = nodes.find(({ id }) => id === node?.["broker"]);
    expect(broker?.["port"]).toBe(port);
    expect(Object.values(broker ?? {}).filter((value) => value === broker?.["id"])).toHaveLength(1);
  }
});

test("lets Bento have as many messages on their way as the others", () => {
  expect(bentoConfiguration(route)).toMatchObject({ output: { mqtt: { max_in_flight: 1000, qos: 1 } } });
});
