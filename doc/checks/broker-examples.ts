import type { CheckExample } from "./declaration.ts";

const certificateUrl = "https://contoso.vault.azure.net/certificates/mqtt";
const identity = { systemAssigned: true };
const principalId = "00000000-0000-0000-0000-0000000000a2";
const webhook = {
  azureActiveDirectoryApplicationIdOrUri: "api://plant",
  azureActiveDirectoryTenantId: "00000000-0000-0000-0000-0000000000e1",
};

function domain(fullyQualifiedDomainName: string, url = certificateUrl) {
  return { fullyQualifiedDomainName, certificateUrl: url };
}

function withQueue(queue: object): object {
  return { eventGrid: { topics: { telemetry: { eventSubscriptions: { reader: { queue } } } } } };
}

function withRole(role: object): object {
  return { eventGrid: { roleAssignments: { reader: { roleDefinitionIdOrName: "Reader", principalId, ...role } } } };
}

/** What a namespace takes beside topic spaces: topics, roles, diagnostic settings, locks, domains and authentication. */
export const brokerExamples: readonly CheckExample[] = [
  {
    rule: "client-authentication",
    fails: { eventGrid: { customJwtAuthentication: { tokenIssuer: "https://issuer.example" } } },
    passes: {
      eventGrid: {
        identity,
        customJwtAuthentication: {
          tokenIssuer: "https://issuer.example",
          issuerCertificates: [{ certificateUrl: `${certificateUrl}/0123` }],
        },
      },
    },
    path: "eventGrid.customJwtAuthentication",
  },
  {
    rule: "client-authentication",
    fails: {
      eventGrid: { identity, webhookAuthentication: { endpointUrl: "http://plant.example/mqtt", ...webhook } },
    },
    passes: {
      eventGrid: { identity, webhookAuthentication: { endpointUrl: "https://plant.example/mqtt", ...webhook } },
    },
    path: "eventGrid.webhookAuthentication.endpointUrl",
  },
  {
    rule: "custom-domains",
    fails: { eventGrid: { identity, customDomains: [domain("mqtt.contoso.com", `${certificateUrl}/0123`)] } },
    passes: { eventGrid: { identity, customDomains: [domain("mqtt.contoso.com")] } },
    path: "eventGrid.customDomains[0].certificateUrl",
  },
  {
    rule: "custom-domains",
    fails: {
      eventGrid: {
        identity,
        customDomains: [domain("mqtt.contoso.com")],
        topicCustomDomains: [domain("mqtt.contoso.com")],
      },
    },
    passes: {
      eventGrid: {
        identity,
        customDomains: [domain("mqtt.contoso.com")],
        topicCustomDomains: [domain("topics.contoso.com")],
      },
    },
    path: "eventGrid.topicCustomDomains[0].fullyQualifiedDomainName",
  },
  {
    rule: "namespace-diagnostics",
    fails: { eventGrid: { diagnosticSettings: { archive: { eventHubName: "logs" } } } },
    passes: { eventGrid: { diagnosticSettings: { archive: { storageAccountId: "/subscriptions/s/…/logs" } } } },
    path: "eventGrid.diagnosticSettings.archive",
  },
  {
    rule: "namespace-identity",
    fails: { eventGrid: { customDomains: [domain("mqtt.contoso.com")] } },
    passes: { eventGrid: { identity, customDomains: [domain("mqtt.contoso.com")] } },
    path: "eventGrid.customDomains[0]",
  },
  {
    rule: "namespace-lock",
    fails: { eventGrid: { lock: { kind: "CanNotDelete", name: "oslo/mqtt" } } },
    passes: { eventGrid: { lock: { kind: "CanNotDelete", name: "oslo-mqtt" } } },
    path: "eventGrid.lock.name",
  },
  {
    rule: "namespace-lock",
    fails: { eventGrid: { lock: { kind: "ReadOnly" } } },
    passes: { eventGrid: { lock: { kind: "CanNotDelete" } } },
    path: "eventGrid.lock.kind",
    isWarning: true,
  },
  {
    rule: "namespace-roles",
    fails: withRole({ roleDefinitionIdOrName: "Event Grid Reader" }),
    passes: withRole({ roleDefinitionIdOrName: "EventGrid Data Receiver" }),
    path: "eventGrid.roleAssignments.reader.roleDefinitionIdOrName",
  },
  {
    rule: "namespace-roles",
    fails: {
      eventGrid: {
        topicSpaces: {
          telemetry: {
            roleAssignments: {
              relay: {
                roleDefinitionIdOrName: "EventGrid TopicSpaces Publisher",
                principalId: "00000000-0000-0000-0000-0000000000a1",
              },
            },
          },
        },
      },
    },
    passes: {
      eventGrid: {
        topicSpaces: {
          telemetry: {
            roleAssignments: { plant: { roleDefinitionIdOrName: "EventGrid TopicSpaces Publisher", principalId } },
          },
        },
      },
    },
    path: "eventGrid.topicSpaces.telemetry.roleAssignments.relay",
  },
  {
    rule: "namespace-routing",
    fails: { eventGrid: { namespaceName: "oslo-mqtt", routing: { topic: "telemetry" } } },
    passes: { eventGrid: { namespaceName: "oslo-mqtt", topics: { telemetry: {} }, routing: { topic: "telemetry" } } },
    path: "eventGrid.routing.topic",
  },
  {
    rule: "namespace-topics",
    fails: withQueue({ eventTimeToLive: "P2D" }),
    passes: withQueue({ eventTimeToLive: "PT12H" }),
    path: "eventGrid.topics.telemetry.eventSubscriptions.reader.queue.eventTimeToLive",
  },
  {
    rule: "private-endpoints",
    fails: {
      eventGrid: {
        publicNetworkAccess: "Enabled",
        privateEndpoints: { plant: { subnetId: "/subscriptions/s/…/plant", privateDnsZoneGroupName: "names" } },
      },
    },
    passes: {
      eventGrid: {
        publicNetworkAccess: "Enabled",
        privateEndpoints: {
          plant: {
            subnetId: "/subscriptions/s/…/plant",
            privateDnsZoneGroupName: "names",
            privateDnsZoneId: "/subscriptions/s/…/privatelink.ts.eventgrid.azure.net",
          },
        },
      },
    },
    path: "eventGrid.privateEndpoints.plant.privateDnsZoneGroupName",
  },
];
