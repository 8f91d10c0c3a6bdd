import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../components/index.ts";
import type { DataflowArgs, MqttBridgeArgs } from "../../../components/index.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { aioBridge, commands, defaultId, instance, telemetry } from "../aio/declaration.ts";
import { certificate } from "../../../doc/checks/declaration.ts";
import { deploy, inventory, only, valueOf } from "../mocks.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const identity = { clientId: id, tenantId: id, principalId: "principal" };
const relay = { image: "relay:1" };
const issued = createCertificateAuthority("plant").then((authority) => authority.createClientCertificate("oslo"));
/** A client certificate and its key, as outputs. */
const pair = {
  clientCertificate: pulumi.output(issued.then(({ certificate: own }) => own)),
  clientKey: pulumi.secret(issued.then(({ key }) => key)),
};
const userAssigned = { cloud: { authenticationMethod: "UserAssignedManagedIdentity", retain: "Never" } } as const;

/** The same from a vault. */
const vault = {
  secrets: { cert: { clientCertificate: "cert", clientKey: "key" } },
  externalSecrets: { storeName: "plants" },
};
/** AIO's dataflow of telemetry, changed. */
function flow(changed: Partial<DataflowArgs> = {}): DataflowArgs {
  return { ...telemetry, dataSources: ["plant/+/telemetry/#"], ...changed };
}
const down: DataflowArgs = { ...commands, dataSources: ["sites/oslo/commands/+/+"] };

/** One site whose dataflows are divided between the engines. */
const divided: MqttBridgeArgs = {
  ...aioBridge,
  eventGridEndpoints: { ...aioBridge.eventGridEndpoints, far: { retain: "Never" } },
  dataflows: { telemetry: flow(), commands: flow({ ...down, engine: "Relay", source: "far" }) },
  identity,
  relay,
};

let warn: jest.SpyInstance;

beforeEach(() => {
  warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
});

describe("a bridge", () => {
  test("has client identifiers without a prefix in both engines where that is stated", async () => {
    const none = { clientIdPrefix: "", allowEmptyClientIdPrefix: true };
    const { cloud, far } = divided.eventGridEndpoints ?? {};
    const eventGridEndpoints = { cloud: { ...cloud, ...none }, far: { ...far, ...none } };

    const deployed = await deploy(() => new MqttBridge("oslo", { ...divided, eventGridEndpoints }));

    const ofAio = deployed.resources.filter(({ inputs }) => inputs["dataflowEndpointName"] === "cloud");
    expect(ofAio).toHaveLength(1);
    expect(JSON.stringify(ofAio)).not.toContain("clientIdPrefix");
    const { endpoints } = parseRelayConfig((await valueOf(deployed.result.configText)) ?? "", { where: "oslo" }).config;
    expect(endpoints["far"]?.mqttSettings.clientIdPrefix).toBe("");
  });

  test("has no relay where AIO's engine runs all dataflows", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", aioBridge));

    expect(inventory(deployed)).toEqual([
      "azure-native:authorization:RoleAssignment oslo-aio-access-commands-subscriber",
      "azure-native:authorization:RoleAssignment oslo-aio-access-telemetry-publisher",
      "azure-native:eventgrid:Namespace oslo-broker-ns",
      "azure-native:eventgrid:TopicSpace oslo-broker-commands",
      "azure-native:eventgrid:TopicSpace oslo-broker-telemetry",
      "azure-native:iotoperations:DataflowEndpoint oslo-cloud-endpoint",
      "azure-native:iotoperations:DataflowProfile oslo-aio-profile",
      "azure-native:iotoperations:Dataflow oslo-aio-commands",
      "azure-native:iotoperations:Dataflow oslo-aio-telemetry",
    ]);
    expect(await valueOf(deployed.result.configText)).toBeUndefined();
    expect(await valueOf(deployed.result.statefulSetName)).toBeUndefined();
  });

  test("gives each engine its own dataflows, and the relay no endpoint that only AIO uses", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", divided));

    const { config } = parseRelayConfig((await valueOf(deployed.result.configText))!, { where: "test" });
    expect(Object.keys(config.dataflows)).toEqual(["commands"]);
    expect(Object.keys(config.endpoints)).toEqual(["default", "far"]);
    expect(only(deployed, "azure-native:iotoperations:Dataflow").name).toBe("oslo-aio-telemetry");
  });

  test("grants each identity just what it authenticates", async () => {
    const { resources } = await deploy(() => new MqttBridge("oslo", divided));

    const roles = resources.filter(({ type }) => type === "azure-native:authorization:RoleAssignment");
    expect(roles.map(({ name, inputs }) => [name, inputs["principalId"]])).toEqual([
      ["oslo-access-commands-subscriber", "principal"],
      ["oslo-aio-access-telemetry-publisher", "aio-principal"],
    ]);
  });

  test("stands twice in one stack, on an instance each, with a profile each", async () => {
    const { urns } = await deploy(() =>
      ["oslo", "bergen"].map((name) => {
        const instanceOf = { ...instance, instanceName: `aio-${name}` };
        return new MqttBridge(name, { ...aioBridge, instance: instanceOf });
      }),
    );

    expect(new Set(urns).size).toBe(urns.length);
  });

  test("keeps an endpoint that its relay publishes its status to", async () => {
    const status = { endpoint: "default", topic: "relays/oslo" };
    const customEndpoints = {
      other: { host: "b.example:8883", authenticationMethod: "Anonymous" },
      archive: { host: "c.example:8883", authenticationMethod: "Anonymous" },
    } as const;
    const copy = flow({ engine: "Relay", source: "other", destination: "archive" });

    const { result } = await deploy(
      () =>
        new MqttBridge("oslo", {
          ...aioBridge,
          customEndpoints,
          dataflows: { telemetry: flow(), copy },
          relay: { ...relay, status },
        }),
    );

    const { config } = parseRelayConfig((await valueOf(result.configText))!, { where: "test" });
    expect(Object.keys(config.endpoints)).toEqual(["archive", "default", "other"]);
  });
});

