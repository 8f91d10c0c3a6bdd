import * as pulumi from "@pulumi/pulumi";

import { TopicSpaceAccess } from "../../components/index.ts";
import type { TopicSpaceAccessArgs } from "../../components/index.ts";
import { deploy, inventory, valueOf } from "./mocks.ts";

const subscription = "/subscriptions/00000000-0000-0000-0000-00000000000f";
const scope = `${subscription}/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns/topicSpaces`;

const args: TopicSpaceAccessArgs = {
  principalId: "principal",
  topicSpaces: {
    telemetry: { id: `${scope}/telemetry`, topicTemplates: ["sites/+/telemetry/#"] },
    commands: { id: `${scope}/commands`, topicTemplates: ["sites/${client.authenticationName}/commands/#"] },
    others: { id: `${scope}/others`, topicTemplates: ["elsewhere/#"] },
  },
  publishedTopics: ["sites/oslo/telemetry/#"],
  subscribedTopics: ["sites/oslo/commands/+"],
};

const assignment = "azure-native:authorization:RoleAssignment";

test("gives each topic space only the role that the topics in it call for", async () => {
  const deployed = await deploy(() => new TopicSpaceAccess("oslo", args));

  expect(inventory(deployed)).toEqual([
    `${assignment} oslo-commands-subscriber`,
    `${assignment} oslo-telemetry-publisher`,
  ]);
});

test("assigns the Publisher role at the scope of the topic space, in its subscription, to a service principal", async () => {
  const { resources } = await deploy(() => new TopicSpaceAccess("oslo", args));

  expect(resources.find(({ name }) => name === "oslo-telemetry-publisher")?.inputs).toEqual({
    scope: `${scope}/telemetry`,
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/a12b0b94-b317-4dcd-84a8-502ce99884c6`,
    principalId: "principal",
    principalType: "ServicePrincipal",
    roleAssignmentName: "28181081-7e12-50cb-a5b9-dd8f8d999de0",
    description: "EventGrid TopicSpaces Publisher for MQTT dataflows",
  });
});

test("assigns roles to a group, of which a managed identity may be a member", async () => {
  const { resources } = await deploy(() => new TopicSpaceAccess("oslo", { ...args, principalType: "Group" }));

  expect(resources.map(({ inputs }) => inputs["principalType"])).toEqual(["Group", "Group"]);
});

test("names an assignment by scope, principal and role, whoever declares it and in whichever case", async () => {
  const namesOf = async (name: string, change: object = {}) => {
    const { resources } = await deploy(() => new TopicSpaceAccess(name, { ...args, ...change }));
    return resources.map(({ inputs }) => inputs["roleAssignmentName"]);
  };

  const names = await namesOf("oslo");

  expect(new Set(names).size).toBe(2);
  expect(await namesOf("bergen", { principalId: "PRINCIPAL" })).toEqual(names);
  expect(await namesOf("oslo", { principalId: "other" })).not.toEqual(names);
});

test("knows the name of an assignment as soon as its principal is known", async () => {
  const principalId = pulumi.output(Promise.resolve("principal"));

  const { resources } = await deploy(() => new TopicSpaceAccess("oslo", { ...args, principalId }));

  expect(resources.at(-1)?.inputs["roleAssignmentName"]).toBe("28181081-7e12-50cb-a5b9-dd8f8d999de0");
});

test("previews a principal that does not exist yet", async () => {
  const principalId = pulumi.output(pulumi.unknown as unknown as string);

  const { resources } = await deploy(() => new TopicSpaceAccess("oslo", { ...args, principalId }), { preview: true });

  expect(resources).toHaveLength(2);
});

describe("a preview of a topic space that does not exist yet", () => {
  const topicSpaces = { telemetry: { id: pulumi.output(pulumi.unknown as unknown as string) } };
  const roleIn = async (subscriptionId: string | undefined, changed: Partial<TopicSpaceAccessArgs> = {}) => {
    pulumi.runtime.setAllConfig(subscriptionId === undefined ? {} : { "azure-native:subscriptionId": subscriptionId });
    const program = () => new TopicSpaceAccess("oslo", { ...args, subscribedTopics: [], topicSpaces, ...changed });
    const { resources } = await deploy(program, { preview: true });
    return resources[0]?.inputs["roleDefinitionId"];
  };
  const publisher = "providers/Microsoft.Authorization/roleDefinitions/a12b0b94-b317-4dcd-84a8-502ce99884c6";

  afterEach(() => pulumi.runtime.setAllConfig({}));

  test("knows the role, in the subscription that the provider is told", async () => {
    expect(await roleIn("s1")).toBe(`/subscriptions/s1/${publisher}`);
  });

  test("takes the subscription of a topic space that is known, whatever the provider is told", async () => {
    const known = { telemetry: { id: pulumi.output(`${scope}/telemetry`) } };

    expect(await roleIn("s1", { topicSpaces: known })).toBe(`${subscription}/${publisher}`);
  });

  test("does not know the role where nothing tells the subscription", async () => {
    expect(await roleIn(undefined)).not.toEqual(expect.stringContaining(publisher));
  });
});

test("assigns the Subscriber role where topics are subscribed to", async () => {
  const { resources } = await deploy(() => new TopicSpaceAccess("oslo", args));

  expect(resources.find(({ name }) => name === "oslo-commands-subscriber")?.inputs).toMatchObject({
    scope: `${scope}/commands`,
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/4b0f2fd7-60b4-4eca-896f-4435034f8bf5`,
  });
});

