import * as pulumi from "@pulumi/pulumi";

import { hiddenArgs } from "../../../components/arguments/hidden.ts";
import { LocalEndpoint, MqttBridge, Relay } from "../../../components/index.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";
import { deploy } from "../mocks.ts";

const login = { username: "user", password: "hunter22-hunter22" };

/** What is written down in clear: all but secrets. */
async function clearText(typeToken: string, args: object): Promise<string> {
  const look = async (value: unknown): Promise<unknown> => {
    if (pulumi.Output.isInstance(value))
      return (await pulumi.isSecret(value)) ? "[secret]" : "hunter22 for all we know";
    if (Array.isArray(value)) return Promise.all(value.map(look));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(async ([name, one]) => [name, await look(one)] as const);
    return Object.fromEntries(await Promise.all(entries));
  };
  return JSON.stringify(await look(hiddenArgs(typeToken, args)));
}

const bridge = (change: object) => clearText(MqttBridge.typeToken, withChange(baseDeclaration, change));

test("arguments that are right are written down as they are, but for the content of Secrets", async () => {
  const args = withChange(baseDeclaration, { relay: { secrets: { login }, instanceCount: 2 } });

  expect(JSON.parse(await clearText(MqttBridge.typeToken, args))).toEqual({
    ...args,
    relay: { ...args.relay, secrets: "[secret]" },
  });
});

test.each<[string, object]>([
  ["under a name beside the right one", { relay: { secret: { login } } }],
  ["where the names of a vault's secrets belong", { relay: { vault: { secrets: { login } } } }],
  ["one level too high", { secrets: { login } }],
  ["one level too deep", { relay: { volume: { secrets: { login } } } }],
  ["as a list", { relay: { secrets: [login] } }],
  ["as a text", { relay: JSON.stringify({ secrets: { login } }) }],
  ["in an output", { relay: pulumi.output({ secrets: { login } }) }],
  ["in the place of a name", { relay: { status: { endpoint: login, topic: "a" } } }],
  ["in the place of a list", { dataflows: { telemetry: { dataSources: { login } } } }],
])("a Secret that stands %s is hidden too", async (_, change) => {
  expect(await bridge(change)).not.toContain("hunter22");
});

test("an endpoint that a relay is given is written down as it is", async () => {
  const { result } = await deploy(() => {
    const edge = new LocalEndpoint("edge", {});
    return { edge, hidden: hiddenArgs(Relay.typeToken, { endpoints: { edge }, secrets: { login } }) };
  });

  expect((result.hidden["endpoints"] as { edge: unknown }).edge).toBe(result.edge);
});

test("a bridge that is refused for a misspelt name has told nobody its Secrets", async () => {
  const args = withChange<object>(baseDeclaration, { relay: { secret: { login } } });
  let seen: unknown;
  const transformations: pulumi.ResourceTransformation[] = [
    ({ props, opts }) => {
      seen = (props as { relay: { secret: unknown } }).relay.secret;
      return { props, opts };
    },
  ];

  await expect(deploy(() => new MqttBridge("oslo", args as never, { transformations }))).rejects.toThrow(
    "did you mean",
  );

  expect(await pulumi.isSecret(seen as pulumi.Output<unknown>)).toBe(true);
});
