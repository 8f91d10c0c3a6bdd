import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../components/index.ts";
import type { MqttBridgeArgs, X509ClientsArgs } from "../../components/index.ts";
import { certificate } from "../../doc/checks/declaration.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { customLocationId, deploy, inventory, mqttHostname, only, valueOf } from "./mocks.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const tenant = "00000000-0000-0000-0000-0000000000e1";

const args: MqttBridgeArgs = {
  site: "oslo",
  eventGrid: {
    resourceGroupName: "rg",
    topicSpaces: {
      telemetry: { topicTemplates: ["sites/oslo/plant/#"] },
      commands: { topicTemplates: ["sites/oslo/commands/+/+"] },
      others: { topicTemplates: ["elsewhere/#"] },
    },
  },
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: { retain: "Never" } },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/+/telemetry/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
    },
    commands: {
      source: "cloud",
      dataSources: ["sites/oslo/commands/+/+"],
      destination: "edge",
      dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
    },
  },
  identity: { clientId: id, tenantId: tenant, principalId: "principal" },
  relay: { image: "relay:1" },
};

const instance = { resourceGroupName: "rg", instanceName: "aio", customLocationId };
const assignment = "azure-native:authorization:RoleAssignment";
const dataflowEndpoint = "azure-native:iotoperations:DataflowEndpoint";

async function configOf(changed: Partial<MqttBridgeArgs> = {}): Promise<RelayConfig> {
  const { result } = await deploy(() => new MqttBridge("oslo", { ...args, ...changed }));
  return parseRelayConfig((await valueOf(result.configText))!, { where: "test" }).config;
}

/** The same value with the keys of every object the other way round. */
function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, inner]: [string, unknown]) => [key, reordered(inner)])) as T;
}

test("has the components that it created as children, by the names of the declaration", async () => {
  const { result } = await deploy(() => new MqttBridge("oslo", args));

  const { broker, access, endpoints, aioDataflows, relay } = result.children;
  expect(await valueOf(broker!.namespaceId)).toBe(await valueOf(result.namespaceId));
  expect(Object.keys(access)).toEqual(["access"]);
  expect(Object.keys(endpoints).sort()).toEqual(["cloud", "edge"]);
  expect(aioDataflows).toBeUndefined();
  expect(await valueOf(relay!.statefulSetName)).toBe(await valueOf(result.statefulSetName));
});

test("creates broker, roles and relay from one declaration", async () => {
  const deployed = await deploy(() => new MqttBridge("oslo", args));

  expect(inventory(deployed)).toEqual([
    `${assignment} oslo-access-commands-subscriber`,
    `${assignment} oslo-access-telemetry-publisher`,
    "azure-native:eventgrid:Namespace oslo-broker-ns",
    "azure-native:eventgrid:TopicSpace oslo-broker-commands",
    "azure-native:eventgrid:TopicSpace oslo-broker-others",
    "azure-native:eventgrid:TopicSpace oslo-broker-telemetry",
    "kubernetes:apps/v1:StatefulSet oslo-relay-set",
    "kubernetes:core/v1:ConfigMap oslo-relay-cfg",
    "kubernetes:core/v1:PersistentVolumeClaimPatch oslo-relay-spool-0",
    "kubernetes:core/v1:ServiceAccount oslo-relay-sa",
    "kubernetes:core/v1:Service oslo-relay-svc",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy oslo-relay-net",
  ]);
});

test("is the parent of its components, and they of their resources", async () => {
  const { urns } = await deploy(() => new MqttBridge("oslo", { ...args, instance }));

  // The mocks' URNs show the parent's type, and not those of its own parents.
  const ours = "mqtt-dataflow:index";
  expect(urns).toEqual(
    expect.arrayContaining([
      `${ours}:MqttBridge::oslo`,
      `${ours}:MqttBridge$${ours}:EventGridBroker::oslo-broker`,
      `${ours}:EventGridBroker$azure-native:eventgrid:Namespace::oslo-broker-ns`,
      `${ours}:MqttBridge$${ours}:TopicSpaceAccess::oslo-access`,
      `${ours}:TopicSpaceAccess$${assignment}::oslo-access-telemetry-publisher`,
      `${ours}:MqttBridge$${ours}:LocalEndpoint::oslo-edge`,
      `${ours}:LocalEndpoint$${dataflowEndpoint}::oslo-edge-endpoint`,
      `${ours}:MqttBridge$${ours}:EventGridEndpoint::oslo-cloud`,
      `${ours}:MqttBridge$${ours}:Relay::oslo-relay`,
      `${ours}:Relay$kubernetes:core/v1:ConfigMap::oslo-relay-cfg`,
    ]),
  );
  expect(urns.filter((urn) => !urn.includes("$"))).toEqual([`${ours}:MqttBridge::oslo`]);
});

