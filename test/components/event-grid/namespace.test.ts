import * as pulumi from "@pulumi/pulumi";

import { buildGenericNamespace, buildNamespace } from "../../../components/event-grid/namespace.ts";
import type { EventGridBrokerArgs } from "../../../components/index.ts";
import { valueOf } from "../mocks.ts";

const identityId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mqtt";
const topicId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/topics/telemetry";
const namespaceTopicId =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns/topics/telemetry";

const minimal: EventGridBrokerArgs = { resourceGroupName: "rg", topicSpaces: {} };

const whole: EventGridBrokerArgs = {
  ...minimal,
  location: "norwayeast",
  namespaceName: "oslo-mqtt",
  tags: { site: "oslo" },
  capacity: 4,
  maximumClientSessionsPerAuthenticationName: 20,
  maximumSessionExpiryInHours: 8,
  publicNetworkAccess: "Enabled",
  inboundIpRules: ["203.0.113.0/24", "198.51.100.7"],
  isZoneRedundant: true,
  identity: { systemAssigned: true, userAssignedIdentityIds: [identityId] },
  customDomains: [
    { fullyQualifiedDomainName: "mqtt.contoso.com", certificateUrl: "https://v.vault.azure.net/certificates/a" },
    {
      fullyQualifiedDomainName: "mqtt.fabrikam.com",
      certificateUrl: "https://v.vault.azure.net/certificates/b",
      userAssignedIdentityId: identityId,
    },
  ],
  routing: {
    topicResourceId: topicId,
    userAssignedIdentityId: identityId,
    staticEnrichments: { site: "oslo" },
    dynamicEnrichments: { client: "${client.authenticationName}" },
  },
};

/** What `topicSpacesConfiguration` and the network come to, in either type of resource. */
const wholeConfiguration = {
  state: "Enabled",
  maximumClientSessionsPerAuthenticationName: 20,
  maximumSessionExpiryInHours: 8,
  customDomains: [
    {
      fullyQualifiedDomainName: "mqtt.contoso.com",
      certificateUrl: "https://v.vault.azure.net/certificates/a",
      identity: { type: "SystemAssigned" },
    },
    {
      fullyQualifiedDomainName: "mqtt.fabrikam.com",
      certificateUrl: "https://v.vault.azure.net/certificates/b",
      identity: { type: "UserAssigned", userAssignedIdentity: identityId },
    },
  ],
  routeTopicResourceId: topicId,
  routingIdentityInfo: { type: "UserAssigned", userAssignedIdentity: identityId },
  routingEnrichments: {
    static: [{ key: "site", value: "oslo", valueType: "String" }],
    dynamic: [{ key: "client", value: "${client.authenticationName}" }],
  },
};
const wholeNetwork = {
  isZoneRedundant: true,
  publicNetworkAccess: "Enabled",
  minimumTlsVersionAllowed: "1.2",
  inboundIpRules: [
    { ipMask: "203.0.113.0/24", action: "Allow" },
    { ipMask: "198.51.100.7", action: "Allow" },
  ],
};

const keep = (sessions: number) => sessions;

/** Built arguments with every output resolved. */
function resolved(args: object): Promise<unknown> {
  return valueOf(pulumi.output(args) as pulumi.Output<unknown>);
}

test("the provider's own resource carries every argument", async () => {
  expect(await resolved(buildNamespace(whole, keep))).toEqual({
    resourceGroupName: "rg",
    namespaceName: "oslo-mqtt",
    location: "norwayeast",
    tags: { site: "oslo" },
    sku: { name: "Standard", capacity: 4 },
    identity: { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { [identityId]: {} } },
    ...wholeNetwork,
    topicSpacesConfiguration: wholeConfiguration,
  });
});

test("the generic resource carries every argument by its ARM name, and the authentication name sources", async () => {
  const args = buildGenericNamespace(
    { ...whole, authenticationNameSources: ["ClientCertificateSubject", "ClientCertificateDns"] },
    keep,
  );

  expect(JSON.parse(JSON.stringify(await resolved(args)))).toEqual({
    apiVersion: "2025-04-01-preview",
    resourceProviderNamespace: "Microsoft.EventGrid",
    parentResourcePath: "",
    resourceType: "namespaces",
    resourceName: "oslo-mqtt",
    resourceGroupName: "rg",
    location: "norwayeast",
    tags: { site: "oslo" },
    sku: { name: "Standard", capacity: 4 },
    // The provider makes ARM's object of this list.
    identity: { type: "SystemAssigned, UserAssigned", userAssignedIdentities: [identityId] },
    properties: {
      ...wholeNetwork,
      topicSpacesConfiguration: {
        ...wholeConfiguration,
        clientAuthentication: {
          alternativeAuthenticationNameSources: ["ClientCertificateSubject", "ClientCertificateDns"],
        },
      },
    },
  });
});

test("nothing is sent of what is not given", async () => {
  expect(Object.keys((await resolved(buildNamespace(minimal, keep))) as object).sort()).toEqual([
    "minimumTlsVersionAllowed",
    "publicNetworkAccess",
    "resourceGroupName",
    "sku",
    "topicSpacesConfiguration",
  ]);
});

test("a namespace has 1 unit, 3 sessions of a name and 1 h where nothing is said", async () => {
  expect(await resolved(buildNamespace(minimal, keep))).toMatchObject({
    sku: { name: "Standard", capacity: 1 },
    topicSpacesConfiguration: { maximumClientSessionsPerAuthenticationName: 3, maximumSessionExpiryInHours: 1 },
  });
});

test("an output of the sessions is checked as soon as it is known", async () => {
  const args = { ...minimal, maximumClientSessionsPerAuthenticationName: pulumi.output(2) };
  const checkSessions = (sessions: number) => sessions + 40;

  expect(await resolved(buildNamespace(args, checkSessions))).toMatchObject({
    topicSpacesConfiguration: { maximumClientSessionsPerAuthenticationName: 42 },
  });
});

test.each([
  [{}, { type: "None" }],
  [{ systemAssigned: true }, { type: "SystemAssigned" }],
  [{ systemAssigned: false }, { type: "None" }],
  [{ userAssignedIdentityIds: ["a"] }, { type: "UserAssigned", userAssignedIdentities: { a: {} } }],
  [
    { systemAssigned: true, userAssignedIdentityIds: ["a", "b"] },
    { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { a: {}, b: {} } },
  ],
])("of identity %j Azure is told %j", async (identity, expected) => {
  expect(await resolved(buildNamespace({ ...minimal, identity }, keep))).toMatchObject({ identity: expected });
});

test.each([
  ["with the namespace's own identity", { identity: { systemAssigned: true } }, topicId, "SystemAssigned"],
  ["to a topic of the namespace with none", {}, namespaceTopicId, "None"],
  [
    "to a topic of the namespace with none, though there is one",
    { identity: { systemAssigned: true } },
    namespaceTopicId,
    "None",
  ],
  [
    "to a topic that is not known yet with what it takes",
    { identity: { systemAssigned: true } },
    pulumi.output(namespaceTopicId),
    "None",
  ],
])("routes %s", async (_, changed, topicResourceId, type) => {
  const built = await resolved(buildNamespace({ ...minimal, ...changed, routing: { topicResourceId } }, keep));

  expect((built as { topicSpacesConfiguration: unknown }).topicSpacesConfiguration).toEqual({
    state: "Enabled",
    maximumClientSessionsPerAuthenticationName: 3,
    maximumSessionExpiryInHours: 1,
    routeTopicResourceId: await valueOf(pulumi.output(topicResourceId)),
    routingIdentityInfo: { type },
  });
});
