import * as pulumi from "@pulumi/pulumi";

import { AioDataflows, CustomEndpoint, EventGridEndpoint, LocalEndpoint, MqttBridge } from "../../components/index.ts";
import type { AioDataflowsArgs, DataflowArgs } from "../../components/index.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { parseConfiguration } from "../../runtime/contract/documents/parse-configuration.ts";
import { aioBridge, instance, noteRegistrations, telemetry } from "./aio/declaration.ts";
import type { Registration } from "./aio/declaration.ts";
import { customLocationId, deploy, inventory, only, valueOf } from "./mocks.ts";

const profileType = "azure-native:iotoperations:DataflowProfile";
const dataflowType = "azure-native:iotoperations:Dataflow";
const endpointType = "azure-native:iotoperations:DataflowEndpoint";
const genericType = "azure-native:resources:Resource";
const credentialType = "azure-native:managedidentity:FederatedIdentityCredential";
const customResource = "kubernetes:connectivity.iotoperations.azure.com/v1";

const flow: DataflowArgs = { ...telemetry, dataSources: ["plant/+/telemetry/#"] };
const args: AioDataflowsArgs = {
  instance,
  endpoints: { default: "default", cloud: "cloud" },
  dataflows: { telemetry: flow },
};
const kubernetes = { ...instance, resourceApi: "Kubernetes" } as const;
const location = { name: customLocationId, type: "CustomLocation" };

const operations = [
  {
    operationType: "Source",
    sourceSettings: { endpointRef: "default", dataSources: ["plant/+/telemetry/#"], serializationFormat: "Json" },
  },
  {
    operationType: "Destination",
    destinationSettings: { endpointRef: "cloud", dataDestination: "sites/oslo/${inputTopic}" },
  },
];

const everything: DataflowArgs = {
  ...flow,
  requestDiskPersistence: "Enabled",
  headers: [
    { actionType: "AddIfNotPresent", key: "site", value: "oslo" },
    { actionType: "Remove", key: "secret" },
  ],
  schemaRef: "aio-sr://oslo/telemetry:1",
  transformation: {
    datasets: [{ key: "machines", inputs: ["$source.id", "$context(machines).id"], expression: "$1 == $2" }],
    filter: [{ inputs: ["temperature"], expression: "$1 > 20", description: "warm ones" }],
    map: [{ type: "Compute", inputs: ["temperature"], output: "fahrenheit", expression: "cToF($1)" }],
  },
};
const everyOperation = [
  operations[0],
  {
    operationType: "BuiltInTransformation",
    builtInTransformationSettings: {
      serializationFormat: "Json",
      schemaRef: "aio-sr://oslo/telemetry:1",
      datasets: [{ key: "machines", inputs: ["$source.id", "$context(machines).id"], expression: "$1 == $2" }],
      filter: [{ type: "Filter", inputs: ["temperature"], expression: "$1 > 20", description: "warm ones" }],
      map: [{ type: "Compute", inputs: ["temperature"], output: "fahrenheit", expression: "cToF($1)" }],
    },
  },
  {
    operationType: "Destination",
    destinationSettings: {
      endpointRef: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
      headers: [
        { actionType: "AddIfNotPresent", key: "site", value: "oslo" },
        { actionType: "Remove", key: "secret" },
      ],
    },
  },
];