test("stands twice in one stack", async () => {
  const bridges = () => ["oslo", "bergen"].map((site) => new MqttBridge(site, { ...args, site }));

  const { urns, resources } = await deploy(bridges);

  expect(new Set(urns).size).toBe(urns.length);
  expect(resources).toHaveLength(24);
});

test("gives topic spaces without a dataflow no role", async () => {
  const deployed = await deploy(() => new MqttBridge("oslo", args));

  expect(inventory(deployed).filter((resource) => resource.includes("others"))).toEqual([
    "azure-native:eventgrid:TopicSpace oslo-broker-others",
  ]);
});

test("gives no role for a dataflow that is disabled", async () => {
  const commands = { ...args.dataflows["commands"]!, mode: "Disabled" as const };

  const deployed = await deploy(() => new MqttBridge("oslo", { ...args, dataflows: { ...args.dataflows, commands } }));

  expect(inventory(deployed).filter((resource) => resource.startsWith(assignment))).toEqual([
    `${assignment} oslo-access-telemetry-publisher`,
  ]);
});

test("leaves the roles to others when it does not know the principal", async () => {
  const identity = { clientId: id, tenantId: tenant };

  const deployed = await deploy(() => new MqttBridge("oslo", { ...args, identity }));

  expect(inventory(deployed).filter((resource) => resource.startsWith(assignment))).toEqual([]);
});

test("gives the roles at the whole namespace when it is told to", async () => {
  const identity = { ...args.identity!, roleScope: "Namespace" as const };

  const { resources, result } = await deploy(() => new MqttBridge("oslo", { ...args, identity }));

  const namespaceId = (await valueOf(result.topicSpaceIds["telemetry"]!)).replace(
    "oslo-broker-telemetry",
    "oslo-broker-ns",
  );
  const roles = resources.filter(({ type }) => type === assignment);
  expect(roles.map(({ name, inputs }) => [name, inputs["scope"]])).toEqual([
    ["oslo-access-namespace-publisher", namespaceId],
    ["oslo-access-namespace-subscriber", namespaceId],
  ]);
});

test("counts the sessions of each identity by itself", async () => {
  const other = "00000000-0000-0000-0000-0000000000c2";
  const eventGridEndpoints = {
    cloud: { retain: "Never" as const },
    "cloud-2": { clientId: other, retain: "Never" as const },
  };
  const copy = (destination: string) => ({ ...args.dataflows["telemetry"]!, destination });
  const deployment = (destination: string) =>
    deploy(() => {
      const dataflows = { ...args.dataflows, copy: copy(destination), second: copy("cloud-2") };
      return new MqttBridge("oslo", { ...args, eventGridEndpoints, dataflows });
    });

  await expect(deployment("cloud")).resolves.toBeDefined();
  const many = { ...args.dataflows, a: copy("cloud-2"), b: copy("cloud-2"), c: copy("cloud-2"), d: copy("cloud-2") };
  await expect(deploy(() => new MqttBridge("oslo", { ...args, eventGridEndpoints, dataflows: many }))).rejects.toThrow(
    `the dataflows open 4 with UserAssignedManagedIdentity of client ID "${other}"`,
  );
});

