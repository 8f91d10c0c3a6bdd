import * as pulumi from "@pulumi/pulumi";

import { EventGridBroker } from "../../components/index.ts";
import type { EventGridBrokerArgs } from "../../components/index.ts";
import { deploy, inventory, mqttHostname, only, valueOf } from "./mocks.ts";

const args: EventGridBrokerArgs = {
  resourceGroupName: "rg",
  topicSpaces: {
    telemetry: { topicTemplates: ["sites/+/telemetry/#", "sites/+/state/#"], description: "Measurements" },
    commands: { topicTemplates: ["sites/${client.authenticationName}/commands/#"] },
  },
};

const namespaceType = "azure-native:eventgrid:Namespace";

test("creates the namespace and one topic space for each key, and nothing else", async () => {
  const deployed = await deploy(() => new EventGridBroker("oslo", args));

  expect(inventory(deployed)).toEqual([
    "azure-native:eventgrid:Namespace oslo-ns",
    "azure-native:eventgrid:TopicSpace oslo-commands",
    "azure-native:eventgrid:TopicSpace oslo-telemetry",
  ]);
});

test("enables MQTT with the sessions that dataflows need", async () => {
  const deployed = await deploy(() => new EventGridBroker("oslo", args));

  expect(only(deployed, namespaceType).inputs).toEqual({
    resourceGroupName: "rg",
    sku: { name: "Standard", capacity: 1 },
    publicNetworkAccess: "Enabled",
    minimumTlsVersionAllowed: "1.2",
    topicSpacesConfiguration: {
      state: "Enabled",
      maximumClientSessionsPerAuthenticationName: 3,
      maximumSessionExpiryInHours: 1,
    },
  });
});

test("passes every argument on", async () => {
  const deployed = await deploy(
    () =>
      new EventGridBroker("oslo", {
        ...args,
        location: "westeurope",
        namespaceName: "oslo-mqtt",
        capacity: 4,
        maximumClientSessionsPerAuthenticationName: pulumi.output(20),
        maximumSessionExpiryInHours: 8,
        publicNetworkAccess: "Disabled",
        tags: { site: "oslo" },
      }),
  );

  expect(only(deployed, namespaceType).inputs).toEqual({
    resourceGroupName: "rg",
    location: "westeurope",
    namespaceName: "oslo-mqtt",
    tags: { site: "oslo" },
    sku: { name: "Standard", capacity: 4 },
    publicNetworkAccess: "Disabled",
    minimumTlsVersionAllowed: "1.2",
    topicSpacesConfiguration: {
      state: "Enabled",
      maximumClientSessionsPerAuthenticationName: 20,
      maximumSessionExpiryInHours: 8,
    },
  });
});

test("keeps all templates of a topic space and its name in Azure", async () => {
  const { resources } = await deploy(() => new EventGridBroker("oslo", args));

  expect(resources.find(({ name }) => name === "oslo-telemetry")?.inputs).toEqual({
    resourceGroupName: "rg",
    namespaceName: "oslo-ns",
    topicSpaceName: "telemetry",
    topicTemplates: ["sites/+/telemetry/#", "sites/+/state/#"],
    description: "Measurements",
  });
});

test("reads the host name from the resource", async () => {
  const { result } = await deploy(() => new EventGridBroker("oslo", args));

  expect(await valueOf(result.hostname)).toBe(mqttHostname);
});

test("exposes the topic spaces' IDs by name", async () => {
  const { result } = await deploy(() => new EventGridBroker("oslo", args));

  expect(Object.keys(result.topicSpaceIds)).toEqual(["telemetry", "commands"]);
  expect(await valueOf(result.topicSpaceIds["telemetry"]!)).toMatch(/^\/subscriptions\/.*\/oslo-telemetry$/);
});

test.each([
  [undefined, true],
  [false, false],
])("with protect %p it protects the namespace: %p", async (protect, expected) => {
  const seen: Record<string, boolean | undefined> = {};
  await deploy(
    () =>
      new EventGridBroker("oslo", protect === undefined ? args : { ...args, protect }, {
        transformations: [
          ({ name, opts, type, props }) => {
            if (type === namespaceType) seen[name] = opts.protect;
            return { props, opts };
          },
        ],
      }),
  );

  expect(seen).toEqual({ "oslo-ns": expected });
});

