import * as pulumi from "@pulumi/pulumi";

import {
  EventGridBroker,
  EventGridEndpoint,
  LocalEndpoint,
  MqttBridge,
  Relay,
  TopicSpaceAccess,
} from "../../components/index.ts";
import { certificate } from "../../doc/checks/declaration.ts";
import { deploy } from "./mocks.ts";

/*
 * Runs in a process of its own, since jest takes every unhandled rejection for a failure of the test. Prints for each
 * case what Pulumi's own handler of such rejections would show.
 */

/** A value that only the deployment tells. */
function later<T extends string | number>(value: T) {
  return pulumi.output(Promise.resolve(value));
}

const locationId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo";
const pod = { image: "relay:1" };
const dataflow = { source: "edge", dataSources: ["a/#"], destination: "edge", dataDestination: "b" };

const vaultIdentity = {
  clientId: "c",
  tenantId: "t",
  resourceGroupName: "rg",
  identityName: "v",
  oidcIssuerUrl: "https://o",
};

const cases: { [name: string]: () => unknown } = {
  sessionLimit: () =>
    new EventGridBroker("oslo", {
      resourceGroupName: "rg",
      topicSpaces: {},
      maximumClientSessionsPerAuthenticationName: later(1),
    }),
  routing: () =>
    new EventGridBroker("oslo", {
      resourceGroupName: "rg",
      topicSpaces: {},
      routing: { topicResourceId: "/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns/topics/telemetry" },
    }),
  hiddenTopic: () =>
    new EventGridBroker("oslo", {
      resourceGroupName: "rg",
      namespaceName: "hidden",
      topicSpaces: {},
      topics: { telemetry: {} },
      routing: { topic: "telemetry" },
    }),
  unknownRole: () =>
    new EventGridBroker("oslo", {
      resourceGroupName: "rg",
      topicSpaces: {},
      roleAssignments: {
        reader: {
          roleDefinitionIdOrName: later("Event Grid Reader"),
          principalId: "00000000-0000-0000-0000-0000000000a1",
        },
      },
    }),
  endpoint: () =>
    new EventGridEndpoint("cloud", {
      host: later("cloud.ts.eventgrid.azure.net:1883"),
      clientId: later("no-uuid"),
      tenantId: "00000000-0000-0000-0000-000000000001",
      clientIdPrefix: "oslo-",
      keepAliveSeconds: later(2000),
    }),
  emptyPrefix: () =>
    new EventGridEndpoint("cloud", {
      host: "cloud.ts.eventgrid.azure.net:8883",
      clientId: "00000000-0000-0000-0000-000000000001",
      tenantId: "00000000-0000-0000-0000-000000000001",
      clientIdPrefix: later(""),
    }),
  relay: () => {
    const { config, port } = new LocalEndpoint("edge", {});
    return new Relay("oslo", {
      ...pod,
      endpoints: { edge: { config, port } },
      dataflows: { telemetry: { ...dataflow, destination: "cloud" } },
    });
  },
  certificate: () =>
    new Relay("oslo", {
      ...pod,
      endpoints: { edge: new LocalEndpoint("edge", {}) },
      dataflows: { telemetry: dataflow },
      secrets: { cert: { clientCertificate: certificate, clientKey: pulumi.secret(certificate) } },
      trustBundles: { ca: certificate },
    }),
  vault: () =>
    new Relay("oslo", {
      ...pod,
      endpoints: { edge: new LocalEndpoint("edge", {}) },
      dataflows: { telemetry: dataflow },
      vault: {
        secrets: { login: { username: later("no name"), password: pulumi.secret("hunter2") } },
        secretSync: { vaultName: later("https://kv-plants.vault.azure.net"), identity: vaultIdentity },
      },
    }),
  storeOfBridge: () =>
    new MqttBridge("oslo", {
      site: "oslo",
      localEndpoints: { edge: {} },
      dataflows: { telemetry: dataflow },
      relay: {
        ...pod,
        vault: {
          secrets: { login: { accessToken: later("plant/token") } },
          externalSecrets: { storeName: later("Plants") },
        },
      },
    }),
  certificateOfBridge: () =>
    new MqttBridge("oslo", {
      site: "oslo",
      eventGrid: {
        resourceGroupName: "rg",
        topicSpaces: {},
        x509: { caCertificates: { plant: { certificate: later("./plant-ca.pem") } } },
      },
      localEndpoints: { edge: {} },
      dataflows: { telemetry: dataflow },
      relay: { ...pod, trustBundles: { ca: later("./plant-ca.pem") } },
    }),
  customLocation: () =>
    new LocalEndpoint("edge", {
      instance: { resourceGroupName: "rg", instanceName: "aio", customLocationId: later("oslo") },
    }),
  aioBroker: () =>
    new LocalEndpoint("default", {
      instance: {
        resourceGroupName: "rg",
        instanceName: "aio",
        customLocationId: later("oslo"),
        broker: { host: later("aio-broker:8885"), audience: later("aio-internal"), trustBundle: later("ca") },
      },
    }),
  extension: () => {
    const topicSpaces = { everything: { topicTemplates: ["#"] } };
    return new MqttBridge("oslo", {
      site: "oslo",
      eventGrid: { resourceGroupName: "rg", topicSpaces },
      localEndpoints: { default: {} },
      eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity", retain: "Never" } },
      dataflows: { telemetry: { ...dataflow, engine: "AzureIoTOperations", source: "default", destination: "cloud" } },
      instance: {
        resourceGroupName: "rg",
        instanceName: "aio",
        resourceApi: "Kubernetes",
        customLocationId: later("oslo"),
      },
    });
  },
  notJson: () =>
    new Relay("oslo", {
      ...pod,
      endpoints: { edge: { config: later("edge"), port: 1883 } },
      dataflows: { telemetry: dataflow },
    }),
  twoOwners: () =>
    ["oslo", "bergen"].map((name) => {
      const customLocationId = later(locationId);
      return new LocalEndpoint(name, {
        endpointName: "edge",
        instance: { resourceGroupName: "rg", instanceName: "aio", customLocationId },
      });
    }),
  twoAssignments: () =>
    ["oslo", "bergen"].map(
      (name) =>
        new TopicSpaceAccess(name, {
          principalId: later("p"),
          topicSpaces: { telemetry: { id: `${locationId}/telemetry` } },
          publishedTopics: ["a"],
          subscribedTopics: [],
        }),
    ),
  scope: () =>
    new TopicSpaceAccess("oslo", {
      principalId: "p",
      topicSpaces: { telemetry: { id: later("telemetry") } },
      publishedTopics: ["a"],
      subscribedTopics: [],
    }),
  namespaceScope: () =>
    new TopicSpaceAccess("oslo", {
      principalId: "p",
      topicSpaces: {},
      namespaceId: later("ns"),
      publishedTopics: ["a"],
      subscribedTopics: [],
    }),
};

/** What Azure answers where components ask it something: errors have their text where gRPC has it. */
const invokes = {
  "azure-native:eventgrid:getNamespaceTopic": ({ namespaceName }: { [name: string]: unknown }) => {
    const details =
      namespaceName === "hidden"
        ? 'Status=403 Code="AuthorizationFailed"'
        : 'Status=404 Code="ParentResourceNotFound" Message="The namespace was not found."';
    throw Object.assign(new Error(details), { details });
  },
};

const shown: { [name: string]: { resource: string; text: string; hideStack: boolean }[] } = {};
let current = "";

process.on("unhandledRejection", (error: pulumi.ResourceError) => {
  const urn = error.resource as unknown as { __name?: string } | undefined;
  const text = error.message.replace(/^(error serializing property "\w+": )+/, "");
  const report = { resource: urn?.__name ?? "", text, hideStack: error.hideStack ?? false };
  const others = (shown[current] ??= []);
  if (!others.some((other) => JSON.stringify(other) === JSON.stringify(report))) others.push(report);
});

for (const [name, program] of Object.entries(cases)) {
  current = name;
  await deploy(program, { invokes });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
process.stdout.write(JSON.stringify(shown));
