import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";
import { aioBridge } from "../aio/declaration.ts";
import { deploy } from "../mocks.ts";

const namespaceId =
  "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/contoso";
const host = "contoso.westeurope-1.ts.eventgrid.azure.net:8883";
const topicSpaces = {
  telemetry: { topicTemplates: ["sites/oslo/plant/#"] },
  commands: { topicTemplates: ["sites/oslo/commands/+/+"] },
  others: { topicTemplates: ["elsewhere/#"] },
};
const atNamespace = { roleScope: "Namespace" } as const;

/** A bridge whose endpoint in the cloud is at a namespace that exists, of which it says something. */
function atExisting(base: MqttBridgeArgs, namespace: object, change: object = {}): MqttBridgeArgs {
  const { eventGrid, ...without } = base;
  const args = withChange<MqttBridgeArgs>(without, { eventGridEndpoints: { cloud: { host } } });
  const central = { id: namespaceId, endpoints: ["cloud"], ...namespace };
  return withChange({ ...args, existingNamespaces: { central } }, change);
}

/** The role assignments of a bridge: name, and scope as the namespace's ID makes it. */
async function rolesOf(args: MqttBridgeArgs, preview = false) {
  const { resources } = await deploy(() => new MqttBridge("oslo", args), { preview });
  const roles = resources.filter(({ type }) => type === "azure-native:authorization:RoleAssignment");
  return roles.map(({ name, inputs }) => [name, String(inputs["scope"]).replace(namespaceId, "…")]);
}

async function refusalOf(args: MqttBridgeArgs): Promise<string[]> {
  const text = await deploy(() => new MqttBridge("oslo", args)).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  return text.split("\n").slice(1);
}

beforeEach(() => {
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
});