test("warns of what AIO's engine may lose, where the operator wrote it, and once where the relay warns too", async () => {
  const { retain, ...unsaid } = { retain: undefined, ...cloud };
  const eventGridEndpoints = { cloud: { ...unsaid, qos: 0 } } as const;
  const both = { ...dataflows({}), relayed: flow({ engine: "Relay" }) };

  await deploy(() => new MqttBridge("oslo", { ...aioBridge, eventGridEndpoints, dataflows: dataflows({}) }));
  const alone = warn.mock.calls.map(([text]: [string]) => text.replace(/: is .*/, ""));
  warn.mockClear();
  await deploy(
    () =>
      new MqttBridge("oslo", {
        ...aioBridge,
        eventGridEndpoints,
        dataflows: both,
        relay: { ...relay, useNodeIdentity: true },
      }),
  );

  expect(alone).toEqual(["eventGridEndpoints.cloud.retain", "eventGridEndpoints.cloud.qos"]);
  expect(warn.mock.calls.map(([text]: [string]) => text.replace(/: is .*/, ""))).toEqual([
    "eventGridEndpoints.cloud.retain",
    "endpoints.cloud.qos",
  ]);
});

test("says of retained messages what the engine does that publishes them", async () => {
  const { retain, ...unsaid } = { retain: undefined, ...cloud };
  const remedies = async (declared: Partial<MqttBridgeArgs>) => {
    warn.mockClear();
    await deploy(() => new MqttBridge("oslo", { ...aioBridge, eventGridEndpoints: { cloud: unsaid }, ...declared }));
    const found = warn.mock.calls.map(([text]: [string]) => text).filter((text) => text.includes("cloud.retain: "));
    return found.map((text) => text.split("; ").slice(2).join("; ").replace(" [retain]", ""));
  };
  const nodeIdentity = { relay: { ...relay, useNodeIdentity: true } };
  const byAio = 'for AIO\'s engine, Azure IoT Operations documents "Never" at Event Grid';
  const byRelay = "the relay clears the flag where the broker says that it keeps no messages";

  expect(await remedies({ dataflows: dataflows({}) })).toEqual([byAio]);
  expect(await remedies({ dataflows: dataflows({ engine: "Relay" }), ...nodeIdentity })).toEqual([byRelay]);
  const both = { ...dataflows({}), relayed: flow({ engine: "Relay" }) };
  expect(await remedies({ dataflows: both, ...nodeIdentity })).toEqual([`${byRelay}; ${byAio}`]);
});