test("is the parent of all its resources", async () => {
  const { urns } = await deploy(() => new EventGridBroker("oslo", args));

  expect(urns).toContain("mqtt-dataflow:index:EventGridBroker::oslo");
  expect(urns).toContain("mqtt-dataflow:index:EventGridBroker$azure-native:eventgrid:Namespace::oslo-ns");
  expect(urns).toContain("mqtt-dataflow:index:EventGridBroker$azure-native:eventgrid:TopicSpace::oslo-telemetry");
});

test("stands twice in one stack", async () => {
  const { resources, urns } = await deploy(() => [
    new EventGridBroker("oslo", args),
    new EventGridBroker("bergen", args),
  ]);

  expect(new Set(urns).size).toBe(urns.length);
  expect(resources).toHaveLength(6);
});

describe("refuses, with all problems at once", () => {
  test.each<[string, Partial<EventGridBrokerArgs>, string]>([
    [
      "a topic space without templates",
      { topicSpaces: { command: { topicTemplates: [] } } },
      "topicSpaces.command.topicTemplates: lists no topic templates; give 1 to 10",
    ],
    [
      "more templates than Event Grid has",
      { topicSpaces: { command: { topicTemplates: Array.from({ length: 11 }, (_, index) => `a/${index}`) } } },
      "topicSpaces.command.topicTemplates: lists 11 topic templates; give 1 to 10",
    ],
    [
      "a template that is no topic filter",
      { topicSpaces: { command: { topicTemplates: ["a/#/b"] } } },
      'topicSpaces.command.topicTemplates[0]: "a/#/b" has "#" before the last level; correct the topic template',
    ],
    [
      "an unknown variable",
      { topicSpaces: { command: { topicTemplates: ["a/${principal.id}"] } } },
      'topicSpaces.command.topicTemplates[0]: "a/${principal.id}" has a variable other than ${client.authenticationName}',
    ],
    [
      "a name that Azure does not take",
      { topicSpaces: { "my space": { topicTemplates: ["a"] } } },
      'topicSpaces.my space: is no name for a topic space ("my space"); name it with 3 to 50 letters, digits and "-"',
    ],
    [
      "more topic spaces than Event Grid has",
      {
        topicSpaces: Object.fromEntries(
          Array.from({ length: 11 }, (_, index) => [`space-${index}`, { topicTemplates: [`a/${index}`] }]),
        ),
      },
      "topicSpaces: lists 11, more than the 10 of a namespace; put several topic templates into one topic space",
    ],
    [
      "fewer sessions than AIO asks for",
      { maximumClientSessionsPerAuthenticationName: 2 },
      "maximumClientSessionsPerAuthenticationName: is 2 sessions, and dataflows need at least 3 of Event Grid's 100",
    ],
    [
      "a session expiry beyond Event Grid's",
      { maximumSessionExpiryInHours: 9 },
      "maximumSessionExpiryInHours: is 9 h, outside what Event Grid has; give a whole number from 1 to 8",
    ],
    [
      "a capacity beyond Event Grid's",
      { capacity: 41 },
      "capacity: is 41 throughput units, outside what Event Grid has; give a whole number from 1 to 40",
    ],
  ])("%s", async (_, changed, text) => {
    const deployment = deploy(() => new EventGridBroker("oslo", { ...args, ...changed }));

    await expect(deployment).rejects.toThrow(text);
  });

  test("under its own name and without a stack", async () => {
    const deployment = deploy(
      () => new EventGridBroker("oslo", { ...args, capacity: 0, maximumSessionExpiryInHours: 0 }),
    );

    await expect(deployment).rejects.toMatchObject({
      hideStack: true,
      message: expect.stringMatching(/^oslo has 2 problems:\n {2}maximum.*\n {2}capacity/) as string,
    });
  });
});