describe("through Azure", () => {
  test("creates a profile and a dataflow of it, with every default explicit", async () => {
    const deployed = await deploy(() => new AioDataflows("oslo", args));

    expect(inventory(deployed)).toEqual([`${profileType} oslo-profile`, `${dataflowType} oslo-telemetry`]);
    const common = { resourceGroupName: "rg-edge", instanceName: "aio", extendedLocation: location };
    expect(only(deployed, profileType).inputs).toEqual({
      ...common,
      dataflowProfileName: "oslo",
      properties: {
        instanceCount: 1,
        diagnostics: { logs: { level: "info" }, metrics: { prometheusPort: 9600 } },
      },
    });
    expect(only(deployed, dataflowType).inputs).toEqual({
      ...common,
      dataflowProfileName: "oslo",
      dataflowName: "telemetry",
      properties: { mode: "Enabled", operations },
    });
  });

  test("writes the asset and the schema of the source, and the names of the operations", async () => {
    const dataflow: DataflowArgs = {
      ...flow,
      assetRef: "press-1",
      sourceSchemaRef: "aio-sr://oslo/press:1",
      schemaRef: "aio-sr://oslo/telemetry:1",
      operationNames: { source: "presses", transformation: "as JSON", destination: "cloud" },
    };

    const deployed = await deploy(() => new AioDataflows("oslo", { ...args, dataflows: { telemetry: dataflow } }));

    // Of the provider's own class: API version 2024-11-01 has them.
    expect(only(deployed, dataflowType).inputs["properties"]).toEqual({
      mode: "Enabled",
      operations: [
        {
          operationType: "Source",
          name: "presses",
          sourceSettings: {
            endpointRef: "default",
            dataSources: ["plant/+/telemetry/#"],
            assetRef: "press-1",
            schemaRef: "aio-sr://oslo/press:1",
            serializationFormat: "Json",
          },
        },
        {
          operationType: "BuiltInTransformation",
          name: "as JSON",
          builtInTransformationSettings: { serializationFormat: "Json", schemaRef: "aio-sr://oslo/telemetry:1" },
        },
        { ...operations[1], name: "cloud" },
      ],
    });
  });

  test("uses the generic resource, at a later API version, for just the dataflow that needs a field of it", async () => {
    const deployed = await deploy(
      () => new AioDataflows("oslo", { ...args, dataflows: { telemetry: everything, plain: flow } }),
    );

    expect(inventory(deployed)).toEqual([
      `${profileType} oslo-profile`,
      `${dataflowType} oslo-plain`,
      `${genericType} oslo-telemetry`,
    ]);
    expect(only(deployed, genericType).inputs).toEqual({
      apiVersion: "2026-10-01",
      resourceProviderNamespace: "Microsoft.IoTOperations",
      parentResourcePath: "instances/aio/dataflowProfiles/oslo",
      resourceType: "dataflows",
      resourceName: "telemetry",
      resourceGroupName: "rg-edge",
      extendedLocation: location,
      properties: { mode: "Enabled", requestDiskPersistence: "Enabled", operations: everyOperation },
    });
  });

  test.each<[string, Partial<DataflowArgs>]>([
    ["headers that are none", { headers: [] }],
    ["disk persistence that is not asked for", { requestDiskPersistence: "Disabled" }],
    ["a transformation", { transformation: everything.transformation! }],
  ])("needs no later API version for %s", async (_, changed) => {
    const deployed = await deploy(
      () => new AioDataflows("oslo", { ...args, dataflows: { telemetry: { ...flow, ...changed } } }),
    );

    const { properties } = only(deployed, dataflowType).inputs as { properties: { operations: object[] } };
    expect(properties).not.toHaveProperty("requestDiskPersistence");
    expect(JSON.stringify(properties)).not.toContain("headers");
  });

  test("takes the API version that the instance says", async () => {
    const deployed = await deploy(
      () =>
        new AioDataflows("oslo", {
          ...args,
          instance: { ...instance, laterApiVersion: "2025-10-01" },
          dataflows: { telemetry: everything },
        }),
    );

    expect(only(deployed, genericType).inputs["apiVersion"]).toBe("2025-10-01");
  });
});