const eventGrid = { resourceGroupName: "rg", topicSpaces: args.eventGrid?.topicSpaces ?? {} };
const x509: X509ClientsArgs = {
  caCertificates: { plant: { certificate } },
  clients: { relay: {} },
  permissionBindings: {
    telemetry: { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" },
    commands: { clientGroup: "$all", topicSpace: "commands", permission: "Subscriber" },
  },
};

test("gives no roles to clients with certificates", async () => {
  const eventGridEndpoints = {
    cloud: { authenticationMethod: "X509Certificate", secretRef: "cert", username: "relay", retain: "Never" },
  } as const;

  const deployed = await deploy(
    () => new MqttBridge("oslo", { ...args, eventGridEndpoints, eventGrid: { ...eventGrid, x509 } }),
  );

  expect(inventory(deployed).filter((resource) => resource.startsWith(assignment))).toEqual([]);
});

test("exposes what others need", async () => {
  const { result } = await deploy(() => new MqttBridge("oslo", args));

  expect(await valueOf(result.hostname)).toBe(mqttHostname);
  expect(await valueOf(result.namespaceId)).toMatch(/\/oslo-broker-ns$/);
  expect(await valueOf(result.namespaceName)).toBe("oslo-broker-ns");
  expect(Object.keys(result.topicSpaceIds)).toEqual(["telemetry", "commands", "others"]);
  expect(await valueOf(result.configMapName)).toBe("oslo-relay-cfg-0a1b2c3d");
  expect(await valueOf(result.statefulSetName)).toMatch(/^oslo-relay-set-[0-9a-f]{8}$/);
  expect(await valueOf(result.serviceAccountName)).toBe("oslo-relay-sa-0a1b2c3d");
});

let warn: jest.SpyInstance;

beforeEach(() => {
  warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
});

describe("its configuration", () => {
  test("is byte for byte the same for the same declaration in another order", async () => {
    const { result: one } = await deploy(() => new MqttBridge("oslo", args));
    const { result: other } = await deploy(() => new MqttBridge("oslo", reordered(args)));

    expect(await valueOf(other.configText)).toBe(await valueOf(one.configText));
  });

  test("goes into the ConfigMap as it is", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", args));

    expect(only(deployed, "kubernetes:core/v1:ConfigMap").inputs["data"]).toEqual({
      "config.json": await valueOf(deployed.result.configText),
    });
  });

  test("says where the relay publishes its status, and nothing when it publishes none", async () => {
    const status = { endpoint: "edge", topic: "relays/oslo" };

    expect((await configOf({ relay: { image: "relay:1", status } })).relay.status).toEqual({
      endpointRef: "edge",
      topic: "relays/oslo",
      intervalSeconds: 30,
    });
    expect((await configOf()).relay).not.toHaveProperty("status");
  });

  test("fills in host, identity and client identifiers", async () => {
    const { endpoints } = await configOf();

    expect(endpoints["cloud"]).toMatchObject({
      hostType: "EventGrid",
      mqttSettings: {
        host: `${mqttHostname}:8883`,
        clientIdPrefix: "oslo-",
        authentication: { userAssignedManagedIdentitySettings: { clientId: id, tenantId: tenant } },
      },
    });
    expect(endpoints["edge"]).toMatchObject({
      hostType: "LocalBroker",
      mqttSettings: { host: "aio-broker:18883", clientIdPrefix: "oslo-" },
    });
  });

  test("keeps what an endpoint says for itself", async () => {
    const cloud = { host: "other.ts.eventgrid.azure.net:8883", clientIdPrefix: "mine-", clientId: tenant } as const;

    const { endpoints } = await configOf({ eventGridEndpoints: { cloud } });

    expect(endpoints["cloud"]?.mqttSettings).toMatchObject({
      host: "other.ts.eventgrid.azure.net:8883",
      clientIdPrefix: "mine-",
      authentication: { userAssignedManagedIdentitySettings: { clientId: tenant } },
    });
  });

  test("takes an endpoint to its own HTTP proxy, with the files and the way out that this needs", async () => {
    const proxy = { url: "http://proxy.plant.example:3128", secretRef: "proxy-login" };
    const eventGridEndpoints = { cloud: { retain: "Never", proxy } } as const;

    const deployed = await deploy(() => new MqttBridge("oslo", { ...args, eventGridEndpoints }));

    const { config } = parseRelayConfig((await valueOf(deployed.result.configText))!, { where: "test" });
    expect(config.endpoints["cloud"]?.relay.proxy).toEqual(proxy);
    expect(JSON.stringify(only(deployed, "kubernetes:apps/v1:StatefulSet").inputs)).toContain("secrets/proxy-login");
    const policy = only(deployed, "kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs as {
      spec: { egress: { ports: { port: number }[] }[] };
    };
    expect(policy.spec.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 5353, 5353, 3128, 18883,
    ]);
  });

  test("takes Event Grid's port and path for WebSockets", async () => {
    const { endpoints } = await configOf({ eventGridEndpoints: { cloud: { protocol: "WebSockets" } } });

    expect(endpoints["cloud"]?.mqttSettings.host).toBe(`${mqttHostname}:443/mqtt`);
  });

  test("reaches AIO's broker by its full name from another namespace", async () => {
    const localEndpoints = { edge: { trustedCaCertificateConfigMapRef: "broker-ca" } };
    const relay = { image: "relay:1", namespace: "relays", trustBundles: { "broker-ca": certificate } };

    const { endpoints } = await configOf({ localEndpoints, relay });

    expect(endpoints["edge"]?.mqttSettings).toMatchObject({
      host: "aio-broker.azure-iot-operations:18883",
      tls: { trustedCaCertificateConfigMapRef: "broker-ca" },
    });
  });
});

