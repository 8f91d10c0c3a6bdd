import * as pulumi from "@pulumi/pulumi";

import { EventGridBroker } from "../../components/index.ts";
import { listDomainRecords } from "../../components/event-grid/custom-domain-records.ts";
import type { EventGridBrokerArgs } from "../../components/index.ts";
import { deploy, inventory, mqttHostname, only, valueOf } from "./mocks.ts";
import type { Deployed } from "./mocks.ts";

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

describe("with authentication name sources", () => {
  const generic: EventGridBrokerArgs = { ...args, authenticationNameSources: ["ClientCertificateSubject"] };

  test("the namespace is a generic resource, and a typed one is not there", async () => {
    const deployed = await deploy(() => new EventGridBroker("oslo", generic));

    expect(inventory(deployed)).toEqual([
      "azure-native:eventgrid:TopicSpace oslo-commands",
      "azure-native:eventgrid:TopicSpace oslo-telemetry",
      "azure-native:resources:Resource oslo-ns",
    ]);
    expect(JSON.stringify(only(deployed, "azure-native:resources:Resource").inputs, sorted)).toBe(
      JSON.stringify(
        {
          apiVersion: "2025-04-01-preview",
          parentResourcePath: "",
          properties: {
            minimumTlsVersionAllowed: "1.2",
            publicNetworkAccess: "Enabled",
            topicSpacesConfiguration: {
              clientAuthentication: { alternativeAuthenticationNameSources: ["ClientCertificateSubject"] },
              maximumClientSessionsPerAuthenticationName: 3,
              maximumSessionExpiryInHours: 1,
              state: "Enabled",
            },
          },
          resourceGroupName: "rg",
          resourceProviderNamespace: "Microsoft.EventGrid",
          resourceType: "namespaces",
          sku: { capacity: 1, name: "Standard" },
        },
        sorted,
      ),
    );
  });

  test("the host name is read from the properties that Azure returned", async () => {
    const { result } = await deploy(() => new EventGridBroker("oslo", generic));

    expect(await valueOf(result.hostname)).toBe(mqttHostname);
    expect(await valueOf(result.namespaceName)).toBe("oslo-ns");
    expect(await valueOf(result.namespaceId)).toMatch(/\/oslo-ns$/);
  });

  test("a preview, which shows the properties as they were put in, does not know the host name", async () => {
    const { result } = await deploy(() => new EventGridBroker("oslo", generic), { preview: true });

    expect(await (result.hostname as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
  });

  test("the namespace is protected all the same", async () => {
    const seen: (boolean | undefined)[] = [];
    const transformations: pulumi.ResourceTransformation[] = [
      ({ type, opts, props }) => {
        if (type === "azure-native:resources:Resource") seen.push(opts.protect);
        return { props, opts };
      },
    ];

    await deploy(() => new EventGridBroker("oslo", generic, { transformations }));

    expect(seen).toEqual([true]);
  });
});

/** Keys in their order, so that texts can be compared. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("creates the clients with certificates under itself, by the names of its own topic spaces", async () => {
  const x509 = {
    clients: { relay: {} },
    permissionBindings: {
      all: { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" as const },
    },
  };

  const { resources, urns } = await deploy(() => new EventGridBroker("oslo", { ...args, x509 }));

  const ours = "mqtt-dataflow:index";
  expect(urns).toContain(`${ours}:EventGridBroker$${ours}:EventGridClients::oslo-x509`);
  expect(urns).toContain(`${ours}:EventGridClients$azure-native:eventgrid:Client::oslo-x509-relay`);
  expect(resources.find(({ name }) => name === "oslo-x509-all")?.inputs).toMatchObject({
    namespaceName: "oslo-ns",
    topicSpaceName: "oslo-telemetry",
  });
});

describe("private endpoints", () => {
  const privateEndpoints = {
    plant: { subnetId: "subnet-1", privateDnsZoneId: "zone-1", location: "norwayeast" },
    office: { subnetId: "subnet-2" },
  };

  test("lead to the namespace, and tell the DNS zone where one is given", async () => {
    const deployed = await deploy(() => new EventGridBroker("oslo", { ...args, privateEndpoints }));

    const network = inventory(deployed).filter((resource) => resource.startsWith("azure-native:network"));
    expect(network).toEqual([
      "azure-native:network:PrivateDnsZoneGroup oslo-plant-dns",
      "azure-native:network:PrivateEndpoint oslo-office-pe",
      "azure-native:network:PrivateEndpoint oslo-plant-pe",
    ]);
    expect(only(deployed, "azure-native:network:PrivateDnsZoneGroup").inputs).toMatchObject({
      resourceGroupName: "rg",
      privateEndpointName: "oslo-plant-pe",
      privateDnsZoneConfigs: [{ privateDnsZoneId: "zone-1" }],
    });
    const plant = deployed.resources.find(({ name }) => name === "oslo-plant-pe")?.inputs;
    expect(plant).toMatchObject({
      resourceGroupName: "rg",
      location: "norwayeast",
      subnet: { id: "subnet-1" },
      privateLinkServiceConnections: [
        { privateLinkServiceId: await valueOf(deployed.result.namespaceId), groupIds: ["topicspace"] },
      ],
    });
  });

  test.each([
    ["warns of a closed namespace without any", {}, 1],
    ["says nothing of a closed namespace with one", privateEndpoints, 0],
  ])("%s", async (_, endpoints, count) => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);

    await deploy(
      () => new EventGridBroker("oslo", { ...args, publicNetworkAccess: "Disabled", privateEndpoints: endpoints }),
    );

    expect(warn).toHaveBeenCalledTimes(count);
    warn.mockRestore();
  });
});

test("sends logs and metrics of the namespace to the workspace that it is given", async () => {
  const deployed = await deploy(() => new EventGridBroker("oslo", { ...args, logAnalyticsWorkspaceId: "workspace" }));

  const setting = only(deployed, "azure-native:monitor:DiagnosticSetting");
  expect(setting.name).toBe("oslo-diag");
  expect(setting.inputs).toMatchObject({
    resourceUri: await valueOf(deployed.result.namespaceId),
    workspaceId: "workspace",
  });
});

describe("routing to a topic of the namespace itself", () => {
  const topicResourceId =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/oslo-mqtt/topics/telemetry";
  const routed = { ...args, namespaceName: "oslo-mqtt", routing: { topicResourceId } };
  const token = "azure-native:eventgrid:getNamespaceTopic";
  const routeOf = (deployed: Deployed<unknown>) =>
    (only(deployed, namespaceType).inputs["topicSpacesConfiguration"] as Record<string, unknown>)[
      "routeTopicResourceId"
    ];

  test("asks Azure whether it is there", async () => {
    const asked: object[] = [];
    const invokes = { [token]: (topic: object) => (asked.push(topic), { name: "telemetry" }) };

    const deployed = await deploy(() => new EventGridBroker("oslo", routed), { invokes });

    expect(asked).toEqual([{ resourceGroupName: "rg", namespaceName: "oslo-mqtt", topicName: "telemetry" }]);
    expect(routeOf(deployed)).toBe(topicResourceId);
  });

  test("goes on where Azure does not let it be read", async () => {
    const invokes = { [token]: () => fail('Status=403 Code="AuthorizationFailed"') };

    expect(routeOf(await deploy(() => new EventGridBroker("oslo", routed), { invokes }))).toBe(topicResourceId);
  });

  test("asks nothing about a custom topic", async () => {
    const topic = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/topics/telemetry";
    const custom = { ...args, identity: { systemAssigned: true }, routing: { topicResourceId: topic } };

    expect(routeOf(await deploy(() => new EventGridBroker("oslo", custom)))).toBe(topic);
  });

  /** As gRPC does, whose errors have their text there. */
  function fail(details: string): never {
    throw Object.assign(new Error(details), { details });
  }
});

