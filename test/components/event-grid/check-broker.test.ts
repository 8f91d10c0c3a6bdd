import * as pulumi from "@pulumi/pulumi";

import {
  checkEventGridBroker,
  eventGridBrokerWarnings,
  isAddressRange,
} from "../../../components/event-grid/check-broker.ts";
import type { EventGridBrokerArgs } from "../../../components/index.ts";

const args: EventGridBrokerArgs = { resourceGroupName: "rg", topicSpaces: { telemetry: { topicTemplates: ["a/#"] } } };
const topicId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/topics/telemetry";
const namespaceTopicId =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns/topics/telemetry";

const principalId = "00000000-0000-0000-0000-0000000000a1";
const eventHubRule =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/logs/authorizationRules/send";
const vault = (name: string) => `https://v.vault.azure.net/certificates/${name}`;
const webhook = {
  endpointUrl: "https://plant.example/mqtt?code=secret",
  azureActiveDirectoryApplicationIdOrUri: "api://plant",
  azureActiveDirectoryTenantId: "00000000-0000-0000-0000-0000000000e1",
};
const manyTopics = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`topic-${index}`, {}]));

/** Path and problem of what is refused. */
function refused(changed: Partial<EventGridBrokerArgs>): string[] {
  return checkEventGridBroker({ ...args, ...changed }).map(({ path, problem }) => `${path} ${problem}`);
}