test("creates DataflowEndpoint resources of all endpoints that AIO can express", async () => {
  const { dataflows } = args;
  const customEndpoints = {
    archive: { host: "archive.example:8883", authenticationMethod: "AccessToken", secretRef: "token" },
  } as const;
  const archive = { source: "edge", dataSources: ["a/#"], destination: "archive", dataDestination: "${inputTopic}" };

  const deployed = await deploy(
    () => new MqttBridge("oslo", { ...args, instance, customEndpoints, dataflows: { ...dataflows, archive } }),
  );

  const names = deployed.resources
    .filter(({ type }) => type === dataflowEndpoint)
    .map(({ inputs }) => inputs["dataflowEndpointName"]);
  expect(names).toEqual(["cloud", "edge"]);
});

test("shows the pods in a preview of a namespace that does not exist yet", async () => {
  const deployed = await deploy(() => new MqttBridge("oslo", args), { preview: true });

  const { spec } = only(deployed, "kubernetes:apps/v1:StatefulSet").inputs as {
    spec: { template: { spec: { volumes: unknown[]; containers: { volumeMounts: unknown[] }[] } } };
  };
  expect(spec.template.spec.volumes).toHaveLength(3);
  expect(spec.template.spec.containers[0]?.volumeMounts.slice(3)).toEqual([
    { name: "spool", mountPath: "/var/lib/mqtt-dataflow" },
  ]);
  expect(only(deployed, "kubernetes:core/v1:ConfigMap").inputs["data"]).not.toHaveProperty("config.json");
});

test("keeps the content of Secrets out of the state of its arguments", async () => {
  let seen: unknown;
  const transformations: pulumi.ResourceTransformation[] = [
    ({ props, opts, type }) => {
      if (type === MqttBridge.typeToken) seen = (props as { relay: { secrets: unknown } }).relay.secrets;
      return { props: props, opts };
    },
  ];
  const relay = { image: "relay:1", secrets: { token: { accessToken: "hunter2" } } };

  await deploy(() => new MqttBridge("oslo", { ...args, relay }, { transformations }));

  expect(await pulumi.isSecret(seen as pulumi.Output<unknown>)).toBe(true);
});