test("the namespace waits for the role of the identity that it sends with", async () => {
  const topicResourceId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/topics/telemetry";
  const sender = { userAssignedIdentityId: "sender", principalId: "00000000-0000-0000-0000-0000000000a1" };
  const waitedFor: string[] = [];
  const transformations: pulumi.ResourceTransformation[] = [
    ({ type, opts, props }) => {
      const before = type === namespaceType ? (opts.dependsOn as pulumi.Resource[] | undefined) : undefined;
      for (const one of before ?? []) waitedFor.push((one as unknown as { __name: string }).__name);
      return { props, opts };
    },
  ];
  const routed: EventGridBrokerArgs = {
    ...args,
    identity: { userAssignedIdentityIds: ["sender"] },
    routing: { topicResourceId, ...sender },
  };

  const deployed = await deploy(() => new EventGridBroker("oslo", routed, { transformations }));

  expect(waitedFor).toEqual(["oslo-routing-sender"]);
  expect(only(deployed, "azure-native:authorization:RoleAssignment").inputs).toMatchObject({
    scope: topicResourceId,
    principalId: sender.principalId,
    roleDefinitionId: expect.stringMatching(/d5a91429-5739-47e2-a06b-3470a27159e7$/) as string,
  });
});

describe("routing to a topic that the component creates", () => {
  const routed: EventGridBrokerArgs = {
    ...args,
    namespaceName: "oslo-mqtt",
    topics: { telemetry: {} },
    routing: { topic: "telemetry", staticEnrichments: { site: "oslo" } },
  };
  const token = "azure-native:eventgrid:getNamespaceTopic";
  const topicResourceId = "/subscriptions/s/namespaces/oslo-mqtt/topics/telemetry";
  const configurationOf = (deployed: Deployed<unknown>) =>
    only(deployed, namespaceType).inputs["topicSpacesConfiguration"] as Record<string, unknown>;

  test("begins when Azure has it, under the ID that Azure tells", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    const invokes = { [token]: () => ({ id: topicResourceId }) };

    const deployed = await deploy(() => new EventGridBroker("oslo", routed), { invokes });

    expect(configurationOf(deployed)).toMatchObject({
      routeTopicResourceId: topicResourceId,
      routingIdentityInfo: { type: "None" },
      routingEnrichments: { static: [{ key: "site", value: "oslo", valueType: "String" }] },
    });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test("waits for the next deployment where Azure has no such topic, and says so", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    const invokes = { [token]: () => fail('Status=404 Code="ResourceNotFound"') };

    const deployed = await deploy(() => new EventGridBroker("oslo", routed), { invokes });

    expect(Object.keys(configurationOf(deployed)).filter((key) => key.startsWith("rout"))).toEqual([]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      'routing.topic: is "telemetry", which this deployment creates, so that nothing is routed yet; deploy once more: the next deployment routes to it [namespace-routing]',
    ]);
    warn.mockRestore();
  });

  /** As gRPC does, whose errors have their text there. */
  function fail(details: string): never {
    throw Object.assign(new Error(details), { details });
  }
});

