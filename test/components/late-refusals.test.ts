import { execFileSync } from "node:child_process";
import path from "node:path";

interface Refusal {
  readonly resource: string;
  readonly text: string;
  readonly hideStack: boolean;
}

let shown: Record<string, Refusal[]>;

beforeAll(() => {
  const program = path.join(import.meta.dirname, "late-refusals.program.ts");
  const output = execFileSync(process.execPath, ["--no-warnings", program], { encoding: "utf8" });
  shown = JSON.parse(output) as Record<string, Refusal[]>;
});

const refusals: [what: string, name: string, resource: string, lines: string[]][] = [
  [
    "a session limit",
    "sessionLimit",
    "oslo",
    [
      "oslo has 1 problem:",
      "  maximumClientSessionsPerAuthenticationName: is 1 sessions, and dataflows need at least 3 of Event Grid's 100; give a whole number from 3 to 100 [session-limit]",
    ],
  ],
  [
    "routing to a topic of the namespace that is not there yet",
    "routing",
    "oslo",
    [
      "oslo has 1 problem:",
      '  routing.topicResourceId: is "/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns/topics/telemetry", which does not exist, and a topic of the namespace itself is created after the namespace; deploy without routing, create the topic, then add routing; or declare it in topics and name it in routing.topic [namespace-routing]',
    ],
  ],
  [
    "routing to a topic of its own that nobody lets it read",
    "hiddenTopic",
    "oslo",
    [
      "oslo has 1 problem:",
      '  routing.topic: is "telemetry", and Azure does not tell whether it is there: Status=403 Code="AuthorizationFailed"; deploy as somebody who may read it, such as with the role Reader [namespace-routing]',
    ],
  ],
  [
    "a role of a name that no role has",
    "unknownRole",
    "oslo",
    [
      "oslo has 1 problem:",
      '  roleAssignments.reader.roleDefinitionIdOrName: is "Event Grid Reader", which is neither the name of a known role nor an ID; give the name of a role of Event Grid, such as "EventGrid Data Receiver", or the GUID of any other [namespace-roles]',
    ],
  ],
  [
    "the fields of an endpoint, by their own names",
    "endpoint",
    "cloud",
    [
      "cloud has 3 problems:",
      '  clientId: is "no-uuid"; give the UUID that Microsoft Entra shows for it',
      "  host: has port 1883, and Event Grid listens on 8883 for Mqtt; use port 8883",
      "  keepAliveSeconds: is 2000 s, outside what Event Grid takes; give 1 to 1160 s",
    ],
  ],
  [
    "an empty client identifier prefix",
    "emptyPrefix",
    "cloud",
    [
      "cloud has 1 problem:",
      '  clientIdPrefix: is empty, so a second site with the same dataflows would take over this one\'s sessions; give one that no other site has, such as "<site>-", or, where no other site has such dataflows there, set allowEmptyClientIdPrefix [client-id-prefix]',
    ],
  ],
  [
    "a secret key that is none",
    "certificate",
    "oslo",
    [
      "oslo has 1 problem:",
      "  secrets.cert.clientKey: is a certificate; give the private key of the client certificate in PEM format [certificates]",
    ],
  ],
  [
    "the rendered configuration of a relay, by the fields of its declaration",
    "relay",
    "oslo",
    [
      "oslo has 1 problem:",
      '  dataflows.telemetry.destination: names the endpoint "cloud", which does not exist; use one of "edge", or add it',
    ],
  ],
  [
    "a custom location that is no resource ID",
    "customLocation",
    "edge",
    [
      "edge has 1 problem:",
      '  instance.customLocationId: is "oslo", which is no resource ID of a custom location; give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ExtendedLocation/customLocations/<name>" [aio-instance]',
    ],
  ],
  [
    "a local endpoint that is not what the platform says of AIO's broker",
    "aioBroker",
    "default",
    [
      "default has 2 problems:",
      '  host: is "aio-broker:18883", and AIO\'s broker listens at "aio-broker:8885"; set it to "aio-broker:8885", or correct what the platform tells (instance.broker) [aio-broker]',
      '  trustedCaCertificateConfigMapRef: is "azure-iot-operations-aio-ca-trust-bundle", and AIO\'s broker has its CA in "ca"; set it to "ca", or correct what the platform tells (instance.broker) [aio-broker]',
    ],
  ],
  [
    "a custom location that leads to no identity of AIO's",
    "extension",
    "oslo",
    [
      "oslo has 1 problem:",
      '  instance.customLocationId: is "oslo", which is no resource ID of a custom location; give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ExtendedLocation/customLocations/<name>" [aio-instance]',
    ],
  ],
  [
    "an endpoint that is no JSON",
    "notJson",
    "oslo",
    ["oslo has 1 problem:", "  endpoints.edge.config: is not JSON; give the output config of an endpoint component"],
  ],
  [
    "an endpoint that another component creates on the same instance",
    "twoOwners",
    "bergen",
    [
      "bergen has 1 problem:",
      '  endpointName: creates the DataflowEndpoint "edge" of the same AIO instance, which LocalEndpoint "oslo" creates too (endpointName); give one of them another endpointName, or create it once and set existing where it is used besides [one-owner]',
    ],
  ],
  [
    "a role that another component assigns to the same principal",
    "twoAssignments",
    "bergen",
    [
      "bergen has 1 problem:",
      '  topicSpaces.telemetry.id: creates the assignment of EventGrid TopicSpaces Publisher to the same principal at the same topic space "telemetry", which TopicSpaceAccess "oslo" creates too (topicSpaces.telemetry.id); remove it here where the other assigns all that both need; else remove it in both, and declare one TopicSpaceAccess with the topics of both [one-owner]',
    ],
  ],
  [
    "a scope that no role can be assigned at",
    "scope",
    "oslo",
    [
      "oslo has 1 problem:",
      '  topicSpaces.telemetry.id: is "telemetry", which is no Azure resource ID; give the resource\'s ID, which begins with /subscriptions/',
    ],
  ],
  [
    "the ID of a namespace that is none",
    "namespaceScope",
    "oslo",
    [
      "oslo has 1 problem:",
      '  namespaceId: is "ns", which is no Azure resource ID; give the resource\'s ID, which begins with /subscriptions/',
    ],
  ],
];