describe("refuses before anything exists", () => {
  test.each<[string, Partial<MqttBridgeArgs>, string[]]>([
    ["a site that is no name", { site: "" }, ['site: is ""; name it with at most 40 letters']],
    [
      "an endpoint at Event Grid without a namespace",
      { eventGrid: undefined as never },
      [
        'eventGridEndpoints.cloud.host: is missing; give the host of an existing namespace, "<hostname>:8883", or add eventGrid to create one',
      ],
    ],
    [
      "two endpoints of one name",
      { customEndpoints: { edge: { host: "b.example:1883", authenticationMethod: "Anonymous" } } },
      ["customEndpoints.edge: has the same name as localEndpoints.edge; rename one; dataflows refer to both by it"],
    ],
    [
      "a name that no endpoint can have",
      { localEndpoints: { edge: {}, Edge: {} } },
      ['localEndpoints.Edge: is no name for an endpoint ("Edge"); name an endpoint with 3 to 63'],
    ],
    [
      "a managed identity that nobody gave",
      { identity: undefined as never },
      [
        "eventGridEndpoints.cloud.authenticationMethod: is UserAssignedManagedIdentity, and neither the endpoint nor the bridge has an identity; add identity, or clientId and tenantId at the endpoint, or use another authenticationMethod",
      ],
    ],
    [
      "the identity of AIO's extension for a pod",
      { eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } } },
      [
        "eventGridEndpoints.cloud.authenticationMethod: is SystemAssignedManagedIdentity, and a relay's pod can't use the identity of AIO's Arc extension; use UserAssignedManagedIdentity, or set relay.useNodeIdentity where the nodes have an identity of their own",
      ],
    ],
    [
      "the CA of AIO's broker in another namespace",
      { relay: { image: "relay:1", namespace: "relays" } },
      [
        'localEndpoints.edge.trustedCaCertificateConfigMapRef: is missing, and AIO\'s own ConfigMap is in "azure-iot-operations", not in the relay\'s namespace "relays"; name a ConfigMap of that namespace, and give its certificates in relay.trustBundles to create it',
      ],
    ],
    [
      "the values of an endpoint, where the operator wrote them",
      { eventGridEndpoints: { cloud: { keepAliveSeconds: 5000, clientIdPrefix: "" } } },
      [
        "eventGridEndpoints.cloud.clientIdPrefix: is empty, so a second site with the same dataflows would take over this one's sessions",
        "eventGridEndpoints.cloud.keepAliveSeconds: is 5000 s, outside what Event Grid takes; give 1 to 1160 s",
      ],
    ],
    [
      "what is wrong with the namespace",
      { eventGrid: { ...args.eventGrid!, capacity: 0 } },
      ["eventGrid.capacity: is 0 throughput units, outside what Event Grid has; give a whole number from 1 to 40"],
    ],
    [
      "settings of the relay",
      { relay: { image: "relay:1", metricsPort: 80, drainTimeoutSeconds: 0 } },
      ["relay.drainTimeoutSeconds: is 0 s; give a whole number from 1 to 3600 s", "relay.metricsPort: is 80, and"],
    ],
    [
      "a status at Event Grid, where no role would let it in",
      { relay: { image: "relay:1", status: { endpoint: "cloud", topic: "relays/oslo" } } },
      [
        'relay.status.endpoint: is "cloud", which is at Event Grid; publish it at a local or custom endpoint, and take it to the cloud by a dataflow',
      ],
    ],
    [
      "a status at an endpoint that does not exist, or with a topic that is none",
      { relay: { image: "relay:1", status: { endpoint: "egde", topic: "relays/#" } } },
      [
        'relay.status.endpoint: names the endpoint "egde", which does not exist; did you mean "edge"?',
        'relay.status.topic: "relays/#" has a wildcard',
      ],
    ],
    [
      "several instances with Event Grid as source",
      {
        relay: { image: "relay:1", instanceCount: 2 },
        eventGrid: { ...args.eventGrid!, maximumClientSessionsPerAuthenticationName: 4 },
      },
      ['relay.instanceCount: is 2, and the source "cloud" is Event Grid;'],
    ],
    [
      "a federated credential without a name",
      { identity: { ...args.identity!, oidcIssuerUrl: "https://oidc" } },
      ["identity.resourceGroupName: is missing", "identity.identityName: is missing"],
    ],
    ["no dataflows", { dataflows: {} }, ["dataflows: lists no"]],
  ])("%s", async (_, changed, lines) => {
    const changedArgs = Object.fromEntries(
      Object.entries<unknown>({ ...args, ...changed }).filter(([, value]) => value !== undefined),
    ) as unknown as MqttBridgeArgs;

    const deployment = deploy(() => new MqttBridge("oslo", changedArgs));

    await expect(deployment).rejects.toMatchObject({ hideStack: true });
    const text = await deployment.catch((error: unknown) => (error as Error).message);
    expect(problemsIn(text as string)).toEqual(lines.map((line) => expect.stringContaining(line) as string));
  });

  test("topics that no topic space has", async () => {
    const telemetry = { ...args.dataflows["telemetry"]!, dataDestination: "oslo/${inputTopic}" };
    const commands = { ...args.dataflows["commands"]!, dataSources: ["oslo/commands/a/b/c"] };

    const deployment = deploy(() => new MqttBridge("oslo", { ...args, dataflows: { telemetry, commands } }));

    await expect(deployment).rejects.toThrow(
      [
        "oslo has 2 problems:",
        '  dataflows.telemetry.dataDestination: needs the topics "oslo/plant/+/telemetry/#", which no topic space has; add "oslo/plant/+/telemetry/#", or a topic template that takes it in, to eventGrid.topicSpaces [topic-coverage]',
        '  dataflows.commands.dataSources[0]: needs the topics "oslo/commands/a/b/c", which no topic space has; add',
      ].join("\n"),
    );
  });

  test("more sessions than one identity may have", async () => {
    const more = Object.fromEntries(
      [1, 2, 3].map((number) => [
        `more-${number}`,
        { ...args.dataflows["telemetry"]!, dataSources: [`plant/${number}`] },
      ]),
    );

    const deployment = deploy(() => new MqttBridge("oslo", { ...args, dataflows: { ...args.dataflows, ...more } }));

    await expect(deployment).rejects.toThrow(
      "eventGrid.maximumClientSessionsPerAuthenticationName: is 3 sessions, and the dataflows open 5 with UserAssignedManagedIdentity; set it to 5 or more, or run fewer dataflows or instances",
    );
  });

  test("before it creates a single resource", async () => {
    const created: string[] = [];
    const transformations: pulumi.ResourceTransformation[] = [
      ({ name, props, opts }) => {
        created.push(name);
        return { props: props, opts };
      },
    ];

    const deployment = deploy(() => new MqttBridge("oslo", { ...args, dataflows: {} }, { transformations }));

    await expect(deployment).rejects.toThrow();
    expect(created).toEqual(["oslo"]);
  });
});