test("gives both roles only where both are done", async () => {
  const deployed = await deploy(
    () => new TopicSpaceAccess("oslo", { ...args, subscribedTopics: ["sites/+/telemetry/line4"] }),
  );

  expect(inventory(deployed)).toEqual([
    `${assignment} oslo-telemetry-publisher`,
    `${assignment} oslo-telemetry-subscriber`,
  ]);
});

test("gives a topic space of unknown topics the role of every direction that there is", async () => {
  const topicSpaces = { telemetry: { id: `${scope}/telemetry` } };

  const deployed = await deploy(() => new TopicSpaceAccess("oslo", { ...args, topicSpaces, subscribedTopics: [] }));

  expect(inventory(deployed)).toEqual([`${assignment} oslo-telemetry-publisher`]);
});

test("exposes the assignments by topic space and role, under itself", async () => {
  const { result, urns } = await deploy(() => new TopicSpaceAccess("oslo", args));

  expect(Object.keys(result.roleAssignmentIds)).toEqual(["commands-subscriber", "telemetry-publisher"]);
  expect(await valueOf(result.roleAssignmentIds["telemetry-publisher"]!)).toMatch(/oslo-telemetry-publisher$/);
  expect(urns).toContain(`mqtt-dataflow:index:TopicSpaceAccess$${assignment}::oslo-telemetry-publisher`);
});

describe("at the namespace", () => {
  const namespaceId = `${subscription}/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns`;

  test("assigns each role once that any topic calls for, and none at topic spaces", async () => {
    const { resources, result } = await deploy(() => new TopicSpaceAccess("oslo", { ...args, namespaceId }));

    expect(resources.map(({ name, inputs }) => [name, inputs["scope"]])).toEqual([
      ["oslo-namespace-publisher", namespaceId],
      ["oslo-namespace-subscriber", namespaceId],
    ]);
    expect(Object.keys(result.roleAssignmentIds)).toEqual(["namespace-publisher", "namespace-subscriber"]);
    expect(resources[0]?.inputs["roleDefinitionId"]).toBe(
      `${subscription}/providers/Microsoft.Authorization/roleDefinitions/a12b0b94-b317-4dcd-84a8-502ce99884c6`,
    );
  });

  test.each([
    ["publisher", { subscribedTopics: [] }],
    ["subscriber", { publishedTopics: [] }],
  ])("assigns the %s role alone where nothing else is done", async (role, changed) => {
    const deployed = await deploy(() => new TopicSpaceAccess("oslo", { ...args, ...changed, namespaceId }));

    expect(inventory(deployed)).toEqual([`${assignment} oslo-namespace-${role}`]);
  });
});
