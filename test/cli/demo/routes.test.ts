import { machines, planRoutes } from "../../../cli/demo/routes.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { matchesTopicFilter } from "../../../runtime/contract/topic/filter.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";

const endpoints = {
  edge: plainEndpoint(1883),
  cloud: {
    ...plainEndpoint(8883, {
      host: "oslo.westeurope-1.ts.eventgrid.azure.net:8883",
      tls: { mode: "Enabled" as const },
      authentication: { method: "SystemAssignedManagedIdentity" as const, systemAssignedManagedIdentitySettings: {} },
      clientIdPrefix: "oslo-",
    }),
  },
};

/** Plans what is published for one dataflow, by way of the relay's own parser. */
function plan(direction: "up" | "down", dataSource: string, dataDestination: string, more: object = {}) {
  const [source, destination] = direction === "up" ? (["edge", "cloud"] as const) : (["cloud", "edge"] as const);
  const flow = buildDataflow([source, [dataSource]], [destination, dataDestination], more);
  const { config } = parseRelayConfig(JSON.stringify(buildConfig({ endpoints, dataflows: { flow } })), {
    where: "doc",
  });
  return planRoutes(config);
}

test.each([
  ["up", "plant/+/telemetry/#", "plant/press-1/telemetry/temperature", 3],
  ["up", "plant/#", "plant/press-1/temperature", 3],
  ["up", "plant/+/alarms/+", "plant/press-1/alarms/overheat", 1],
  ["up", "+/+", "press-1/overheat", 1],
  ["up", "#", "press-1/temperature", 3],
  ["up", "$share/relays/plant/+", "plant/press-1", 1],
  ["up", "plant/status", "plant/status", 1],
  ["down", "sites/oslo/commands/+/+", "sites/oslo/commands/press-1/setpoint", 1],
] as const)("%s from %s: the first topic is %s, and each machine has %i", (direction, filter, first, perMachine) => {
  const [route] = plan(direction, filter, "x/${inputTopic}");

  expect(route?.crossings[0]).toEqual({ machine: "press-1", from: first, to: `x/${first}` });
  expect(route?.crossings).toHaveLength(machines.length * perMachine);
  const bare = filter.replace("$share/relays/", "");
  expect(route?.crossings.filter(({ from }) => !matchesTopicFilter(bare, from))).toEqual([]);
});

test.each([
  ["up", "to the cloud"],
  ["down", "to the edge"],
] as const)("a dataflow %s goes %s", (way, direction) => {
  expect(plan(way, "a/+", "b/${inputTopic}")).toEqual([expect.objectContaining({ dataflow: "flow", direction })]);
});

test("expects each message where the dataflow's template sends it", () => {
  const [route] = plan("down", "sites/oslo/commands/+/+", "plant/${inputTopic.4}/commands/${inputTopic.5}");

  expect(route?.crossings.map(({ to }) => to)).toEqual(machines.map((machine) => `plant/${machine}/commands/setpoint`));
});

test("leaves out a dataflow that is disabled", () => {
  expect(plan("up", "a/+", "b", { mode: "Disabled" })).toEqual([]);
});

test("leaves out a dataflow whose template finds no level in any topic that is published", () => {
  expect(plan("up", "plant/#", "x/${inputTopic.9}")).toEqual([]);
});