test("topics, roles, diagnostic settings and locks are children with names of their own", async () => {
  const principalId = "00000000-0000-0000-0000-0000000000a1";
  const reader = {
    roleDefinitionIdOrName: "Reader",
    principalId,
    description: "for the historian",
    condition: "@Resource[a] StringEquals 'b'",
    delegatedManagedIdentityResourceId: "identity",
  };
  const roleAssignments = { reader };
  const lock = { kind: "CanNotDelete" as const };
  const { resources, result } = await deploy(
    () =>
      new EventGridBroker("oslo", {
        ...args,
        topicSpaces: { telemetry: { topicTemplates: ["a/#"], roleAssignments } },
        topics: { telemetry: { roleAssignments, lock, eventSubscriptions: { archive: { roleAssignments } } } },
        privateEndpoints: { plant: { subnetId: "subnet", resourceGroupName: "rg-net", roleAssignments, lock } },
        publicNetworkAccess: "Disabled",
        logAnalyticsWorkspaceId: "workspace",
        diagnosticSettings: { archive: { storageAccountId: "storage" } },
        roleAssignments,
        lock: { ...lock, name: "keep", notes: "production" },
      }),
  );

  expect(resources.map(({ type, name }) => `${type.replace("azure-native:", "")} ${name}`)).toEqual([
    "authorization:ManagementLockByScope oslo-lock",
    "authorization:ManagementLockByScope oslo-plant-pe-lock",
    "authorization:ManagementLockByScope oslo-topic-telemetry-lock",
    "authorization:RoleAssignment oslo-ns-reader",
    "authorization:RoleAssignment oslo-plant-pe-reader",
    "authorization:RoleAssignment oslo-space-telemetry-reader",
    "authorization:RoleAssignment oslo-topic-telemetry-archive-reader",
    "authorization:RoleAssignment oslo-topic-telemetry-reader",
    "eventgrid:NamespaceTopicEventSubscription oslo-topic-telemetry-archive",
    "eventgrid:NamespaceTopic oslo-topic-telemetry",
    "eventgrid:Namespace oslo-ns",
    "eventgrid:TopicSpace oslo-telemetry",
    "monitor:DiagnosticSetting oslo-diag",
    "monitor:DiagnosticSetting oslo-diag-archive",
    "network:PrivateEndpoint oslo-plant-pe",
  ]);
  const inputsOf = (wanted: string) => resources.find(({ name }) => name === wanted)?.inputs;
  const namespaceId = await valueOf(result.namespaceId);
  expect(inputsOf("oslo-lock")).toEqual({
    scope: namespaceId,
    level: "CanNotDelete",
    lockName: "keep",
    notes: "production",
  });
  expect(inputsOf("oslo-plant-pe")).toMatchObject({ resourceGroupName: "rg-net" });
  expect(await valueOf(result.privateEndpoints["plant"]!)).toMatchObject({
    name: "oslo-plant-pe",
    service: "topicspace",
    networkInterfaceIds: [],
  });
  expect(inputsOf("oslo-ns-reader")).toEqual({
    scope: namespaceId,
    principalId,
    principalType: "ServicePrincipal",
    description: "for the historian",
    condition: "@Resource[a] StringEquals 'b'",
    conditionVersion: "2.0",
    delegatedManagedIdentityResourceId: "identity",
    roleAssignmentName: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    roleDefinitionId:
      "/subscriptions/00000000-0000-0000-0000-00000000000f/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
  });
  expect(Object.keys(result.topicIds)).toEqual(["telemetry"]);
  expect(await valueOf(result.resourceGroupName)).toBe("rg");
});