test("warns of no relay where AIO's engine runs all dataflows", async () => {
  const customEndpoints = { plant: { ...custom, authenticationMethod: "ServiceAccountToken", qos: 1 } } as const;
  const eventGridEndpoints = { cloud: { authenticationMethod: "SystemAssignedManagedIdentity", qos: 0 } } as const;
  const shared = flow({ source: "plant", destination: "default", dataSources: ["a/+", "a/b"], dataDestination: "b" });
  const declared = {
    ...aioBridge,
    customEndpoints,
    eventGridEndpoints,
    dataflows: { telemetry: flow(), shared },
    dataflowProfile: { instanceCount: 2 },
  };

  await deploy(() => new MqttBridge("oslo", declared));

  const texts = warn.mock.calls.map(([text]: [string]) => text);
  expect(texts.map((text) => text.replace(/:.*/, "")).sort()).toEqual([
    "customEndpoints.plant.audience",
    "dataflowProfile.instanceCount",
    "dataflows.shared.dataSources[1]",
    "eventGridEndpoints.cloud.qos",
    "eventGridEndpoints.cloud.retain",
  ]);
  expect(texts.filter((text) => text.includes("relay"))).toEqual([]);
});

/** A namespace of which nothing is declared here, so that nothing is missing in it. */
const existingHost = "contoso.westeurope-1.ts.eventgrid.azure.net:8883";

/** A declaration that fails because of one rule, the lines that it is refused with, and a neighbour that passes. */
type Case = [what: string, fails: Partial<MqttBridgeArgs>, lines: string[], passes: Partial<MqttBridgeArgs>];

const custom = { host: "b.example:8883" } as const;
const cloud = aioBridge.eventGridEndpoints!["cloud"]!;
const grid = aioBridge.eventGrid!;
const dataflows = (changed: Partial<DataflowArgs>) => ({ telemetry: flow(changed) });