test.each(refusals)("refuses, once it is known, %s", (_, name, resource, lines) => {
  expect(shown[name]).toEqual([{ resource, text: lines.join("\n"), hideStack: true }]);
});

test("refuses certificates of a bridge by the bridge's own arguments", () => {
  const problem = "is the path of a file, not its content";

  expect(shown["certificateOfBridge"]?.map(({ resource, text }) => [resource, text]).sort()).toEqual([
    [
      "oslo",
      `oslo has 1 problem:\n  eventGrid.x509.caCertificates.plant.certificate: ${problem}; give the one CA certificate that signed the clients' own [certificates]`,
    ],
    [
      "oslo",
      `oslo has 1 problem:\n  relay.trustBundles.ca: ${problem}; give the content of the CA certificates in PEM format [certificates]`,
    ],
  ]);
});

test("refuses a vault's names that the deployment tells, and what is the content itself, which nobody sees", () => {
  const found = shown["vault"]?.map(({ text }) => text).sort();

  expect(found).toEqual([
    'oslo has 1 problem:\n  vault.secretSync.vaultName: is "https://kv-plants.vault.azure.net", which is no name of a Key Vault; set it to "kv-plants" [vault]',
    [
      "oslo has 2 problems:",
      '  vault.secrets.login.username: is no name of a secret in Key Vault; give its name, of 1 to 127 letters, digits and "-" [vault]',
      "  vault.secrets.login.password: is a secret output, and the name of a secret is none: who reads the cluster's objects would see it; give the name that the vault has for it, or, where it is just that, pulumi.unsecret(...) of it [vault]",
    ].join("\n"),
  ]);
  expect(shown["storeOfBridge"]?.map(({ text }) => text)).toEqual([
    'oslo has 1 problem:\n  relay.vault.externalSecrets.storeName: is "Plants", which is no name for a store; name it with lower-case letters, digits, "-" and "." [vault]',
  ]);
});
