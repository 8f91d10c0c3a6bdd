import { parseSettings } from "../../stacks/settings.ts";
import { stackConfig } from "./program.ts";

const config = {
  "mqtt-dataflow:site": "oslo",
  "mqtt-dataflow:resourceGroupName": "rg",
  "mqtt-dataflow:relay": JSON.stringify({ image: "relay:1" }),
  "mqtt-dataflow:platformStack": "contoso/platform/oslo",
};

test("reads settings, and leaves those of providers alone", () => {
  const settings = parseSettings("mqtt-dataflow", "dev", { ...config, "azure-native:location": "westeurope" });

  expect(settings).toEqual({
    site: "oslo",
    resourceGroupName: "rg",
    relay: { image: "relay:1" },
    eventGrid: {},
    kubernetes: {},
    platformStack: "contoso/platform/oslo",
  });
});

test("reads which cluster it is", () => {
  const cluster = { context: "oslo", kubeconfig: "/etc/kubeconfig", enablePatchForce: true };

  const settings = parseSettings("mqtt-dataflow", "dev", {
    ...config,
    "mqtt-dataflow:kubernetes": JSON.stringify(cluster),
  });

  expect(settings.kubernetes).toEqual(cluster);
});

test.each(["dev", "prod"])("reads the settings of %s as they stand in its file", (stack) => {
  expect(parseSettings("mqtt-dataflow", stack, stackConfig(stack)).site).toBe("oslo");
});

test("refuses with every problem, each at its key and under the file that holds it", () => {
  const wrong = {
    "mqtt-dataflow:site": "oslo",
    "mqtt-dataflow:resourceGroup": "rg",
    "mqtt-dataflow:relay": JSON.stringify({ instanceCount: 30 }),
    "mqtt-dataflow:eventGrid": JSON.stringify({ maximumClientSessionsPerAuthenticationName: 2 }),
  };

  const parse = () => parseSettings("mqtt-dataflow", "dev", wrong);

  expect(parse).toThrow(/^stacks\/Pulumi\.dev\.yaml has \d problems:/);
  expect(parse).toThrow("mqtt-dataflow:resourceGroupName: is missing; add it");
  expect(parse).toThrow("mqtt-dataflow:relay.image: is missing; add it");
  expect(parse).toThrow("mqtt-dataflow:relay.instanceCount: is 30; give a whole number from 1 to 20");
  expect(parse).toThrow(
    "mqtt-dataflow:eventGrid.maximumClientSessionsPerAuthenticationName: is 2; give a whole number from 3 to 100",
  );
  expect(parse).toThrow(
    "mqtt-dataflow:platformStack: is missing; name the stack that exports the platform's facts, or give them under platform",
  );
});

test("names the setting that was probably meant", () => {
  const parse = () => parseSettings("mqtt-dataflow", "dev", { ...config, "mqtt-dataflow:eventgrid": "{}" });

  expect(parse).toThrow('mqtt-dataflow:eventgrid: is not a known field; did you mean "eventGrid"?');
});

test("refuses two sources of the platform's facts", () => {
  const both = { ...config, "mqtt-dataflow:platform": JSON.stringify({}) };

  expect(() => parseSettings("mqtt-dataflow", "dev", both)).toThrow(
    "mqtt-dataflow:platform: is set beside platformStack; keep one of the two",
  );
});

test("says of a broken object what it should have been", () => {
  const parse = () => parseSettings("mqtt-dataflow", "dev", { ...config, "mqtt-dataflow:relay": "{image" });

  expect(parse).toThrow("mqtt-dataflow:relay: is a text; give an object");
});