describe("through Kubernetes", () => {
  test("creates the same as custom resources in AIO's namespace, where a dataflow names its profile", async () => {
    const deployed = await deploy(
      () => new AioDataflows("oslo", { ...args, instance: kubernetes, dataflows: { telemetry: everything } }),
    );

    expect(inventory(deployed)).toEqual([
      `${customResource}:DataflowProfile oslo-profile`,
      `${customResource}:Dataflow oslo-telemetry`,
    ]);
    expect(only(deployed, `${customResource}:Dataflow`).inputs).toEqual({
      apiVersion: "connectivity.iotoperations.azure.com/v1",
      kind: "Dataflow",
      metadata: { name: "telemetry", namespace: "azure-iot-operations" },
      spec: {
        profileRef: "oslo",
        mode: "Enabled",
        requestDiskPersistence: "Enabled",
        operations: everyOperation,
      },
    });
  });

  test("is in the namespace that the instance says", async () => {
    const deployed = await deploy(
      () => new AioDataflows("oslo", { ...args, instance: { ...kubernetes, namespace: "aio" } }),
    );

    expect(deployed.resources.map(({ inputs }) => inputs["metadata"])).toEqual([
      { name: "oslo", namespace: "aio" },
      { name: "telemetry", namespace: "aio" },
    ]);
  });

  test("writes what the relay's own parser reads, and just what the relay would be given", async () => {
    const customEndpoints = {
      archive: { host: "archive.example:8883", authenticationMethod: "Anonymous", clientIdPrefix: "oslo-" },
    } as const;
    const archive = { ...flow, destination: "archive", serializationFormat: "Json", mode: "Disabled" } as const;
    const declared = {
      ...aioBridge,
      customEndpoints,
      eventGridEndpoints: { cloud: { authenticationMethod: "UserAssignedManagedIdentity", retain: "Never" } } as const,
      identity: { clientId: id, tenantId: id },
    };
    const dataflows = { ...aioBridge.dataflows, archive };
    const { resources } = await deploy(
      () =>
        new MqttBridge("oslo", {
          ...declared,
          localEndpoints: { default: { adopt: "azure-iot-operations/default" } },
          dataflows,
          instance: { ...kubernetes, secureSettings: true },
        }),
    );
    const relayed = Object.fromEntries(
      Object.entries(dataflows).map(([name, { engine, ...dataflow }]) => [name, dataflow]),
    );
    const { result } = await deploy(
      () => new MqttBridge("oslo", { ...declared, dataflows: relayed, relay: { image: "relay:1" } }),
    );
    const items = resources.filter(({ type }) => type.startsWith(customResource)).map(({ inputs }) => inputs);

    const text = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const read = parseConfiguration([{ file: "test.json", text }], { where: "test.json" }).config;

    const { config } = parseRelayConfig((await valueOf(result.configText))!, { where: "test" });
    expect(items).toHaveLength(7);
    expect(read.endpoints).toEqual({
      ...config.endpoints,
      archive: {
        ...config.endpoints["archive"],
        mqttSettings: {
          ...config.endpoints["archive"]?.mqttSettings,
          authentication: { method: "Anonymous", anonymousSettings: {} },
        },
      },
    });
    expect(read.profile).toEqual(config.profile);
    expect(withoutSourceFormat(read.dataflows)).toEqual(config.dataflows);
  });
});

const id = "00000000-0000-0000-0000-0000000000c1";

/** AIO's default, which the relay never looks at. */
function withoutSourceFormat(dataflows: object): unknown {
  return JSON.parse(JSON.stringify(dataflows).replaceAll(/(\]),"serializationFormat":"Json"/g, "$1"));
}

describe("the profile", () => {
  test("has the settings that are given", async () => {
    const profile = { profileName: "many", instanceCount: 20, logLevel: "debug", prometheusPort: 0 } as const;

    const deployed = await deploy(() => new AioDataflows("oslo", { ...args, profile }));

    expect(only(deployed, profileType).inputs).toMatchObject({
      dataflowProfileName: "many",
      properties: { instanceCount: 20, diagnostics: { logs: { level: "debug" }, metrics: { prometheusPort: 0 } } },
    });
    expect(await valueOf(deployed.result.profileName)).toBe("many");
  });

  test("is not created where it exists already", async () => {
    const profile = { profileName: "default", existing: true };

    const deployed = await deploy(() => new AioDataflows("oslo", { ...args, profile }));

    expect(inventory(deployed)).toEqual([`${dataflowType} oslo-telemetry`]);
    expect(only(deployed, dataflowType).inputs["dataflowProfileName"]).toBe("default");
  });
});

describe("the order of things", () => {
  test.each([
    ["Azure", instance],
    ["Kubernetes", kubernetes],
  ] as const)("puts a dataflow after its own endpoints and its profile, through %s", async (_, api) => {
    const noted = await registrations(() => {
      const cloud = { host: "a.ts.eventgrid.azure.net:8883", clientIdPrefix: "oslo-", clientId: id, tenantId: id };
      const endpoints = {
        edge: new LocalEndpoint("edge", { instance: api }).endpointName,
        cloud: new EventGridEndpoint("cloud", { ...cloud, instance: api }).endpointName,
        other: new LocalEndpoint("other", { instance: api }).endpointName,
      };
      new AioDataflows("oslo", { instance: api, endpoints, dataflows: { telemetry: { ...flow, source: "edge" } } });
    });

    expect([...noted.get("oslo-telemetry")!.dependencies].sort()).toEqual([
      "cloud-endpoint",
      "edge-endpoint",
      "oslo-profile",
    ]);
  });

  test("is known in a preview, names and all", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", aioBridge), { preview: true });

    expect(deployed.resources.find(({ name }) => name === "oslo-aio-telemetry")?.inputs).toMatchObject({
      dataflowProfileName: "oslo-aio",
      properties: { operations },
    });
  });
});

