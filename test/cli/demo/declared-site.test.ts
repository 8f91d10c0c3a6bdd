import { readDeclaredSite } from "../../../cli/demo/declared-site.ts";
import type { DeclaredResource } from "../../../cli/demo/evaluate-stack.ts";

const publisher =
  "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/a12b0b94-b317-4dcd-84a8-502ce99884c6";
const subscriber =
  "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/4b0f2fd7-60b4-4eca-896f-4435034f8bf5";
const reader =
  "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";

function resource(type: string, name: string, inputs: Record<string, unknown> = {}): DeclaredResource {
  return { type, name, id: `id of ${name}`, inputs };
}

function role(roleDefinitionId: string, scope: string): DeclaredResource {
  return resource("azure-native:authorization:RoleAssignment", "role", { principalId: "p", roleDefinitionId, scope });
}

const namespace = resource("azure-native:eventgrid:Namespace", "ns", {
  topicSpacesConfiguration: { maximumClientSessionsPerAuthenticationName: 5, maximumSessionExpiryInHours: 8 },
});
const telemetry = resource("azure-native:eventgrid:TopicSpace", "telemetry", { topicTemplates: ["sites/oslo/#"] });
const configMap = resource("kubernetes:core/v1:ConfigMap", "cfg", {
  metadata: { name: "relay-config" },
  data: { "config.json": '{"a":1}' },
});
const secret = resource("kubernetes:core/v1:Secret", "x509", { stringData: { "tls.key": "k" } });
const federated = resource("azure-native:managedidentity:FederatedIdentityCredential", "fic", {
  subject: "system:serviceaccount:plant:relay",
  audiences: ["api://AzureADTokenExchange"],
});
const volumes = [{ name: "config", configMap: { name: "relay-config" } }];
const volumeMounts = [{ name: "config", mountPath: "/etc/relay" }];

function statefulSet(args = ["run", "--config", "/etc/relay/config.json"], more: object = {}): DeclaredResource {
  return resource("kubernetes:apps/v1:StatefulSet", "set", {
    metadata: { namespace: "plant" },
    spec: {
      template: { spec: { serviceAccountName: "relay", volumes, containers: [{ args, volumeMounts }], ...more } },
    },
  });
}

const declared = [namespace, telemetry, configMap, secret, federated, statefulSet()];

test("reads what brokers, identity service and kubelet have to know", () => {
  expect(readDeclaredSite([...declared, role(publisher, telemetry.id)])).toEqual({
    configFile: "/etc/relay/config.json",
    configText: '{"a":1}',
    pod: { volumes, mounts: volumeMounts, namespace: "plant", serviceAccount: "relay" },
    configMaps: new Map([["relay-config", { "config.json": '{"a":1}' }]]),
    secrets: new Map([["x509", { "tls.key": "k" }]]),
    namespace: { maxSessions: 5, maxSessionExpiryHours: 8 },
    topicSpaces: [{ name: "telemetry", topicTemplates: ["sites/oslo/#"] }],
    roles: [{ principalId: "p", role: "publisher", topicSpace: "telemetry" }],
    federatedCredentials: [{ subject: "system:serviceaccount:plant:relay", audiences: ["api://AzureADTokenExchange"] }],
  });
});

test.each([
  [
    "Publisher at a topic space",
    publisher,
    telemetry.id,
    [{ principalId: "p", role: "publisher", topicSpace: "telemetry" }],
  ],
  [
    "Subscriber at a topic space",
    subscriber,
    telemetry.id,
    [{ principalId: "p", role: "subscriber", topicSpace: "telemetry" }],
  ],
  ["Publisher at the namespace: all of it", publisher, namespace.id, [{ principalId: "p", role: "publisher" }]],
  ["another role: nothing", reader, telemetry.id, []],
  ["Publisher at something else: nothing", publisher, "/subscriptions/s/resourceGroups/other", []],
])("a role assignment gives rights: %s", (_, definition, scope, roles) => {
  expect(readDeclaredSite([...declared, role(definition, scope)]).roles).toEqual(roles);
});

test("takes Event Grid's own defaults for what the namespace leaves open", () => {
  const bare = resource(namespace.type, "ns", { topicSpacesConfiguration: { state: "Enabled" } });

  const site = readDeclaredSite([bare, ...declared.filter((each) => each !== namespace)]);

  expect(site.namespace).toEqual({ maxSessions: 1, maxSessionExpiryHours: 1 });
});

test("without topic spaces, roles and credentials nobody gets any rights", () => {
  const site = readDeclaredSite([namespace, configMap, statefulSet()]);

  expect(site).toMatchObject({ topicSpaces: [], roles: [], federatedCredentials: [] });
});

const without = (type: string) => declared.filter((each) => !each.type.endsWith(type));

test.each([
  ["no relay", without(":StatefulSet"), "declares 0 of what the demo stands in for, a relay's StatefulSet"],
  ["two relays", [...declared, statefulSet()], "declares 2 of what the demo stands in for, a relay's StatefulSet"],
  ["no namespace", without(":Namespace"), "declares 0 of what the demo stands in for, an Event Grid namespace"],
  ["no ConfigMap", without(":ConfigMap"), 'mounts no ConfigMap with the relay\'s "/etc/relay/config.json"'],
  [
    "a configuration outside the mounts",
    [...without(":StatefulSet"), statefulSet(["run", "--config", "/elsewhere/config.json"])],
    'mounts no ConfigMap with the relay\'s "/elsewhere/config.json"',
  ],
])("refuses a program that declares %s", (_, resources, text) => {
  expect(() => readDeclaredSite(resources)).toThrow(`the stack: ${text}`);
});