test("token issuers and webhooks make the namespace a generic resource of the version that has them", async () => {
  const deployed = await deploy(
    () =>
      new EventGridBroker("oslo", {
        ...args,
        identity: { systemAssigned: true },
        customJwtAuthentication: {
          tokenIssuer: "https://issuer.example",
          issuerCertificates: [{ certificateUrl: "https://v.vault.azure.net/certificates/a/1" }],
        },
        webhookAuthentication: {
          endpointUrl: "https://plant.example/mqtt",
          azureActiveDirectoryApplicationIdOrUri: "api://plant",
          azureActiveDirectoryTenantId: "00000000-0000-0000-0000-0000000000e1",
        },
      }),
  );

  expect(only(deployed, "azure-native:resources:Resource").inputs).toMatchObject({
    apiVersion: "2025-04-01-preview",
    properties: {
      topicSpacesConfiguration: {
        clientAuthentication: {
          customJwtAuthentication: {
            tokenIssuer: "https://issuer.example",
            issuerCertificates: [
              { certificateUrl: "https://v.vault.azure.net/certificates/a/1", identity: { type: "SystemAssigned" } },
            ],
          },
          webhookAuthentication: { identity: { type: "SystemAssigned" } },
        },
      },
    },
  });
});

describe.each([
  ["a namespace of the provider's own type", {}],
  ["a generic namespace", { authenticationNameSources: ["ClientCertificateDns" as const] }],
])("of %s a preview does not know what only Azure tells", (_, changed) => {
  const whole: EventGridBrokerArgs = {
    ...args,
    ...changed,
    identity: { systemAssigned: true },
    customDomains: [{ fullyQualifiedDomainName: "mqtt.contoso.com", certificateUrl: "https://v/certificates/a" }],
  };
  const isKnown = (output: unknown) => (output as { isKnown: Promise<boolean> }).isKnown;

  test("the identity's object ID and the DNS records of custom domains", async () => {
    const { result } = await deploy(() => new EventGridBroker("oslo", whole), { preview: true });

    expect(await Promise.all([result.principalId, result.customDomainRecords].map(isKnown))).toEqual([false, false]);
  });

  test("and knows that there are none where none are declared", async () => {
    const { result } = await deploy(() => new EventGridBroker("oslo", { ...args, ...changed }), { preview: true });

    expect(await Promise.all([result.principalId, result.customDomainRecords].map(isKnown))).toEqual([true, true]);
  });
});

test("tells the DNS records that show that custom domains are one's own", () => {
  const record = { expectedTxtRecordName: "_eg.mqtt.contoso.com", expectedTxtRecordValue: "abc" };

  expect(
    listDomainRecords([
      { fullyQualifiedDomainName: "mqtt.contoso.com", ...record },
      { fullyQualifiedDomainName: "topics.contoso.com", ...record, validationState: "Approved" },
      { fullyQualifiedDomainName: "new.contoso.com" },
    ]),
  ).toEqual([
    { fullyQualifiedDomainName: "mqtt.contoso.com", ...record, validationState: "Pending" },
    { fullyQualifiedDomainName: "topics.contoso.com", ...record, validationState: "Approved" },
  ]);
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
