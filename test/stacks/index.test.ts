import * as pulumi from "@pulumi/pulumi";

import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { buildPolicy } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import {
  asAzureNames,
  customLocationId,
  deploy,
  inventory,
  mqttHostname,
  only,
  setStackOutputs,
  valueOf,
} from "../components/mocks.ts";
import type { Deployed } from "../components/mocks.ts";
import { stackConfig } from "./program.ts";

interface Outputs {
  readonly hostname: pulumi.Output<string>;
  readonly topicSpaceIds: Record<string, pulumi.Output<string>>;
}

/** Runs the program of a stack as it stands in its files. */
async function run(stack: string): Promise<Deployed<Outputs>> {
  pulumi.runtime.setAllConfig(stackConfig(stack));
  return deploy(
    () => {
      let outputs: Outputs | undefined;
      // A program runs when it is loaded, so each test loads its own.
      jest.isolateModules(() => {
        jest.doMock("@pulumi/pulumi", () => pulumi);
        outputs = jest.requireActual<Outputs>("../../stacks/index.ts");
      });
      return outputs!;
    },
    { project: "mqtt-dataflow", stack },
  );
}

beforeEach(() => {
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
});

const platform = {
  namespace: "azure-iot-operations",
  aioResourceGroupName: "rg-oslo",
  aioInstanceName: "aio",
  customLocationId,
  identityResourceGroupName: "rg-oslo",
  identityName: "id-oslo",
  identityClientId: "00000000-0000-0000-0000-0000000000c2",
  identityTenantId: "00000000-0000-0000-0000-0000000000e2",
  identityPrincipalId: "00000000-0000-0000-0000-0000000000a2",
  oidcIssuerUrl: "https://oidc.example/oslo",
  brokerHost: "aio-broker:18883",
  brokerAudience: "aio-internal",
  brokerTrustBundle: "azure-iot-operations-aio-ca-trust-bundle",
};

test("the dev stack deploys one site", async () => {
  const deployed = await run("dev");

  expect(inventory(deployed)).toEqual([
    "azure-native:authorization:RoleAssignment oslo-access-alarms-publisher",
    "azure-native:authorization:RoleAssignment oslo-access-commands-subscriber",
    "azure-native:authorization:RoleAssignment oslo-access-telemetry-publisher",
    "azure-native:eventgrid:Namespace oslo-broker-ns",
    "azure-native:eventgrid:TopicSpace oslo-broker-alarms",
    "azure-native:eventgrid:TopicSpace oslo-broker-commands",
    "azure-native:eventgrid:TopicSpace oslo-broker-telemetry",
    "azure-native:iotoperations:DataflowEndpoint oslo-cloud-endpoint",
    "azure-native:iotoperations:DataflowEndpoint oslo-edge-endpoint",
    "azure-native:managedidentity:FederatedIdentityCredential oslo-relay-fic",
    "kubernetes:apps/v1:StatefulSet oslo-relay-set",
    "kubernetes:core/v1:ConfigMap oslo-relay-cfg",
    "kubernetes:core/v1:PersistentVolumeClaimPatch oslo-relay-spool-0",
    "kubernetes:core/v1:ServiceAccount oslo-relay-sa",
    "kubernetes:core/v1:Service oslo-relay-svc",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy oslo-relay-net",
    "pulumi:providers:kubernetes oslo-cluster",
  ]);
});

test("the cluster's provider changes ConfigMaps and Secrets in place", async () => {
  const deployed = await run("dev");

  expect(only(deployed, "pulumi:providers:kubernetes").inputs).toMatchObject({
    enableConfigMapMutable: "true",
    enableSecretMutable: "true",
  });
});

test("the cluster's provider takes another address for the same cluster, and no path of this machine into the state", async () => {
  const before = process.env["KUBECONFIG"];
  process.env["KUBECONFIG"] = "/home/somebody/.kube/config";

  const deployed = await run("dev");

  if (before === undefined) delete process.env["KUBECONFIG"];
  else process.env["KUBECONFIG"] = before;
  expect(only(deployed, "pulumi:providers:kubernetes").inputs).toMatchObject({
    clusterIdentifier: "oslo",
    kubeconfig: "",
  });
});

test("the dev stack's relay reads its configuration without a warning, since it says that retained alarms are meant", async () => {
  const deployed = await run("dev");
  const { "config.json": text } = only(deployed, "kubernetes:core/v1:ConfigMap").inputs["data"] as Record<
    string,
    string
  >;

  const { config, warnings } = parseRelayConfig(text!, { where: "test" });

  expect(warnings).toEqual([]);
  expect(Object.keys(config.dataflows)).toEqual(["alarms", "commands", "telemetry"]);
  expect(config.endpoints["cloud"]?.mqttSettings).toMatchObject({
    host: `${mqttHostname}:8883`,
    cloudEventAttributes: "CreateOrRemap",
    clientIdPrefix: "oslo-",
  });
  expect(await valueOf(deployed.result.hostname)).toBe(mqttHostname);
});

test("the prod stack breaks no rule of the policy pack: its namespace has a private endpoint, and no public one", async () => {
  setStackOutputs(platform);
  const { resources } = await run("prod");
  const policies = rules.map(buildPolicy);
  const violations: string[] = [];
  for (const { type, inputs } of resources) {
    const props = asAzureNames(inputs);
    const resource = { type, props, urn: `urn:pulumi:prod::mqtt-dataflow::${type}::any`, getConfig: () => ({}) };
    for (const { validateResource } of policies)
      await (validateResource as (args: object, report: (text: string) => void) => unknown)(resource, (text) => {
        violations.push(`${type}: ${text}`);
      });
  }

  expect(violations).toEqual([]);
  expect(resources.map(({ type }) => type)).toContain("azure-native:network:PrivateEndpoint");
});

test("the prod stack takes its platform's facts from the platform team's stack", async () => {
  setStackOutputs(platform);

  const deployed = await run("prod");

  expect(deployed.resources.find(({ type }) => type === "pulumi:pulumi:StackReference")?.name).toBe(
    "contoso/edge-platform/oslo",
  );
  expect(only(deployed, "azure-native:managedidentity:FederatedIdentityCredential").inputs).toMatchObject({
    resourceName: "id-oslo",
    issuer: "https://oidc.example/oslo",
    subject: "system:serviceaccount:azure-iot-operations:oslo-relay-sa-0a1b2c3d",
  });
  const { "config.json": text = "" } = only(deployed, "kubernetes:core/v1:ConfigMap").inputs["data"] as Record<
    string,
    string
  >;
  const { config } = parseRelayConfig(text, { where: "test" });
  expect(config.endpoints["cloud"]?.mqttSettings.authentication).toMatchObject({
    userAssignedManagedIdentitySettings: { clientId: platform.identityClientId },
  });
});

test("nothing else that the platform's stack keeps secret makes the configuration secret", async () => {
  setStackOutputs({ ...platform, kubeconfig: pulumi.secret("hunter2") });

  const { data } = only(await run("prod"), "kubernetes:core/v1:ConfigMap").inputs;

  // What is secret reaches the mocks as an object with a mark.
  expect(data).toEqual({ "config.json": expect.any(String) });
});
