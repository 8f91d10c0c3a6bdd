import { findExtensionIdentity } from "../../../components/aio/extension-identity.ts";
import type { AzureReads } from "../../../components/aio/extension-identity.ts";
import { MqttBridge } from "../../../components/index.ts";
import { customLocationId, deploy } from "../mocks.ts";
import type { Invokes } from "../mocks.ts";
import { aioBridge } from "./declaration.ts";

const cluster =
  "/subscriptions/s/resourceGroups/rg-cluster/providers/Microsoft.Kubernetes/connectedClusters/oslo-cluster";
const platform = {
  name: "platform",
  extensionType: "microsoft.iotoperations.platform",
  identity: { principalId: "wrong" },
};
const aio = { name: "aio", extensionType: "Microsoft.IoTOperations", identity: { principalId: "aio-principal" } };

type Extension = Awaited<ReturnType<AzureReads["getExtension"]>>;

/** Azure with a cluster that has some extensions, and what it is asked. */
function azure(extensions: readonly Extension[], hostResourceId = cluster) {
  const asked: object[] = [];
  const reads: AzureReads = {
    getCustomLocation: async (args) => {
      asked.push(args);
      const clusterExtensionIds = extensions.map(
        ({ name }) => `${hostResourceId}/providers/Microsoft.KubernetesConfiguration/extensions/${name}`,
      );
      return { hostResourceId, clusterExtensionIds };
    },
    getExtension: async (args) => {
      asked.push(args);
      return extensions.find(({ name }) => name === args.extensionName)!;
    },
  };
  return { asked, reads };
}

test("finds the identity of AIO's extension from the custom location over its cluster", async () => {
  const { asked, reads } = azure([platform, aio]);

  const found = await findExtensionIdentity("location", customLocationId, reads);

  expect(found).toEqual({ principalId: "aio-principal", problems: [] });
  expect(asked).toEqual([
    { resourceGroupName: "rg", resourceName: "oslo" },
    ...["platform", "aio"].map((extensionName) => ({
      resourceGroupName: "rg-cluster",
      clusterRp: "Microsoft.Kubernetes",
      clusterResourceName: "connectedClusters",
      clusterName: "oslo-cluster",
      extensionName,
    })),
  ]);
});

test("asks an AKS cluster's own provider", async () => {
  const { asked, reads } = azure(
    [aio],
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/oslo",
  );

  await findExtensionIdentity("location", customLocationId, reads);

  expect(asked[1]).toMatchObject({
    clusterRp: "Microsoft.ContainerService",
    clusterResourceName: "managedClusters",
    clusterName: "oslo",
  });
});

const remedy = "correct it, or give the identity's object ID as instance.extensionPrincipalId";

test.each<[string, AzureReads, string]>([
  [
    "a custom location without AIO's extension",
    azure([platform]).reads,
    `is "${customLocationId}", on the cluster "${cluster}", and has no extension of type microsoft.iotoperations`,
  ],
  [
    "an extension without an identity",
    azure([{ name: "aio", extensionType: "microsoft.iotoperations" }]).reads,
    'leads to the extension "aio", which has no system-assigned identity',
  ],
  [
    "a host that is no cluster",
    azure([aio], "/subscriptions/s/oslo").reads,
    `is "${customLocationId}", on the cluster "/subscriptions/s/oslo", and has no extension of type microsoft.iotoperations`,
  ],
])("says of %s what is wrong with it", async (_, reads, problem) => {
  expect(await findExtensionIdentity("location", customLocationId, reads)).toEqual({
    problems: [{ path: "location", problem, remedy, rule: "aio-instance" }],
  });
});