test("warns of topics that a topic space has only in part", async () => {
  const topicSpaces = { ...args.eventGrid!.topicSpaces, telemetry: { topicTemplates: ["sites/oslo/plant/line4/#"] } };

  await deploy(() => new MqttBridge("oslo", { ...args, eventGrid: { ...args.eventGrid!, topicSpaces } }));

  expect(warn.mock.calls.map(([text]: [string]) => text)).toEqual([
    'dataflows.telemetry.dataDestination: needs the topics "sites/oslo/plant/+/telemetry/#", which topic spaces have only in part, so that Event Grid refuses the rest; add "sites/oslo/plant/+/telemetry/#", or a topic template that takes it in, to eventGrid.topicSpaces [topic-coverage]',
  ]);
});

test("refuses at the first preview of a namespace, when no host is known, memory that is too little for its dataflows", async () => {
  const [telemetry] = Object.values(args.dataflows);
  const dataflows = Object.fromEntries(
    Array.from({ length: 60 }, (_, number) => [
      `line-${number}`,
      { ...telemetry!, dataSources: [`plant/line-${number}/#`] },
    ]),
  );
  const changed = (relay: MqttBridgeArgs["relay"]): MqttBridgeArgs => ({
    ...args,
    eventGrid: { ...args.eventGrid!, maximumClientSessionsPerAuthenticationName: 100 },
    dataflows,
    relay: relay!,
  });
  const preview = (relay: MqttBridgeArgs["relay"]) =>
    deploy(() => new MqttBridge("oslo", changed(relay)), { preview: true });

  await expect(preview({ image: "relay:1", memoryMebibytes: 128 })).rejects.toThrow(
    /^ {2}relay\.memoryMebibytes: is 128 MiB, too little for 60 dataflows; give \d+ MiB or more/m,
  );
  await expect(preview({ image: "relay:1", memoryMebibytes: 32 })).rejects.toThrow(/has 1 problem:/);
  await expect(preview({ image: "relay:1" })).resolves.toBeDefined();
});

test("passes the configuration's own warnings on", async () => {
  const eventGridEndpoints = { cloud: { retain: "Never", qos: 0 } } as const;

  await deploy(() => new MqttBridge("oslo", { ...args, eventGridEndpoints }));

  expect(warn.mock.calls.map(([text]: [string]) => text.split(":")[0])).toContain("endpoints.cloud.qos");
});