test.each<[string, Partial<EventGridBrokerArgs>]>([
  ["the least", {}],
  ["the lower bounds", { capacity: 1, maximumSessionExpiryInHours: 1, maximumClientSessionsPerAuthenticationName: 3 }],
  [
    "the upper bounds",
    { capacity: 40, maximumSessionExpiryInHours: 8, maximumClientSessionsPerAuthenticationName: 100 },
  ],
  ["names of 3 and of 50 characters", { namespaceName: "a-1" }],
  ["a name of 50 characters", { namespaceName: "a".repeat(50) }],
  ["what is not known yet", { capacity: pulumi.output(99), namespaceName: pulumi.output("?") }],
  ["authentication name sources, without a name or a region", { authenticationNameSources: ["ClientCertificateDns"] }],
  ["addresses and ranges", { inboundIpRules: ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32"] }],
  [
    "rules for public addresses of a closed namespace",
    { inboundIpRules: ["203.0.113.7"], publicNetworkAccess: "Disabled" },
  ],
  [
    "routing by the namespace's identity",
    { routing: { topicResourceId: topicId }, identity: { systemAssigned: true } },
  ],
  ["routing to a topic of the namespace", { routing: { topicResourceId: namespaceTopicId } }],
  [
    "routing to a topic of the namespace itself, in whatever case",
    { namespaceName: "Oslo", routing: { topicResourceId: namespaceTopicId.replace("/ns/", "/oslo/") } },
  ],
  [
    "routing from a namespace whose access is not known yet",
    { publicNetworkAccess: pulumi.output("Disabled" as const), routing: { topicResourceId: namespaceTopicId } },
  ],
  [
    "routing to a topic that the component creates",
    { namespaceName: "oslo", topics: { telemetry: {} }, routing: { topic: "telemetry" } },
  ],
  [
    "a role for the identity that sends to a custom topic",
    {
      routing: { topicResourceId: topicId, userAssignedIdentityId: "a", principalId },
      identity: { userAssignedIdentityIds: ["a"] },
    },
  ],
  [
    "topics with readers, bounds and dead letters",
    {
      identity: { systemAssigned: true },
      topics: {
        telemetry: {
          eventRetentionInDays: 7,
          eventSubscriptions: {
            slow: { queue: { receiveLockDurationInSeconds: 300, maxDeliveryCount: 10, eventTimeToLive: "P7D" } },
            quick: {
              queue: {
                receiveLockDurationInSeconds: 60,
                eventTimeToLive: "PT1M",
                deadLetter: { storageAccountId: "s", blobContainerName: "c" },
              },
            },
            hub: { push: { destination: { endpointType: "EventHub", resourceId: "hub" } } },
          },
        },
      },
    },
  ],
  [
    "a webhook to send events to, without an identity",
    { topics: { one: { eventSubscriptions: { hook: { push: { destination: { endpointType: "WebHook" } } } } } } },
  ],
  [
    "custom domains for MQTT and for topics",
    {
      identity: { systemAssigned: true },
      customDomains: [{ fullyQualifiedDomainName: "mqtt.contoso.com", certificateUrl: vault("a") }],
      topicCustomDomains: [{ fullyQualifiedDomainName: "topics.contoso.com", certificateUrl: vault("b") }],
    },
  ],
  [
    "tokens of another issuer, with and without Key Vault",
    {
      identity: { systemAssigned: true },
      customJwtAuthentication: {
        tokenIssuer: "https://issuer",
        issuerCertificates: [{ certificateUrl: vault("a/1") }, { certificateUrl: vault("b") }],
        encodedIssuerCertificates: [{ kid: "1", encodedCertificate: "-----BEGIN CERTIFICATE-----\n" }],
      },
    },
  ],
  ["a webhook that lets clients in", { identity: { systemAssigned: true }, webhookAuthentication: webhook }],
  [
    "diagnostic settings to everywhere, beside a workspace",
    {
      logAnalyticsWorkspaceId: "w",
      diagnosticSettings: {
        archive: { storageAccountId: "s", logCategoriesAndGroups: [{ categoryGroup: "audit" }] },
        stream: { eventHubAuthorizationRuleId: eventHubRule, eventHubName: "logs" },
        other: { eventHubAuthorizationRuleId: eventHubRule, eventHubName: "others" },
        partner: { marketplacePartnerId: "p", logCategoriesAndGroups: [] },
      },
    },
  ],
  [
    "roles by their name, their GUID and their ID",
    {
      roleAssignments: {
        named: { roleDefinitionIdOrName: "EventGrid Data Receiver", principalId },
        byId: { roleDefinitionIdOrName: "acdd72a7-3385-48ef-bd42-f606fba81ae7", principalId },
        whole: {
          roleDefinitionIdOrName: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${principalId}`,
          principalId,
          condition: "@Resource",
        },
        late: { roleDefinitionIdOrName: pulumi.output("?"), principalId: pulumi.output("?") },
      },
    },
  ],
  ["a lock", { lock: { kind: "CanNotDelete", name: "keep", notes: "production" } }],
  ["no lock", { lock: { kind: "None" } }],
  ["routing to a topic that is not known yet", { routing: { topicResourceId: pulumi.output(topicId) } }],
  [
    "routing by one of the namespace's identities",
    {
      routing: { topicResourceId: topicId, userAssignedIdentityId: "a" },
      identity: { userAssignedIdentityIds: ["b", "a"] },
    },
  ],
  [
    "an identity that is not known yet",
    { routing: { topicResourceId: topicId, userAssignedIdentityId: pulumi.output("a") }, identity: {} },
  ],
  [
    "one of identities that are not known yet",
    {
      routing: { topicResourceId: topicId, userAssignedIdentityId: "a" },
      identity: { userAssignedIdentityIds: [pulumi.output("a")] },
    },
  ],
])("takes %s", (_, changed) => {
  expect(refused(changed)).toEqual([]);
});

test.each<[string, Partial<EventGridBrokerArgs>, string[]]>([
  ["capacity 0", { capacity: 0 }, ["capacity is 0 throughput units, outside what Event Grid has"]],
  ["capacity 41", { capacity: 41 }, ["capacity is 41 throughput units, outside what Event Grid has"]],
  ["capacity 1.5", { capacity: 1.5 }, ["capacity is 1.5 throughput units, outside what Event Grid has"]],
  ["0 hours", { maximumSessionExpiryInHours: 0 }, ["maximumSessionExpiryInHours is 0 h, outside what Event Grid has"]],
  ["9 hours", { maximumSessionExpiryInHours: 9 }, ["maximumSessionExpiryInHours is 9 h, outside what Event Grid has"]],
  [
    "half an hour",
    { maximumSessionExpiryInHours: 1.5 },
    ["maximumSessionExpiryInHours is 1.5 h, outside what Event Grid has"],
  ],
  ["a short name", { namespaceName: "ab" }, ['namespaceName is "ab", which is no name for a namespace']],
  ["a name with a dot", { namespaceName: "a.b" }, ['namespaceName is "a.b", which is no name for a namespace']],
  ["no authentication name source", { authenticationNameSources: [] }, ["authenticationNameSources is empty"]],
  [
    "the same one twice",
    { authenticationNameSources: ["ClientCertificateDns", "ClientCertificateDns"] },
    ["authenticationNameSources lists a field twice"],
  ],
  [
    "ranges that are none",
    { inboundIpRules: ["203.0.113.0/33", "203.0.113.7", "oslo"] },
    [
      'inboundIpRules[0] is "203.0.113.0/33", which is no range of addresses',
      'inboundIpRules[2] is "oslo", which is no range of addresses',
    ],
  ],
  [
    "routing to a custom topic by no identity",
    { routing: { topicResourceId: topicId }, identity: { userAssignedIdentityIds: ["a"] } },
    ["routing is set, and the namespace has no identity to use for it"],
  ],
  [
    "routing by another's identity, to whatever topic",
    { routing: { topicResourceId: namespaceTopicId, userAssignedIdentityId: "x" }, identity: { systemAssigned: true } },
    ['routing.userAssignedIdentityId is "x", which is none of the namespace\'s identities'],
  ],
  [
    "routing to a topic of another namespace",
    { namespaceName: "oslo", routing: { topicResourceId: namespaceTopicId } },
    ['routing.topicResourceId is a topic of the namespace "ns", and this one is "oslo"'],
  ],
  [
    "routing from a namespace that is closed to public networks",
    {
      publicNetworkAccess: "Disabled",
      privateEndpoints: { plant: { subnetId: "subnet" } },
      routing: { topicResourceId: namespaceTopicId },
    },
    ["routing is set, and Event Grid routes nothing while publicNetworkAccess is Disabled"],
  ],
  [
    "topic spaces whose names differ only in case",
    { topicSpaces: { telemetry: { topicTemplates: ["a/#"] }, Telemetry: { topicTemplates: ["b/#"] } } },
    ["topicSpaces.Telemetry is topicSpaces.telemetry but for upper and lower case, which Azure ignores in names"],
  ],
  [
    "topic templates that Event Grid has not",
    {
      topicSpaces: {
        telemetry: {
          topicTemplates: ["a/${client.authenticationName|.oslo}", "$SYS/#", "a/b+c", "a/${client.attributes.a-b}"],
        },
      },
    },
    [
      'topicSpaces.telemetry.topicTemplates[1] "$SYS/#" begins with "$", and Event Grid reserves those topics',
      'topicSpaces.telemetry.topicTemplates[2] "a/b+c" has "+" inside the level "b+c", it must stand alone',
      'topicSpaces.telemetry.topicTemplates[3] "a/${client.attributes.a-b}" has a variable other than ${client.authenticationName} and ${client.attributes.<key>}',
    ],
  ],
  [
    "custom domains that no identity can read the certificate of",
    {
      identity: { userAssignedIdentityIds: ["a"] },
      customDomains: [
        {
          fullyQualifiedDomainName: "a.example",
          certificateUrl: "https://v/certificates/a",
          userAssignedIdentityId: "a",
        },
        {
          fullyQualifiedDomainName: "b.example",
          certificateUrl: "https://v/certificates/b",
          userAssignedIdentityId: "b",
        },
        { fullyQualifiedDomainName: "c.example", certificateUrl: "https://v/certificates/c" },
      ],
    },
    [
      'customDomains[1].userAssignedIdentityId is "b", which is none of the namespace\'s identities',
      "customDomains[2] is set, and the namespace has no identity to use for it",
    ],
  ],
  ["routing that names no topic", { routing: {} }, ["routing names no topic"]],
  [
    "routing that names a topic twice",
    {
      namespaceName: "oslo",
      topics: { one: {} },
      routing: { topic: "one", topicResourceId: namespaceTopicId.replace("/ns/", "/oslo/") },
    },
    ["routing names a topic twice"],
  ],
  [
    "routing to a topic that is not declared, of a namespace whose name is not",
    { topics: { one: {} }, routing: { topic: "two" } },
    [
      'routing.topic is "two", which is none of topics',
      'namespaceName is missing, and without it nobody can see whether the topic "two" is there before the namespace',
    ],
  ],
  [
    "a role for an identity that is not there before routing, or not needed",
    { identity: { systemAssigned: true }, routing: { topicResourceId: topicId, principalId } },
    [
      "routing.principalId is set without routing.userAssignedIdentityId, and a system-assigned identity is not there before routing is",
    ],
  ],
  [
    "a role for routing to a topic of the namespace itself",
    { routing: { topicResourceId: namespaceTopicId, principalId } },
    ["routing.principalId is set, and a topic of the namespace itself is sent to without an identity"],
  ],
  [
    "topics and subscriptions beyond Event Grid's bounds",
    {
      topics: {
        "a b": {},
        one: {
          eventRetentionInDays: 8,
          eventSubscriptions: {
            slow: { queue: { receiveLockDurationInSeconds: 301, maxDeliveryCount: 11, eventTimeToLive: "12h" } },
            long: { queue: { eventTimeToLive: "P9D" } },
            both: { queue: {}, push: { destination: { endpointType: "WebHook" } } },
            none: { deliveryMode: "Push" },
            blind: { push: { destination: {}, withIdentity: false } },
          },
        },
      },
    },
    [
      'topics.a b is no name for a topic ("a b")',
      "topics.one.eventRetentionInDays is 8 days, outside what Event Grid has",
      "topics.one.eventSubscriptions.slow.queue.receiveLockDurationInSeconds is 301 s, outside what Event Grid has",
      "topics.one.eventSubscriptions.slow.queue.maxDeliveryCount is 11 deliveries, outside what Event Grid has",
      'topics.one.eventSubscriptions.slow.queue.eventTimeToLive is "12h", which is no duration',
      'topics.one.eventSubscriptions.long.queue.eventTimeToLive is "P9D", longer than the 8 days that the topic keeps events',
      "topics.one.eventSubscriptions.both.queue is set, and events are delivered by Push",
      "topics.one.eventSubscriptions.none.push is missing, and deliveryMode is Push",
      "topics.one.eventSubscriptions.blind.push.destination has no endpointType, by which Azure tells destinations apart",
    ],
  ],
  [
    "more topics than the throughput units have",
    { topics: manyTopics },
    ["topics lists 101, more than the 100 of a namespace with capacity 1"],
  ],
  [
    "what is sent and read by an identity that the namespace does not have",
    {
      webhookAuthentication: webhook,
      customJwtAuthentication: { tokenIssuer: "i", issuerCertificates: [{ certificateUrl: vault("a/1") }] },
      topics: {
        one: {
          eventSubscriptions: {
            hub: { push: { destination: { endpointType: "EventHub" } } },
            dead: {
              queue: { deadLetter: { storageAccountId: "s", blobContainerName: "c", userAssignedIdentityId: "x" } },
            },
          },
        },
      },
    },
    [
      "customJwtAuthentication.issuerCertificates[0] is set, and the namespace has no identity to use for it",
      "webhookAuthentication is set, and the namespace has no identity to use for it",
      "topics.one.eventSubscriptions.hub.push is set, and the namespace has no identity to use for it",
      'topics.one.eventSubscriptions.dead.queue.deadLetter.userAssignedIdentityId is "x", which is none of the namespace\'s identities',
    ],
  ],
  [
    "custom domains that are none, twice the same, or whose certificate is not Key Vault's",
    {
      identity: { systemAssigned: true },
      customDomains: [
        { fullyQualifiedDomainName: "https://mqtt.contoso.com", certificateUrl: vault("a") },
        { fullyQualifiedDomainName: "mqtt.contoso.com", certificateUrl: vault("a/0123") },
      ],
      topicCustomDomains: [
        { fullyQualifiedDomainName: "MQTT.contoso.com", certificateUrl: "https://v.vault.azure.net/secrets/a" },
      ],
    },
    [
      'customDomains[0].fullyQualifiedDomainName is "https://mqtt.contoso.com", which is no host name',
      'customDomains[1].certificateUrl is "https://v.vault.azure.net/certificates/a/0123", which is one version of a certificate',
      'topicCustomDomains[0].certificateUrl is "https://v.vault.azure.net/secrets/a", which is no certificate in Key Vault',
      'topicCustomDomains[0].fullyQualifiedDomainName is "MQTT.contoso.com", as customDomains[1] is: Event Grid takes a name once, for MQTT or for topics',
    ],
  ],
  [
    "tokens that nothing checks, and certificates that are keys",
    {
      customJwtAuthentication: {
        tokenIssuer: " ",
        encodedIssuerCertificates: [
          { kid: "1", encodedCertificate: "-----BEGIN PRIVATE KEY-----" },
          { kid: "1", encodedCertificate: "MIIB" },
        ],
      },
    },
    [
      "customJwtAuthentication.tokenIssuer is empty",
      "customJwtAuthentication.encodedIssuerCertificates[0].encodedCertificate holds a private key",
      'customJwtAuthentication.encodedIssuerCertificates[1].kid is "1", which another certificate has too',
      "customJwtAuthentication.encodedIssuerCertificates[1].encodedCertificate is no certificate in PEM format",
    ],
  ],
  [
    "an issuer without certificates",
    { customJwtAuthentication: { tokenIssuer: "i" } },
    ["customJwtAuthentication has no certificate to check tokens with"],
  ],
  [
    "an issuer with three in Key Vault",
    {
      identity: { systemAssigned: true },
      customJwtAuthentication: {
        tokenIssuer: "i",
        issuerCertificates: ["a/1", "a/2", "a/3"].map((name) => ({ certificateUrl: vault(name) })),
      },
    },
    ["customJwtAuthentication.issuerCertificates lists 3, more than the 2 that Event Grid takes"],
  ],
  [
    "a webhook that Event Grid can't ask, whose address is not shown",
    {
      identity: { systemAssigned: true },
      webhookAuthentication: {
        endpointUrl: "http://plant.example/mqtt?code=secret",
        azureActiveDirectoryApplicationIdOrUri: "",
        azureActiveDirectoryTenantId: "contoso",
      },
    },
    [
      "webhookAuthentication.endpointUrl does not begin with https:// and a host",
      'webhookAuthentication.azureActiveDirectoryTenantId is "contoso", which is no ID of a tenant',
      "webhookAuthentication.azureActiveDirectoryApplicationIdOrUri is empty",
    ],
  ],
  [
    "diagnostic settings that Azure Monitor refuses",
    {
      logAnalyticsWorkspaceId: "W",
      diagnosticSettings: {
        nowhere: {},
        hub: { storageAccountId: "s", eventHubName: "logs", logAnalyticsDestinationType: "Dedicated" },
        rule: { eventHubAuthorizationRuleId: "hub" },
        again: { workspaceId: "w" },
        nothing: { storageAccountId: "t", logCategoriesAndGroups: [], metricCategories: [] },
        mixed: {
          storageAccountId: "u",
          logCategoriesAndGroups: [{}, { category: "a" }, { categoryGroup: "audit" }],
        },
      },
    },
    [
      "diagnosticSettings.nowhere names no destination",
      "diagnosticSettings.hub.eventHubName is set, and no Event Hubs namespace",
      "diagnosticSettings.hub.logAnalyticsDestinationType is set, and no workspace",
      'diagnosticSettings.rule.eventHubAuthorizationRuleId is "hub", which is no rule of an Event Hubs namespace',
      "diagnosticSettings.nothing sends neither logs nor metrics",
      "diagnosticSettings.mixed.logCategoriesAndGroups[0] names no category",
      "diagnosticSettings.mixed.logCategoriesAndGroups mixes categories with groups",
      "diagnosticSettings.again.workspaceId is the destination of the same logs in logAnalyticsWorkspaceId already, which Azure Monitor refuses",
      "diagnosticSettings lists 7 with logAnalyticsWorkspaceId, more than the 5 of a resource",
    ],
  ],
  [
    "role assignments that Azure refuses, wherever they are",
    {
      roleAssignments: {
        one: { roleDefinitionIdOrName: "Reader", principalId },
        two: { roleDefinitionIdOrName: "acdd72a7-3385-48ef-bd42-f606fba81ae7", principalId },
      },
      topicSpaces: {
        telemetry: {
          topicTemplates: ["a/#"],
          roleAssignments: { bad: { roleDefinitionIdOrName: "Event Grid Reader", principalId: "mqtt", name: "x" } },
        },
      },
      topics: {
        one: { roleAssignments: { bad: { roleDefinitionIdOrName: "Owner", principalId, conditionVersion: "2.0" } } },
      },
    },
    [
      "roleAssignments.two gives the same role to the same principal as roleAssignments.one, which Azure refuses",
      'topicSpaces.telemetry.roleAssignments.bad.roleDefinitionIdOrName is "Event Grid Reader", which is neither the name of a known role nor an ID',
      'topicSpaces.telemetry.roleAssignments.bad.principalId is "mqtt", which is no object ID',
      'topicSpaces.telemetry.roleAssignments.bad.name is "x", and Azure names role assignments with GUIDs',
      "topics.one.roleAssignments.bad.conditionVersion is set, and there is no condition",
    ],
  ],
  [
    "private endpoints that Azure refuses",
    {
      publicNetworkAccess: "Enabled",
      privateEndpoints: {
        plant: {
          subnetId: "s",
          privateDnsZoneId: "z",
          privateDnsZones: ["1", "2", "3", "4", "5"].map((id) => ({ id })),
        },
        office: { subnetId: "s", privateDnsZoneGroupName: "names", manualConnectionRequestMessage: "x".repeat(141) },
      },
    },
    [
      "privateEndpoints.plant.privateDnsZones makes 6 private DNS zones, more than the 5 of an endpoint",
      "privateEndpoints.office.privateDnsZoneGroupName is set, and there is no private DNS zone",
      "privateEndpoints.office.manualConnectionRequestMessage is set, and nobody has to approve the connection",
      "privateEndpoints.office.manualConnectionRequestMessage has 141 characters, more than the 140 that Azure takes",
    ],
  ],
  [
    "locks that Azure does not name so",
    {
      lock: { kind: "CanNotDelete", name: "a/b", notes: "x".repeat(513) },
      topics: { one: { lock: { kind: "None", name: "" } } },
    },
    [
      "lock.name is no name for a lock",
      "lock.notes has 513 characters, more than the 512 that Azure keeps",
      "topics.one.lock.name is no name for a lock",
    ],
  ],
  [
    "a permission for a topic space that is not there, where the operator wrote it",
    { x509: { permissionBindings: { all: { clientGroup: "$all", topicSpace: "other", permission: "Publisher" } } } },
    ['x509.permissionBindings.all.topicSpace is "other", which is no topic space here'],
  ],
])("refuses %s", (_, changed, expected) => {
  expect(refused(changed)).toEqual(expected);
});

test("all problems are told at once, each with its rule", () => {
  const problems = checkEventGridBroker({ ...args, capacity: 0, namespaceName: "?", inboundIpRules: ["x"] });

  expect(problems.map(({ rule }) => rule)).toEqual(["namespace-bounds", "namespace-bounds", "namespace-network"]);
});

describe("warns of", () => {
  const warned = (changed: Partial<EventGridBrokerArgs>) =>
    eventGridBrokerWarnings({ ...args, ...changed }).map(({ path, problem }) => `${path} ${problem}`);

  test("a closed namespace that nobody reaches", () => {
    expect(warned({ publicNetworkAccess: "Disabled" })).toEqual([
      "publicNetworkAccess is Disabled, and no private endpoint is declared here",
    ]);
    expect(warned({ publicNetworkAccess: "Disabled", privateEndpoints: {} })).toHaveLength(1);
  });

  test("rules that a closed namespace does not apply", () => {
    const privateEndpoints = { plant: { subnetId: "subnet" } };

    expect(warned({ publicNetworkAccess: "Disabled", privateEndpoints, inboundIpRules: ["203.0.113.7"] })).toEqual([
      "inboundIpRules is set, and Azure applies it only while publicNetworkAccess is Enabled",
    ]);
  });

  test("a namespace that is open beside its private endpoints, where nobody says that it is meant", () => {
    const privateEndpoints = { plant: { subnetId: "subnet" } };

    expect(warned({ privateEndpoints })).toEqual([
      "publicNetworkAccess is omitted, so that public networks reach the namespace beside privateEndpoints.plant",
    ]);
    expect(warned({ privateEndpoints, publicNetworkAccess: "Enabled" })).toEqual([]);
    expect(warned({ privateEndpoints, inboundIpRules: ["203.0.113.7"] })).toEqual([]);
    expect(warned({ privateEndpoints: {} })).toEqual([]);
  });

  test("locks that stop the next deployment too", () => {
    const topics = { one: { lock: { kind: "ReadOnly" as const } }, two: { lock: { kind: "CanNotDelete" as const } } };

    expect(warned({ lock: { kind: "ReadOnly" }, topics })).toEqual([
      "lock.kind is ReadOnly, so that Azure refuses every later change to what it holds for, those of this program too",
      "topics.one.lock.kind is ReadOnly, so that Azure refuses every later change to what it holds for, those of this program too",
    ]);
  });

  test("nothing in an open namespace, nor in a closed one with a private endpoint", () => {
    expect(warned({ inboundIpRules: ["203.0.113.7"] })).toEqual([]);
    expect(warned({ publicNetworkAccess: "Disabled", privateEndpoints: { plant: { subnetId: "subnet" } } })).toEqual(
      [],
    );
    expect(warned({ publicNetworkAccess: pulumi.output("Disabled" as const) })).toEqual([]);
  });
});

test.each([
  ["203.0.113.7", true],
  ["203.0.113.0/0", true],
  ["203.0.113.0/32", true],
  ["203.0.113.0/33", false],
  ["2001:db8::/128", true],
  ["2001:db8::/129", false],
  ["203.0.113", false],
  ["203.0.113.0/", false],
  ["203.0.113.0/-1", false],
  ["203.0.113.0/24/24", false],
  ["", false],
])("%p is an address or a range: %p", (text, expected) => {
  expect(isAddressRange(text)).toBe(expected);
});
