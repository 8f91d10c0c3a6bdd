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
        { fullyQualifiedDomainName: "a.example", certificateUrl: "https://v/a", userAssignedIdentityId: "a" },
        { fullyQualifiedDomainName: "b.example", certificateUrl: "https://v/b", userAssignedIdentityId: "b" },
        { fullyQualifiedDomainName: "c.example", certificateUrl: "https://v/c" },
      ],
    },
    [
      'customDomains[1].userAssignedIdentityId is "b", which is none of the namespace\'s identities',
      "customDomains[2] is set, and the namespace has no identity to use for it",
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