describe("at an existing namespace", () => {
  test("a user-assigned identity gets its roles at the topic spaces that the dataflows need", async () => {
    expect(await rolesOf(atExisting(baseDeclaration, { topicSpaces }))).toEqual([
      ["oslo-access-at-central-commands-subscriber", "…/topicSpaces/commands"],
      ["oslo-access-at-central-telemetry-publisher", "…/topicSpaces/telemetry"],
    ]);
  });

  test("a user-assigned identity gets them at the namespace when it is told to", async () => {
    expect(await rolesOf(atExisting(baseDeclaration, {}, { identity: atNamespace }))).toEqual([
      ["oslo-access-at-central-namespace-publisher", "…"],
      ["oslo-access-at-central-namespace-subscriber", "…"],
    ]);
  });

  test("AIO's extension gets them at topic spaces", async () => {
    expect(await rolesOf(atExisting(aioBridge, { topicSpaces }))).toEqual([
      ["oslo-aio-access-at-central-commands-subscriber", "…/topicSpaces/commands"],
      ["oslo-aio-access-at-central-telemetry-publisher", "…/topicSpaces/telemetry"],
    ]);
  });

  test("AIO's extension gets them at the namespace when it is told to", async () => {
    const instance = { extensionRoleScope: "Namespace" };

    expect(await rolesOf(atExisting(aioBridge, {}, { instance }))).toEqual([
      ["oslo-aio-access-at-central-namespace-publisher", "…"],
      ["oslo-aio-access-at-central-namespace-subscriber", "…"],
    ]);
  });

  test("nobody gets roles where it is not named", async () => {
    const { existingNamespaces, ...args } = atExisting(baseDeclaration, {});

    expect(await rolesOf(args)).toEqual([]);
  });

  test("each role is assigned once for two endpoints of one identity", async () => {
    const args = atExisting(baseDeclaration, { endpoints: ["cloud", "far"] }, { identity: atNamespace });
    const far = { eventGridEndpoints: { far: { host, retain: "Never" } }, dataflows: { commands: { source: "far" } } };

    expect((await rolesOf(withChange(args, far))).map(([name]) => name)).toEqual([
      "oslo-access-at-central-namespace-publisher",
      "oslo-access-at-central-namespace-subscriber",
    ]);
  });

  test("a preview shows the assignments before the namespace and the principal are known", async () => {
    const unknown = pulumi.output(pulumi.unknown as unknown as string);
    const args = atExisting(baseDeclaration, { id: unknown, topicSpaces });
    const declared = { ...args, identity: { ...args.identity!, principalId: unknown } };

    expect((await rolesOf(declared, true)).map(([name]) => name)).toEqual([
      "oslo-access-at-central-commands-subscriber",
      "oslo-access-at-central-telemetry-publisher",
    ]);
  });

  const other = { existingNamespaces: { other: { id: namespaceId.toUpperCase(), endpoints: ["far"] } } };
  const far = { eventGridEndpoints: { far: { host, retain: "Never" } } };
  const certificate = { authenticationMethod: "X509Certificate", secretRef: "c", username: "relay" };

  test.each<[string, MqttBridgeArgs, string]>([
    [
      "an endpoint of the bridge's own namespace",
      withChange(
        { ...baseDeclaration, existingNamespaces: { central: { id: namespaceId, endpoints: ["cloud"] } } },
        { identity: atNamespace },
      ),
      'existingNamespaces.central.endpoints[0]: is "cloud", which has no host, so that it is at the namespace which eventGrid creates; remove it, or give the endpoint the host of the existing namespace [existing-namespace]',
    ],
    [
      "an endpoint that does not exist",
      atExisting(baseDeclaration, { endpoints: ["cloud", "far"] }, { identity: atNamespace }),
      'existingNamespaces.central.endpoints[1]: names the endpoint "far", which does not exist at Event Grid; name one of eventGridEndpoints [existing-namespace]',
    ],
    [
      "no endpoints",
      atExisting(baseDeclaration, { endpoints: [] }),
      "existingNamespaces.central.endpoints: lists none; name the endpoints that are at it, or remove the namespace [existing-namespace]",
    ],
    [
      "what is no namespace",
      atExisting(baseDeclaration, { id: "contoso" }, { identity: atNamespace }),
      'existingNamespaces.central.id: is "contoso", which is no resource ID of an Event Grid namespace; give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.EventGrid/namespaces/<name>" [existing-namespace]',
    ],
    [
      "a host that is of another namespace",
      atExisting(baseDeclaration, { id: namespaceId.replace("contoso", "fabrikam") }, { identity: atNamespace }),
      'existingNamespaces.central.endpoints[0]: is "cloud", whose host is that of the namespace "contoso", and existingNamespaces.central.id is of "fabrikam"; correct the one that is wrong [existing-namespace]',
    ],
    [
      "one namespace under two names",
      withChange(withChange(atExisting(baseDeclaration, {}, { identity: atNamespace }), far), other),
      "existingNamespaces.other.id: is the same namespace as existingNamespaces.central; list the endpoints of both in one of them [existing-namespace]",
    ],
    [
      "roles at topic spaces of which none is named",
      atExisting(baseDeclaration, {}),
      'existingNamespaces.central.topicSpaces: is missing, and identity.roleScope is TopicSpace; name the topic spaces that the dataflows use, or set identity.roleScope to "Namespace" [existing-namespace]',
    ],
    [
      "the same of AIO's extension",
      atExisting(aioBridge, {}),
      'existingNamespaces.central.topicSpaces: is missing, and instance.extensionRoleScope is TopicSpace; name the topic spaces that the dataflows use, or set instance.extensionRoleScope to "Namespace" [existing-namespace]',
    ],
    [
      "roles for nobody",
      atExisting(baseDeclaration, { topicSpaces }, { identity: { principalId: undefined } }),
      'existingNamespaces.central.endpoints[0]: is "cloud", and identity.principalId, which would get its roles, is missing; add that, or remove it and leave the roles to others [existing-namespace]',
    ],
    [
      "roles for a certificate",
      atExisting(baseDeclaration, { topicSpaces }, { eventGridEndpoints: { cloud: certificate } }),
      'existingNamespaces.central.endpoints[0]: is "cloud", and an endpoint with X509Certificate gets no roles; remove it [existing-namespace]',
    ],
    [
      "roles for the identity of the nodes",
      atExisting(
        baseDeclaration,
        { topicSpaces },
        {
          eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } },
          relay: { useNodeIdentity: true },
        },
      ),
      'existingNamespaces.central.endpoints[0]: is "cloud", and AIO\'s engine does not use the endpoint, and the identity of the nodes gets no roles here; assign them with TopicSpaceAccess, and remove it [existing-namespace]',
    ],
    [
      "topics that are in none of the topic spaces",
      atExisting(baseDeclaration, { topicSpaces: { telemetry: topicSpaces.telemetry } }),
      'dataflows.commands.dataSources[0]: needs the topics "sites/oslo/commands/+/+", which no topic space has; add "sites/oslo/commands/+/+", or a topic template that takes it in, to existingNamespaces.central.topicSpaces [topic-coverage]',
    ],
    [
      "a topic template that is none",
      atExisting(baseDeclaration, { topicSpaces: { telemetry: { topicTemplates: [] }, any: {} } }),
      "existingNamespaces.central.topicSpaces.telemetry.topicTemplates: lists no topic templates; give 1 to 10 [topic-space]",
    ],
  ])("refuses %s", async (_, args, line) => {
    expect(await refusalOf(args)).toEqual([`  ${line}`]);
  });

  test("takes a custom domain, which does not tell the namespace", async () => {
    const change = { eventGridEndpoints: { cloud: { host: "mqtt.contoso.com:8883" } }, identity: atNamespace };

    expect(await rolesOf(atExisting(baseDeclaration, {}, change))).toHaveLength(2);
  });

  test("takes topic spaces whose topics are not known", async () => {
    const names = await rolesOf(atExisting(baseDeclaration, { topicSpaces: { all: {} } }));

    expect(names.map(([name]) => name)).toEqual([
      "oslo-access-at-central-all-publisher",
      "oslo-access-at-central-all-subscriber",
    ]);
  });
});

