import * as pulumi from "@pulumi/pulumi";

import { CustomEndpoint, MqttBridge, Relay } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { deploy } from "../mocks.ts";

const dataflow = { source: "edge", dataSources: ["a/#"], destination: "edge", dataDestination: "b" };
const args = {
  site: "oslo",
  localEndpoints: { edge: {} },
  dataflows: { telemetry: dataflow },
  relay: { image: "r:1" },
};

test.each<[what: string, declare: () => unknown, lines: string]>([
  ["no site", () => new MqttBridge("oslo", { ...args, site: null } as never), "site: is null; add it"],
  ["nothing", () => new MqttBridge("oslo", null as never), "args: are no object; give one"],
  [
    "a misspelt word beside another mistake",
    () => new CustomEndpoint("oslo", { host: 1883, authenticationMethod: "anonymous" } as never),
    'host: is a number; give a text\n  authenticationMethod: is "anonymous"; did you mean "Anonymous"?',
  ],
  ["no endpoints", () => new Relay("oslo", { image: "r:1", dataflows: {} } as never), "endpoints: is missing; add it"],
])("a component that was given %s is refused with the path of the argument", async (_, declare, lines) => {
  const refused = deploy(declare);

  await expect(refused).rejects.toMatchObject({ hideStack: true });
  await expect(refused).rejects.toThrow(new RegExp(`^oslo has \\d problems?:\n  ${escaped(lines)}$`));
});

test("what a component gives to another one is not compared again", async () => {
  const given: MqttBridgeArgs = { ...args, relay: { image: pulumi.output("r:1") } };

  await expect(deploy(() => new MqttBridge("oslo", given))).resolves.toBeDefined();
});

function escaped(text: string): string {
  return text.replaceAll(/[.?*+^$()[\]{}|]/g, "\\$&");
}