describe("a replacement", () => {
  test("deletes first, since names are fixed, and follows the custom location, which no update changes", async () => {
    const noted = await registrations(
      () => new AioDataflows("oslo", { ...args, dataflows: { telemetry: everything } }),
    );

    for (const name of ["oslo-profile", "oslo-telemetry"]) {
      expect(noted.get(name)).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: ["extendedLocation"] });
    }
  });

  test("happens, and not a deletion beside a creation, when a dataflow starts or ceases to need the later API", async () => {
    const noted = await registrations(
      () => new AioDataflows("oslo", { ...args, dataflows: { later: everything, plain: flow } }),
    );

    expect(noted.get("oslo-later")?.aliasTypes).toContain(dataflowType);
    expect(noted.get("oslo-plain")?.aliasTypes).toContain(genericType);
  });
});

async function registrations(program: () => unknown): Promise<Map<string, Registration>> {
  const { result } = await deploy(() => {
    const noted = noteRegistrations();
    program();
    return noted;
  });
  return result;
}

describe("the identity", () => {
  const identity = {
    clientId: id,
    tenantId: id,
    resourceGroupName: "rg-id",
    identityName: "id-oslo",
    oidcIssuerUrl: "https://oidc.example/oslo",
  };
  const userAssigned = { cloud: { authenticationMethod: "UserAssignedManagedIdentity", retain: "Never" } } as const;
  const withIdentity = {
    ...aioBridge,
    identity,
    eventGridEndpoints: userAssigned,
    instance: { ...instance, secureSettings: true },
  };

  test("trusts the service account of AIO's dataflows", async () => {
    const deployed = await deploy(() => new MqttBridge("oslo", withIdentity));

    expect(only(deployed, credentialType)).toMatchObject({
      type: credentialType,
      name: "oslo-aio-fic",
      inputs: {
        resourceGroupName: "rg-id",
        resourceName: "id-oslo",
        issuer: "https://oidc.example/oslo",
        subject: "system:serviceaccount:azure-iot-operations:aio-dataflow",
        audiences: ["api://AzureADTokenExchange"],
      },
    });
  });

  test("trusts it in the namespace that AIO is in", async () => {
    const elsewhere = { ...withIdentity, instance: { ...withIdentity.instance, namespace: "aio" } };

    const deployed = await deploy(() => new MqttBridge("oslo", elsewhere));

    expect(only(deployed, credentialType).inputs["subject"]).toBe("system:serviceaccount:aio:aio-dataflow");
  });

  test("trusts nobody new when no endpoint of AIO's engine uses it, or its issuer is not given", async () => {
    const unused = await deploy(() => new MqttBridge("oslo", { ...aioBridge, identity }));
    const { oidcIssuerUrl, ...others } = identity;
    const withoutIssuer = await deploy(() => new MqttBridge("oslo", { ...withIdentity, identity: others }));

    expect(oidcIssuerUrl).toBeDefined();
    expect(inventory(unused).filter((resource) => resource.startsWith(credentialType))).toEqual([]);
    expect(inventory(withoutIssuer).filter((resource) => resource.startsWith(credentialType))).toEqual([]);
  });

  test("gets the relay's credential after AIO's, since Azure takes one at a time", async () => {
    const relayed = { ...flow, engine: "Relay", dataSources: ["plant/+/alarms"] } as const;
    const both = {
      ...withIdentity,
      dataflows: { ...aioBridge.dataflows, alarms: { ...relayed, dataSources: ["plant/+/alarms"] } },
      relay: { image: "relay:1" },
    };

    const noted = await registrations(() => new MqttBridge("oslo", both));

    expect(noted.get("oslo-relay-fic")?.dependencies).toContain("oslo-aio-fic");
  });
});