const cases: Case[] = [
  [
    "aio-local-broker: neither end is AIO's broker",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "Anonymous" } },
      dataflows: dataflows({ source: "other" }),
    },
    [
      'dataflows.telemetry.engine: is AzureIoTOperations, and neither "other" nor "cloud" is AIO\'s own broker; let the relay run it, or take the messages through AIO\'s broker with two dataflows [aio-local-broker]',
    ],
    {
      customEndpoints: { other: { host: "aio-broker:1883", authenticationMethod: "Anonymous", tlsMode: "Disabled" } },
      dataflows: dataflows({ source: "other" }),
    },
  ],
  [
    "aio-instance: no instance",
    { instance: undefined as never },
    [
      'instance: is missing, and AIO\'s engine runs the dataflow "telemetry"; add it, or let the relay run the dataflow [aio-instance]',
    ],
    {},
  ],
  [
    "aio-instance: a custom location that is no resource ID, and an API version that is none",
    { instance: { ...instance, customLocationId: "oslo", laterApiVersion: "latest" } },
    [
      'instance.customLocationId: is "oslo", which is no resource ID of a custom location; give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ExtendedLocation/customLocations/<name>" [aio-instance]',
      'instance.laterApiVersion: is "latest", which is no API version; give one of Microsoft.IoTOperations, such as "2026-10-01" [aio-instance]',
    ],
    { instance: { ...instance, laterApiVersion: "2026-11-01-preview" } },
  ],
  [
    "aio-secure-settings: a user-assigned identity and no word of secure settings",
    { eventGridEndpoints: userAssigned, identity },
    [
      "eventGridEndpoints.cloud.authenticationMethod: is UserAssignedManagedIdentity, and nothing says that the AIO instance has secure settings; enable them and assign the identity (az iot ops identity assign), then set instance.secureSettings; or use SystemAssignedManagedIdentity [aio-secure-settings]",
    ],
    { eventGridEndpoints: userAssigned, identity, instance: { ...instance, secureSettings: true } },
  ],
  [
    "engine-method: a method that AIO's API lacks",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "AccessToken", secretRef: "token", username: "a" } },
      dataflows: dataflows({ destination: "other" }),
    },
    [
      'customEndpoints.other.authenticationMethod: is AccessToken, and AIO\'s engine, which runs the dataflow "telemetry" with this endpoint, does not have it; use another authenticationMethod, or let the relay run the dataflow [engine-method]',
    ],
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "X509Certificate", secretRef: "cert" } },
      dataflows: dataflows({ destination: "other" }),
    },
  ],
  [
    "engine-method: user name and password",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "UsernamePassword", secretRef: "login" } },
      dataflows: dataflows({ destination: "other" }),
    },
    ["customEndpoints.other.authenticationMethod: is UsernamePassword, and AIO's engine"],
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "UsernamePassword", secretRef: "login" } },
      dataflows: { ...dataflows({}), relayed: flow({ destination: "other", engine: "Relay" }) },
      relay,
    },
  ],
  [
    "engine-fields: settings of an endpoint that only the relay has",
    {
      eventGridEndpoints: {
        cloud: {
          host: existingHost,
          authenticationMethod: "X509Certificate",
          secretRef: "cert",
          username: "oslo",
          allowSharedSubscriptions: true,
          proxy: { url: "http://proxy.plant.example:3128" },
          retain: "Never",
        },
      },
    },
    [
      'eventGridEndpoints.cloud.username: is set, and AIO\'s engine, which runs the dataflow "telemetry" with this endpoint, does not have it; remove it, or give the relay an endpoint of its own [engine-fields]',
      "eventGridEndpoints.cloud.allowSharedSubscriptions: is set, and AIO's engine",
      'eventGridEndpoints.cloud.proxy: is set, and AIO\'s engine, which runs the dataflow "telemetry" with this endpoint, does not have it; remove it, or give the relay an endpoint of its own [engine-fields]',
    ],
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
    },
  ],
  [
    "engine-fields: a setting of a dataflow that only the relay has",
    { dataflows: dataflows({ undeliverableMessages: "Discard" }) },
    [
      'dataflows.telemetry.undeliverableMessages: is set, and AIO\'s engine, which runs this dataflow, does not have it; remove it, or set engine to "Relay" [engine-fields]',
    ],
    {
      dataflows: dataflows({ undeliverableMessages: "Discard", engine: "Relay" }),
      relay: { ...relay, useNodeIdentity: true },
    },
  ],
  [
    "engine-fields: settings of a dataflow that only AIO's engine has",
    {
      relay: { ...relay, useNodeIdentity: true },
      dataflows: dataflows({
        engine: "Relay",
        requestDiskPersistence: "Enabled",
        headers: [{ actionType: "Remove", key: "a" }],
        transformation: {
          datasets: [{ key: "a", inputs: ["b"] }],
          filter: [{ inputs: ["a"], expression: "$1" }],
          map: [{ inputs: ["*"], output: "*" }],
        },
      }),
    },
    ["headers", "transformation.datasets", "transformation.filter", "transformation.map"].map(
      (field) =>
        `dataflows.telemetry.${field}: is set, and the relay, which runs this dataflow, does not have it; remove it, or set engine to "AzureIoTOperations" [engine-fields]`,
    ),
    {
      dataflows: dataflows({
        requestDiskPersistence: "Enabled",
        headers: [{ actionType: "Remove", key: "a" }],
        transformation: {
          datasets: [{ key: "a", inputs: ["b"] }],
          filter: [{ inputs: ["a"], expression: "$1" }],
          map: [{ inputs: ["*"], output: "*" }],
        },
      }),
    },
  ],
  [
    "engine-fields: disk persistence of what another broker keeps",
    { dataflows: { commands: { ...down, requestDiskPersistence: "Enabled" } } },
    [
      'dataflows.commands.requestDiskPersistence: is Enabled, and the source "cloud" is not AIO\'s own broker, which alone keeps messages; remove it [engine-fields]',
    ],
    { dataflows: { commands: { ...down, requestDiskPersistence: "Disabled" } } },
  ],
  [
    "engine-fields: no relay for the relay's dataflows",
    { dataflows: { ...dataflows({}), commands: { ...down, engine: "Relay" } } },
    [
      "relay: is missing, and the relay runs dataflows; add it, or let AIO's engine run the dataflows [engine-fields]",
    ].concat(
      "eventGridEndpoints.cloud.authenticationMethod: is SystemAssignedManagedIdentity, and a relay's pod can't use",
    ),
    { dataflows: { ...dataflows({}), commands: down } },
  ],
  [
    "engine-fields: what a relay that isn't there would create",
    {
      relay: {
        ...relay,
        secrets: {},
        trustBundles: {},
        vault: { secrets: {} },
        status: { endpoint: "default", topic: "a" },
      },
    },
    ["secrets", "trustBundles", "vault", "status"].map(
      (field) =>
        `relay.${field}: is set, and AIO's engine runs all dataflows, so that there is no relay; remove it; create Secrets and ConfigMaps for AIO in its own namespace [engine-fields]`,
    ),
    { relay },
  ],
  [
    "aio-shared-subscription: several instances with Event Grid as source",
    { dataflowProfile: { instanceCount: 2 }, eventGrid: { ...grid, maximumClientSessionsPerAuthenticationName: 4 } },
    [
      'dataflowProfile.instanceCount: is 2, and the source "cloud" is Event Grid, so that AIO fails to start the dataflow; set it to 1, or, where AIO and the namespace support shared subscriptions, set dataflowProfile.allowSharedSubscriptions [aio-shared-subscription]',
    ],
    {
      dataflowProfile: { instanceCount: 2, allowSharedSubscriptions: true },
      eventGrid: { ...grid, maximumClientSessionsPerAuthenticationName: 4 },
    },
  ],
  [
    "aio-shared-subscription: a filter that is shared at Event Grid",
    { dataflows: { commands: { ...down, dataSources: ["$shared/group/sites/oslo/commands/+/+"] } } },
    ['dataflows.commands.dataSources[0]: is a shared subscription, and the source "cloud" is Event Grid; give'],
    {
      dataflows: dataflows({ dataSources: ["$shared/group/plant/+/telemetry/#"] }),
      dataflowProfile: { instanceCount: 2 },
    },
  ],
  [
    "aio-names: a name that Azure refuses",
    { dataflows: { up: flow() } },
    [
      'dataflows.up: is no name for a dataflow ("up"); name it with 3 to 63 lower-case letters, digits and "-", first and last no "-" [aio-names]',
    ],
    { dataflows: { ["u".repeat(63)]: flow() } },
  ],
  [
    "aio-names: two endpoints that would be one resource, and a name that is none",
    {
      eventGridEndpoints: { cloud: { ...cloud, endpointName: "default" }, other: { ...cloud, endpointName: "O" } },
    },
    [
      'eventGridEndpoints.cloud.endpointName: is "default", the name of the endpoint "default" too; rename one [aio-names]',
      'eventGridEndpoints.other.endpointName: is no name for an endpoint ("O");',
      'eventGridEndpoints.cloud.endpointName: is to be the endpoint "default", which AIO comes with and which can\'t be created again; set eventGridEndpoints.cloud.endpointName to another name [aio-existing]',
    ],
    { eventGridEndpoints: { cloud: { ...cloud, endpointName: "event-grid" } } },
  ],
  [
    "aio-profile: bounds and name",
    { dataflowProfile: { profileName: "Big", instanceCount: 0, prometheusPort: 65_536 } },
    [
      'dataflowProfile.profileName: is "Big", which is no name for a profile; name it with 3 to 63 lower-case letters, digits and "-", first and last no "-" [aio-profile]',
      "dataflowProfile.instanceCount: is 0; give a whole number from 1 to 20 instances [aio-profile]",
      "dataflowProfile.prometheusPort: is 65536; give a port from 0 to 65535 [aio-profile]",
    ],
    { dataflowProfile: { profileName: "big", instanceCount: 1, prometheusPort: 65_535 } },
  ],
  [
    "aio-profile: the one that AIO comes with, created again",
    { dataflowProfile: { profileName: "default" } },
    [
      'dataflowProfile.profileName: is "default", the profile that AIO comes with, which can\'t be created again; set existing to run with it as it is, or give another name [aio-profile]',
    ],
    { dataflowProfile: { profileName: "default", existing: true } },
  ],
  [
    "aio-profile: settings for one that is not created",
    { dataflowProfile: { profileName: "default", existing: true, logLevel: "debug" } },
    [
      'dataflowProfile.logLevel: is set, and the profile "default" exists already; remove it, or leave existing out and name a profile to create [aio-profile]',
    ],
    { dataflowProfile: { profileName: "default", existing: true, instanceCount: 1 } },
  ],
  [
    "aio-profile: one that nothing runs with",
    { dataflowProfile: {}, relay: { ...relay, useNodeIdentity: true }, dataflows: dataflows({ engine: "Relay" }) },
    [
      "dataflowProfile: is set, and AIO's engine runs no dataflow; remove it, or set the engine of a dataflow [aio-profile]",
    ],
    { dataflowProfile: {} },
  ],
  [
    "aio-headers: what an action needs",
    {
      dataflows: dataflows({
        headers: [
          { actionType: "AddOrReplace", key: "" },
          { actionType: "Remove", key: "a", value: "b" },
        ],
      }),
    },
    [
      "dataflows.telemetry.headers[0].key: is empty; name the header [aio-headers]",
      "dataflows.telemetry.headers[0].value: is missing, and AddOrReplace needs it; add it [aio-headers]",
      "dataflows.telemetry.headers[1].value: is set, and Remove takes none; remove it [aio-headers]",
    ],
    { dataflows: dataflows({ headers: [{ actionType: "AddOrReplace", key: "a", value: "" }] }) },
  ],
  [
    "aio-transformation: Azure's bounds",
    {
      dataflows: dataflows({
        transformation: {
          datasets: [
            { key: "k".repeat(65), inputs: ["a"] },
            { key: "k", inputs: [] },
          ],
          map: [{ inputs: ["*"], output: "*", description: "d".repeat(257) }],
        },
      }),
    },
    [
      "dataflows.telemetry.transformation.datasets: lists 2 datasets; give 1 at most [aio-transformation]",
      "dataflows.telemetry.transformation.datasets[0].key: is 65 characters long; give 1 to 64 characters [aio-transformation]",
      "dataflows.telemetry.transformation.datasets[1].inputs: lists no fields; name one at least [aio-transformation]",
      "dataflows.telemetry.transformation.map[0].description: is 257 characters long; give 1 to 256 characters [aio-transformation]",
    ],
    {
      dataflows: dataflows({
        transformation: {
          datasets: [{ key: "k".repeat(64), inputs: ["a"] }],
          map: [{ inputs: ["*"], output: "*", description: "d".repeat(256) }],
        },
      }),
    },
  ],
  [
    "aio-broker: what the platform says of AIO's broker",
    {
      instance: { ...instance, broker: { host: "my-broker:8885", audience: "mine", trustBundle: "my-ca" } },
      localEndpoints: { default: { adopt: defaultId } },
    },
    [
      'localEndpoints.default.host: is "aio-broker:18883", and AIO\'s broker listens at "my-broker:8885"; set it to "my-broker:8885", or correct what the platform tells (instance.broker) [aio-broker]',
      'localEndpoints.default.audience: is "aio-internal", and AIO\'s broker takes tokens for "mine"; set it to "mine", or correct what the platform tells (instance.broker) [aio-broker]',
      'localEndpoints.default.trustedCaCertificateConfigMapRef: is "azure-iot-operations-aio-ca-trust-bundle", and AIO\'s broker has its CA in "my-ca"; set it to "my-ca", or correct what the platform tells (instance.broker) [aio-broker]',
    ],
    {
      instance: { ...instance, broker: { host: "my-broker:8885", audience: "mine", trustBundle: "my-ca" } },
      localEndpoints: {
        default: {
          adopt: defaultId,
          host: "my-broker:8885",
          audience: "mine",
          trustedCaCertificateConfigMapRef: "my-ca",
        },
      },
    },
  ],
  [
    "aio-namespace: a Secret that is created with a relay in another namespace",
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
      localEndpoints: { default: { trustedCaCertificateConfigMapRef: "ca" } },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay" }) },
      relay: {
        ...relay,
        namespace: "relays",
        secrets: { cert: pair },
        trustBundles: { ca: certificate },
      },
    },
    [
      'eventGridEndpoints.cloud.secretRef: is created with the relay in the namespace "relays", and AIO\'s engine reads it in "azure-iot-operations"; run the relay in AIO\'s namespace, or give AIO\'s engine an endpoint of its own [aio-namespace]',
    ],
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
      localEndpoints: { default: {} },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay" }) },
      relay: { ...relay, secrets: { cert: pair } },
    },
  ],
  [
    "aio-namespace: a Secret that a relay in another namespace gets from a vault",
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
      localEndpoints: { default: { trustedCaCertificateConfigMapRef: "ca" } },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay" }) },
      relay: { ...relay, namespace: "relays", vault, trustBundles: { ca: certificate } },
    },
    [
      'eventGridEndpoints.cloud.secretRef: is created with the relay in the namespace "relays", and AIO\'s engine reads it in "azure-iot-operations"; run the relay in AIO\'s namespace, or give AIO\'s engine an endpoint of its own [aio-namespace]',
    ],
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
      localEndpoints: { default: {} },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay" }) },
      relay: { ...relay, vault },
    },
  ],
  [
    "aio-local-broker: the aio-broker of another cluster is not AIO's own",
    {
      customEndpoints: { other: { host: "aio-broker.bergen.example:18883", authenticationMethod: "Anonymous" } },
      dataflows: dataflows({ source: "other" }),
    },
    ['dataflows.telemetry.engine: is AzureIoTOperations, and neither "other" nor "cloud" is AIO\'s own broker; '],
    {
      customEndpoints: {
        other: { host: "aio-broker.azure-iot-operations.svc.cluster.local:18883", authenticationMethod: "Anonymous" },
      },
      dataflows: dataflows({ source: "other" }),
    },
  ],
  [
    "aio-secret-keys: a certificate under keys that only the relay reads",
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
      },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay" }) },
      relay: { ...relay, secrets: { cert: { type: "kubernetes.io/tls", ...pair } } },
    },
    [
      "relay.secrets.cert.type: is \"kubernetes.io/tls\", with the keys tls.crt and tls.key, and AIO's engine, which uses eventGridEndpoints.cloud, reads client_cert.pem and client_key.pem; remove it: the keys are then AIO's, and the relay reads them too [aio-secret-keys]",
    ],
    {
      eventGridEndpoints: {
        cloud: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "cert", retain: "Never" },
        far: { host: existingHost, authenticationMethod: "X509Certificate", secretRef: "tls", retain: "Never" },
      },
      dataflows: { telemetry: flow(), copy: flow({ engine: "Relay", destination: "far" }) },
      relay: {
        ...relay,
        secrets: {
          cert: pair,
          tls: { type: "kubernetes.io/tls", ...pair },
        },
      },
    },
  ],
  [
    "session-limit: a session for each end of AIO's dataflows and each instance of the profile, at Event Grid",
    { dataflowProfile: { instanceCount: 4 }, dataflows: dataflows({}) },
    [
      "eventGrid.maximumClientSessionsPerAuthenticationName: is 3 sessions, and the dataflows open 4 with SystemAssignedManagedIdentity of AIO's extension; set it to 4 or more, or run fewer dataflows or instances [session-limit]",
    ],
    { dataflowProfile: { instanceCount: 3 }, dataflows: dataflows({}) },
  ],
  [
    "session-limit: both engines together where they share an identity",
    {
      eventGridEndpoints: userAssigned,
      identity,
      instance: { ...instance, secureSettings: true },
      dataflowProfile: { instanceCount: 3 },
      dataflows: { telemetry: flow(), commands: { ...down, engine: "Relay" } },
      relay,
    },
    ["eventGrid.maximumClientSessionsPerAuthenticationName: is 3 sessions, and the dataflows open 4 with UserAssigned"],
    {
      eventGridEndpoints: userAssigned,
      identity,
      instance: { ...instance, secureSettings: true },
      dataflowProfile: { instanceCount: 2 },
      dataflows: { telemetry: flow(), commands: { ...down, engine: "Relay" } },
      relay,
    },
  ],
  [
    "endpoints, filters and topics of AIO's dataflows, as those of the relay's",
    {
      dataflows: dataflows({ source: "defualt", dataSources: ["plant/#/a"], dataDestination: "sites/oslo/plant/${x}" }),
    },
    [
      'dataflows.telemetry.source: names the endpoint "defualt", which does not exist; did you mean "default"?',
      'dataflows.telemetry.dataSources[0]: "plant/#/a"',
      "dataflows.telemetry.dataDestination:",
    ],
    {},
  ],
];

function declare(changed: Partial<MqttBridgeArgs>): MqttBridgeArgs {
  const all = Object.entries<unknown>({ ...aioBridge, ...changed });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as unknown as MqttBridgeArgs;
}

describe.each(cases)("%s", (_, fails, lines, passes) => {
  test("is refused", async () => {
    const deployment = deploy(() => new MqttBridge("oslo", declare(fails)));

    const text = await deployment.then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    const found = text.split("\n").slice(1);
    expect(found).toHaveLength(lines.length);
    expect(found).toEqual(expect.arrayContaining(lines.map((line) => expect.stringContaining(line) as string)));
  });

  test("is not found in a neighbour that is right", async () => {
    await expect(deploy(() => new MqttBridge("oslo", declare(passes)))).resolves.toBeDefined();
  });
});