test("warns once of what the bridge and the relay in it both see, by the path of the bridge", async () => {
  const telemetry = {
    ...args.dataflows["telemetry"]!,
    dataSources: ["plant/+/telemetry/#", "plant/line1/telemetry/x"],
  };

  await deploy(() => new MqttBridge("oslo", { ...args, dataflows: { ...args.dataflows, telemetry } }));

  expect(warn.mock.calls.map(([text]: [string]) => text)).toEqual([
    expect.stringMatching(/^dataflows\.telemetry\.dataSources\[1\]: .* \[overlapping-filters\]$/),
  ]);
});

test("warns of retained messages to Event Grid, until somebody says what is meant", async () => {
  const warned = async (eventGridEndpoints: MqttBridgeArgs["eventGridEndpoints"]) => {
    warn.mockClear();
    await deploy(() => new MqttBridge("oslo", { ...args, eventGridEndpoints: eventGridEndpoints! }));
    return warn.mock.calls.map(([text]: [string]) => text);
  };

  expect(await warned({ cloud: {} })).toEqual([
    expect.stringMatching(/^eventGridEndpoints\.cloud\.retain: is Keep by default/),
  ]);
  expect(await warned({ cloud: { retain: "Keep" } })).toEqual([]);
  expect(await warned({ cloud: { retain: "Never" } })).toEqual([]);
});

function problemsIn(text: string): string[] {
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
}

describe("for a cluster that Pulumi can't reach", () => {
  afterAll(removeTemporaryFolders);

  const flux = {
    resourceGroupName: "rg",
    clusterName: "oslo",
    repositoryUrl: "https://git.example.com/contoso/sites",
    path: "./manifests/oslo",
  };

  test("writes the relay's manifests to a folder, and nothing of Azure's", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", { ...args, gitOps: { directory: "manifests/oslo" } }));

    expect(only(deployed, "pulumi:providers:kubernetes").inputs).toEqual({
      renderYamlToDirectory: "manifests/oslo",
      enableConfigMapMutable: "true",
      // Neither $KUBECONFIG nor kubectl's own: with a cluster in reach the provider writes files at a preview.
      kubeconfig: { apiVersion: "v1", kind: "Config" },
    });
    const written = deployed.resources.filter(({ provider }) => provider === "oslo-manifests");
    expect(written.map(({ type }) => type.split(":")[0])).toEqual(Array(6).fill("kubernetes"));
    const others = deployed.resources.filter((resource) => !written.includes(resource));
    expect(others.filter(({ type }) => type.startsWith("kubernetes:"))).toEqual([]);
  });

  test("writes them all again where a file is missing in a folder that exists, and says so", async () => {
    const directory = path.relative(process.cwd(), createTemporaryFolder("manifests"));
    const gitOps = { directory };
    const write = (name: string) => writeFileSync(path.join(directory, "1-manifest", name), "");
    const isRenderedAgain = async () => {
      const deployed = await deploy(() => new MqttBridge("oslo", { ...args, gitOps }));
      return only(deployed, "pulumi:providers:kubernetes").inputs["alwaysRender"];
    };

    expect(await isRenderedAgain()).toBe("true");
    expect(warn.mock.calls.map(([text]: [string]) => text)).toEqual([
      `gitOps.directory: "${directory}" lacks 6 of 6 files, such as that of ServiceAccount "oslo-relay-sa"; all are written again`,
    ]);

    mkdirSync(path.join(directory, "1-manifest"));
    const { result } = await deploy(() => new MqttBridge("oslo", { ...args, gitOps }));
    const set = (await valueOf(result.statefulSetName))!;
    for (const name of ["v1-serviceaccount-%-oslo-relay-sa-0a1b", "v1-configmap-%-oslo-relay-cfg-0a1b"])
      write(`${name.replace("%", "azure-iot-operations")}.yaml`);
    write("v1-service-azure-iot-operations-oslo-relay-svc.yaml");
    write("networking.k8s.io_v1-networkpolicy-azure-iot-operations-oslo-relay-net-0a1b.yaml");
    write(`apps_v1-statefulset-azure-iot-operations-${set}.yaml`);
    write(`v1-persistentvolumeclaim-azure-iot-operations-spool-${set}-0.yaml`);
    warn.mockClear();

    expect(await isRenderedAgain()).toBeUndefined();
    expect(warn).not.toHaveBeenCalled();
  });

  test("points Flux at the folder, where the cluster is given", async () => {
    const deployed = await deploy(
      () => new MqttBridge("oslo", { ...args, gitOps: { directory: "manifests/oslo", flux } }),
    );

    expect(only(deployed, "azure-native:kubernetesconfiguration:FluxConfiguration").inputs).toEqual({
      resourceGroupName: "rg",
      clusterRp: "Microsoft.Kubernetes",
      clusterResourceName: "connectedClusters",
      clusterName: "oslo",
      fluxConfigurationName: "oslo-relay",
      scope: "cluster",
      namespace: "azure-iot-operations",
      sourceKind: "GitRepository",
      gitRepository: {
        url: "https://git.example.com/contoso/sites",
        repositoryRef: { branch: "main" },
        syncIntervalInSeconds: 600,
        // Set by the provider's own SDK.
        timeoutInSeconds: 600,
      },
      kustomizations: { relay: expect.objectContaining({ path: "./manifests/oslo", prune: true }) as object },
      suspend: false,
    });
  });

  test("renders the very configuration that it would apply", async () => {
    expect(await configOf({ gitOps: { directory: "manifests/oslo", flux } })).toEqual(await configOf());
  });
});