describe("an answer that Azure does not give", () => {
  const removed = "/subscriptions/s/resourceGroups/rg-cluster/providers/Microsoft.Kubernetes/connectedClusters/oslo";

  test("for the custom location leads to the object ID as argument", async () => {
    const { reads } = azure([aio]);
    const getCustomLocation = () => Promise.reject(new Error('Status=404 Code="ResourceNotFound"\n  at stack'));

    expect(await findExtensionIdentity("location", customLocationId, { ...reads, getCustomLocation })).toEqual({
      problems: [
        {
          path: "location",
          problem: `is "${customLocationId}", and Azure does not tell the identity of AIO's extension there: Status=404 Code="ResourceNotFound"`,
          remedy,
          rule: "aio-instance",
        },
      ],
    });
  });

  /** Azure, which does not have the extension of this name any more. */
  const without = (name: string) => {
    const { reads } = azure([platform, aio], removed);
    const getExtension: AzureReads["getExtension"] = (args) =>
      args.extensionName === name ? Promise.reject(new Error("Status=404")) : reads.getExtension(args);
    return { ...reads, getExtension };
  };

  test("for AIO's extension leads there too", async () => {
    const { problems } = await findExtensionIdentity("location", customLocationId, without("aio"));

    expect(problems).toMatchObject([
      {
        problem: `is "${customLocationId}", on the cluster "${removed}", and Azure does not tell the identity of AIO's extension there: Status=404`,
        remedy,
      },
    ]);
  });

  test("for another extension is of no interest", async () => {
    expect(await findExtensionIdentity("location", customLocationId, without("platform"))).toEqual({
      principalId: "aio-principal",
      problems: [],
    });
  });
});

test("asks nothing about what is no custom location", async () => {
  const { asked, reads } = azure([aio]);

  const { problems } = await findExtensionIdentity("location", "/subscriptions/s/oslo", reads);

  expect(problems).toMatchObject([{ path: "location", rule: "aio-instance" }]);
  expect(asked).toEqual([]);
});

/** The same as a program's invokes. */
const invokes: Invokes = {
  "azure-native:extendedlocation:getCustomLocation": () => ({
    hostResourceId: cluster,
    clusterExtensionIds: [`${cluster}/providers/Microsoft.KubernetesConfiguration/extensions/aio`],
  }),
  "azure-native:kubernetesconfiguration:getExtension": () => aio,
};

describe("a bridge", () => {
  const { extensionPrincipalId, ...unknownIdentity } = aioBridge.instance!;
  const assignment = "azure-native:authorization:RoleAssignment";

  test("gives the identity that it finds the roles that AIO's dataflows call for", async () => {
    const { resources } = await deploy(() => new MqttBridge("oslo", { ...aioBridge, instance: unknownIdentity }), {
      invokes,
    });

    const roles = resources.filter(({ type }) => type === assignment);
    expect(roles.map(({ name, inputs }) => [name, inputs["principalId"]])).toEqual([
      ["oslo-aio-access-commands-subscriber", "aio-principal"],
      ["oslo-aio-access-telemetry-publisher", "aio-principal"],
    ]);
  });

  test("looks nothing up where the identity is given", async () => {
    const { resources } = await deploy(() => new MqttBridge("oslo", aioBridge));

    expect(extensionPrincipalId).toBe("aio-principal");
    expect(resources.filter(({ type }) => type === assignment)).toHaveLength(2);
  });

  test("looks nothing up, and grants AIO nothing, where the relay runs the dataflows", async () => {
    const relayed = Object.fromEntries(
      Object.entries(aioBridge.dataflows).map(([name, { engine, ...dataflow }]) => [name, dataflow]),
    );
    const declared = { ...aioBridge, dataflows: relayed, relay: { image: "relay:1", useNodeIdentity: true } };
    const asked: string[] = [];
    const noted = Object.fromEntries(
      Object.entries(invokes).map(([token, invoke]) => [
        token,
        (args: Record<string, unknown>) => {
          asked.push(token);
          return invoke(args);
        },
      ]),
    );

    const { resources } = await deploy(() => new MqttBridge("oslo", { ...declared, instance: unknownIdentity }), {
      invokes: noted,
    });

    expect(asked).toEqual([]);
    expect(resources.filter(({ type }) => type === assignment)).toEqual([]);
  });
});
