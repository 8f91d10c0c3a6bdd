import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";
import { deploy, valueOf } from "../mocks.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const other = "00000000-0000-0000-0000-0000000000c2";
const tenant = "00000000-0000-0000-0000-0000000000e1";
const broker = {
  host: "mqtt.example.com:8883",
  authenticationMethod: "UserAssignedManagedIdentity",
  scope: "api://mqtt.example.com/.default",
} as const;
const federation = "azure-native:managedidentity:FederatedIdentityCredential";
const { identity, ...withoutIdentity } = baseDeclaration;

/** The IDs that an endpoint of the relay authenticates with. */
async function idsOf(args: MqttBridgeArgs, endpoint: string) {
  const { result } = await deploy(() => new MqttBridge("oslo", args));
  const text = (await valueOf(result.configText)) ?? "";
  const { authentication } = parseRelayConfig(text, { where: "test" }).config.endpoints[endpoint]!.mqttSettings;
  if (authentication.method !== "UserAssignedManagedIdentity") throw new Error(`is ${authentication.method}`);
  const { clientId, tenantId } = authentication.userAssignedManagedIdentitySettings;
  return { clientId, tenantId };
}

/** A bridge whose telemetry goes to a custom broker. */
function toBroker(base: MqttBridgeArgs, endpoint: object): MqttBridgeArgs {
  const change = {
    customEndpoints: { archive: { ...broker, ...endpoint } },
    dataflows: { telemetry: { destination: "archive" } },
  };
  return withChange(base, change);
}

beforeEach(() => {
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
});

describe("a user-assigned identity is given once", () => {
  const certificate = { authenticationMethod: "X509Certificate", secretRef: "c", username: "relay" };
  const elsewhere = {
    eventGridEndpoints: { cloud: { ...certificate, host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883" } },
  };
  const { eventGrid, ...bare } = withoutIdentity;

  test("for a custom broker at the bridge", async () => {
    expect(await idsOf(toBroker(baseDeclaration, {}), "archive")).toEqual({ clientId: id, tenantId: tenant });
  });

  test("for a custom broker at the endpoint", async () => {
    const args = toBroker(withChange(bare, elsewhere), { clientId: other, tenantId: tenant });

    expect(await idsOf(args, "archive")).toEqual({ clientId: other, tenantId: tenant });
  });

  test("for Event Grid at the endpoint", async () => {
    const args = withChange(withoutIdentity, { eventGridEndpoints: { cloud: { clientId: other, tenantId: tenant } } });

    expect(await idsOf(args, "cloud")).toEqual({ clientId: other, tenantId: tenant });
  });

  test("for an endpoint with another client ID in the bridge's tenant", async () => {
    const args = withChange(baseDeclaration, { eventGridEndpoints: { cloud: { clientId: other } } });

    expect(await idsOf(args, "cloud")).toEqual({ clientId: other, tenantId: tenant });
  });

  test("or nowhere, which is refused", async () => {
    const deployment = deploy(() => new MqttBridge("oslo", toBroker(withChange(bare, elsewhere), {})));

    await expect(deployment).rejects.toThrow(
      "customEndpoints.archive.authenticationMethod: is UserAssignedManagedIdentity, and neither the endpoint nor the bridge has an identity; add identity, or clientId and tenantId at the endpoint, or use another authenticationMethod",
    );
  });

  test("or by half, which is refused", async () => {
    const args = withChange(withoutIdentity, { eventGridEndpoints: { cloud: { clientId: other } } });

    await expect(deploy(() => new MqttBridge("oslo", args))).rejects.toThrow(
      "oslo has 1 problem:\n  eventGridEndpoints.cloud.tenantId: is missing, and authentication method UserAssignedManagedIdentity needs it",
    );
  });
});

test("the relay's pods have workload identity for an endpoint's own IDs", async () => {
  const args = withChange(withoutIdentity, { eventGridEndpoints: { cloud: { clientId: other, tenantId: tenant } } });

  const { resources } = await deploy(() => new MqttBridge("oslo", args));

  const set = resources.find(({ type }) => type === "kubernetes:apps/v1:StatefulSet");
  expect(set?.inputs).toMatchObject({
    spec: { template: { metadata: { labels: { "azure.workload.identity/use": "true" } } } },
  });
});

describe("federated identity credentials", () => {
  const trusting = (identityName: string) => ({
    resourceGroupName: "rg",
    identityName,
    oidcIssuerUrl: "https://oidc.example",
  });
  const further = (clientId: string, identityName: string) => ({
    clientId,
    tenantId: tenant,
    ...trusting(identityName),
  });
  const engine = "AzureIoTOperations";
  const instance = {
    resourceGroupName: "rg",
    instanceName: "aio",
    customLocationId: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo",
    secureSettings: true,
  };

  async function credentialsOf(args: MqttBridgeArgs) {
    const { resources } = await deploy(() => new MqttBridge("oslo", args));
    const credentials = resources.filter(({ type }) => type === federation);
    return credentials.map(({ name, inputs }) => [name, inputs["resourceName"]]);
  }

  test("of the relay are made for each identity that an endpoint names", async () => {
    const args = toBroker(withChange(baseDeclaration, { identity: trusting("id-oslo") }), { clientId: other });

    expect(await credentialsOf({ ...args, furtherIdentities: { archive: further(other, "id-archive") } })).toEqual([
      ["oslo-relay-archive-fic", "id-archive"],
      ["oslo-relay-fic", "id-oslo"],
    ]);
  });

  test("are each engine's own", async () => {
    const args = withChange(baseDeclaration, {
      identity: trusting("id-oslo"),
      instance,
      eventGridEndpoints: { far: { clientId: other, retain: "Never" } },
      dataflows: { telemetry: { destination: "far", engine } },
    });

    expect(await credentialsOf({ ...args, furtherIdentities: { far: further(other, "id-far") } })).toEqual([
      ["oslo-aio-far-fic", "id-far"],
      ["oslo-relay-fic", "id-oslo"],
    ]);
  });

  test("need the identity's name", async () => {
    const { identityName, ...nameless } = further(other, "id-archive");
    const args = { ...toBroker(baseDeclaration, { clientId: other }), furtherIdentities: { archive: nameless } };

    await expect(deploy(() => new MqttBridge("oslo", args))).rejects.toThrow(
      "furtherIdentities.archive.identityName: is missing, and the federated identity credential needs it",
    );
  });
});