describe("endpoints", () => {
  test("of type Anonymous have empty settings in Kubernetes, and none in Azure", async () => {
    const custom = { host: "b.example:1883", authenticationMethod: "Anonymous", clientIdPrefix: "a-" } as const;

    const azure = await deploy(() => new CustomEndpoint("other", { ...custom, instance }));
    const cluster = await deploy(() => new CustomEndpoint("other", { ...custom, instance: kubernetes }));

    expect(only(azure, endpointType).inputs).toMatchObject({
      properties: { mqttSettings: { authentication: { method: "Anonymous" } } },
    });
    expect(JSON.stringify(only(azure, endpointType).inputs)).not.toContain("anonymousSettings");
    expect(only(cluster, `${customResource}:DataflowEndpoint`).inputs).toMatchObject({
      metadata: { name: "other", namespace: "azure-iot-operations" },
      spec: {
        endpointType: "Mqtt",
        mqttSettings: { authentication: { method: "Anonymous", anonymousSettings: {} } },
      },
    });
  });

  test("say which broker a custom domain is, by the generic resource", async () => {
    const cloud = { clientIdPrefix: "oslo-", clientId: id, tenantId: id, host: "mqtt.contoso.example:8883", instance };

    const deployed = await deploy(() => new EventGridEndpoint("cloud", cloud));

    expect(only(deployed, genericType).inputs).toEqual({
      apiVersion: "2026-10-01",
      resourceProviderNamespace: "Microsoft.IoTOperations",
      parentResourcePath: "instances/aio",
      resourceType: "dataflowEndpoints",
      resourceName: "cloud",
      resourceGroupName: "rg-edge",
      extendedLocation: location,
      properties: {
        endpointType: "Mqtt",
        hostType: "EventGrid",
        mqttSettings: expect.objectContaining({ host: "mqtt.contoso.example:8883", sessionExpirySeconds: 3600 }),
      },
    });
  });

  test("say so of a host that only the deployment tells too, where the kind of resource does not depend on it", async () => {
    const host = pulumi.output(Promise.resolve("mqtt.contoso.example:8883"));
    const cloud = { clientIdPrefix: "oslo-", clientId: id, tenantId: id, host };

    const cluster = await deploy(() => new EventGridEndpoint("cloud", { ...cloud, instance: kubernetes }));
    const azure = await deploy(() => new EventGridEndpoint("cloud", { ...cloud, instance }));

    expect(only(cluster, `${customResource}:DataflowEndpoint`).inputs).toMatchObject({
      spec: { hostType: "EventGrid" },
    });
    expect(only(azure, endpointType).inputs["properties"]).not.toHaveProperty("hostType");
  });

  test.each<[string, () => LocalEndpoint]>([
    ["the one that AIO comes with", () => new LocalEndpoint("oslo-default", { endpointName: "default", instance })],
    [
      "one that is said to exist",
      () => new LocalEndpoint("oslo-line", { endpointName: "line", instance, existing: true }),
    ],
  ])("are not created where they exist: %s", async (_, create) => {
    const deployed = await deploy(create);

    expect(inventory(deployed)).toEqual([]);
    expect(["default", "line"]).toContain(await valueOf(deployed.result.endpointName));
  });

  test("have dataflows refer to them by their own names", async () => {
    const declared = {
      ...aioBridge,
      eventGridEndpoints: { cloud: { ...aioBridge.eventGridEndpoints!["cloud"]!, endpointName: "event-grid" } },
    };

    const deployed = await deploy(() => new MqttBridge("oslo", declared));

    const { inputs } = deployed.resources.find(({ name }) => name === "oslo-aio-telemetry")!;
    expect(inputs).toMatchObject({
      properties: { operations: [{}, { destinationSettings: { endpointRef: "event-grid" } }] },
    });
  });
});

describe("refuses", () => {
  test.each<[string, Partial<AioDataflowsArgs>, string]>([
    [
      "a dataflow of the relay",
      { dataflows: { telemetry: { ...flow, engine: "Relay" } } },
      'dataflows.telemetry.engine: is Relay, and this is AIO\'s engine; set it to "AzureIoTOperations"',
    ],
    [
      "an endpoint that is not there",
      { endpoints: { default: "default" } },
      'dataflows.telemetry.destination: names the endpoint "cloud", which does not exist; add it to endpoints, or name another',
    ],
    [
      "a name that Azure refuses",
      { dataflows: { to: flow } },
      'dataflows.to: is no name for a dataflow ("to"); name it with 3 to 63 lower-case letters, digits and "-", first and last no "-" [aio-names]',
    ],
    [
      "a profile that Azure refuses",
      { profile: { instanceCount: 21 } },
      "profile.instanceCount: is 21; give a whole number from 1 to 20 instances [aio-profile]",
    ],
  ])("%s", async (_, changed, line) => {
    const deployment = deploy(() => new AioDataflows("oslo", { ...args, ...changed }));

    await expect(deployment).rejects.toMatchObject({ message: `oslo has 1 problem:\n  ${line}`, hideStack: true });
  });
});