test("AIO's extension gets its roles at the whole namespace of the bridge when it is told to", async () => {
  const args = withChange(aioBridge, { instance: { extensionRoleScope: "Namespace" } });

  expect((await rolesOf(args)).map(([name]) => name)).toEqual([
    "oslo-aio-access-namespace-publisher",
    "oslo-aio-access-namespace-subscriber",
  ]);
});

test("an identity gets no roles for an endpoint that authenticates as another", async () => {
  const other = "00000000-0000-0000-0000-0000000000c2";
  const args = withChange(baseDeclaration, {
    eventGridEndpoints: { far: { clientId: other, retain: "Never" } },
    dataflows: { commands: { source: "far" } },
  });

  expect((await rolesOf(args)).map(([name]) => name)).toEqual(["oslo-access-telemetry-publisher"]);
});

test("a further identity gets the roles of the endpoints with its client ID, by text or by output", async () => {
  const text = "00000000-0000-0000-0000-0000000000c2";
  for (const clientId of [text, pulumi.output(text)]) {
    const args = withChange(baseDeclaration, {
      eventGridEndpoints: { far: { clientId, retain: "Never" } },
      dataflows: { commands: { source: "far" } },
    });
    const further = { clientId, tenantId: text, principalId: "far-principal", principalType: "Group" as const };

    const { resources } = await deploy(() => new MqttBridge("oslo", { ...args, furtherIdentities: { far: further } }));

    const roles = resources.filter(({ type }) => type === "azure-native:authorization:RoleAssignment");
    expect(roles.map(({ name, inputs }) => [name, inputs["principalId"], inputs["principalType"]])).toEqual([
      ["oslo-access-of-far-commands-subscriber", "far-principal", "Group"],
      ["oslo-access-telemetry-publisher", baseDeclaration.identity?.principalId, "ServicePrincipal"],
    ]);
  }
});