describe("a lock of the namespace", () => {
  test("comes after the namespace, all that is in it, and the roles of the dataflows", async () => {
    const after: string[] = [];
    const transformations: pulumi.ResourceTransformation[] = [
      ({ type, opts, props }) => {
        if (type === "azure-native:authorization:ManagementLockByScope") {
          for (const one of opts.dependsOn as pulumi.Resource[])
            after.push((one as unknown as { __name: string }).__name);
        }
        return { props, opts };
      },
    ];
    const eventGrid = { ...args.eventGrid!, lock: { kind: "CanNotDelete" as const } };

    const deployed = await deploy(() => new MqttBridge("oslo", { ...args, eventGrid }, { transformations }));

    const lock = only(deployed, "azure-native:authorization:ManagementLockByScope");
    expect(lock.name).toBe("oslo-lock");
    expect(lock.inputs).toEqual({ scope: await valueOf(deployed.result.namespaceId), level: "CanNotDelete" });
    expect(after).toEqual(["oslo-broker", "oslo-access"]);
  });

  test("is not there where it is said that there is none", async () => {
    const eventGrid = { ...args.eventGrid!, lock: { kind: "None" as const } };

    const deployed = await deploy(() => new MqttBridge("oslo", { ...args, eventGrid }));

    expect(inventory(deployed).filter((resource) => resource.includes("Lock"))).toEqual([]);
  });
});

test("refuses a further role that the dataflows call for, wherever the bridge assigns it", async () => {
  const principalId = "00000000-0000-0000-0000-0000000000a1";
  const publisher = { roleDefinitionIdOrName: "EventGrid TopicSpaces Publisher", principalId };
  const telemetry = { topicTemplates: ["sites/oslo/plant/#"], roleAssignments: { relay: publisher } };
  const commands = { topicTemplates: ["sites/oslo/commands/+/+"], roleAssignments: { relay: publisher } };
  const eventGrid = { resourceGroupName: "rg", topicSpaces: { telemetry, commands } };

  const deployment = deploy(
    () => new MqttBridge("oslo", { ...args, eventGrid, identity: { ...args.identity!, principalId } }),
  );

  await expect(deployment).rejects.toThrow(
    /^oslo has 1 problem:\n {2}eventGrid\.topicSpaces\.telemetry\.roleAssignments\.relay: gives a role that the dataflows call for/,
  );
});

test("tells of the namespace what its operator needs beside it", async () => {
  const eventGrid = { ...args.eventGrid!, topics: { history: {} }, identity: { systemAssigned: true } };

  const { result } = await deploy(() => new MqttBridge("oslo", { ...args, eventGrid }));
  const { result: preview } = await deploy(() => new MqttBridge("oslo", { ...args, eventGrid }), { preview: true });

  expect(Object.keys(result.topicIds)).toEqual(["history"]);
  expect(await valueOf(result.customDomainRecords)).toEqual([]);
  expect(await (preview.namespacePrincipalId as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
});
