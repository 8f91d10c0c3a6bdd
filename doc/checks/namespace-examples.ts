import type { CheckExample } from "./declaration.ts";

const manySpaces = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`space-${index}`, { topicTemplates: [`s${index}/#`] }]),
  );

const host = "contoso.westeurope-1.ts.eventgrid.azure.net:8883";
const namespaceId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/contoso";

/** What has the endpoint in the cloud at a namespace that exists already. */
function atExisting(change: object): object {
  const central = { id: namespaceId, endpoints: ["cloud"], ...change };
  return { eventGridEndpoints: { cloud: { host } }, existingNamespaces: { central } };
}

/** What an Event Grid namespace takes. */
export const namespaceExamples: readonly CheckExample[] = [
  {
    rule: "authentication-name",
    fails: {
      eventGrid: { authenticationNameSources: ["ClientCertificateSubject", "ClientCertificateSubject"] },
    },
    passes: { eventGrid: { authenticationNameSources: ["ClientCertificateSubject", "ClientCertificateDns"] } },
    path: "eventGrid.authenticationNameSources",
  },
  {
    rule: "existing-namespace",
    fails: atExisting({}),
    passes: { ...atExisting({}), identity: { roleScope: "Namespace" } },
    path: "existingNamespaces.central.topicSpaces",
  },
  {
    rule: "existing-namespace",
    fails: { ...atExisting({ id: "contoso" }), identity: { roleScope: "Namespace" } },
    passes: { ...atExisting({}), identity: { roleScope: "Namespace" } },
    path: "existingNamespaces.central.id",
  },
  {
    rule: "load",
    fails: { dataflows: { telemetry: { expectedMessagesPerSecond: 900, expectedMessageBytes: 2000 } } },
    passes: { dataflows: { telemetry: { expectedMessagesPerSecond: 900, expectedMessageBytes: 1000 } } },
    path: "eventGrid.capacity",
  },
  {
    rule: "load",
    fails: { dataflows: { commands: { expectedMessagesPerSecond: 101 } } },
    passes: { dataflows: { commands: { expectedMessagesPerSecond: 100 } } },
    path: "dataflows.commands.expectedMessagesPerSecond",
  },
  {
    rule: "namespace-bounds",
    fails: { eventGrid: { capacity: 41 } },
    passes: { eventGrid: { capacity: 40 } },
    path: "eventGrid.capacity",
  },
  {
    rule: "namespace-bounds",
    fails: { eventGrid: { maximumSessionExpiryInHours: 9 } },
    passes: { eventGrid: { maximumSessionExpiryInHours: 8 } },
    path: "eventGrid.maximumSessionExpiryInHours",
  },
  {
    rule: "namespace-bounds",
    fails: { eventGrid: { namespaceName: "contoso_mqtt" } },
    passes: { eventGrid: { namespaceName: "contoso-mqtt" } },
    path: "eventGrid.namespaceName",
  },
  {
    rule: "namespace-identity",
    fails: { eventGrid: { routing: { topicResourceId: "/subscriptions/s/…/topics/telemetry" } } },
    passes: {
      eventGrid: {
        routing: { topicResourceId: "/subscriptions/s/…/topics/telemetry" },
        identity: { systemAssigned: true },
      },
    },
    path: "eventGrid.routing",
  },
  {
    rule: "namespace-network",
    fails: { eventGrid: { inboundIpRules: ["203.0.113.0/33"] } },
    passes: { eventGrid: { inboundIpRules: ["203.0.113.0/24"] } },
    path: "eventGrid.inboundIpRules[0]",
  },
  {
    rule: "namespace-routing",
    fails: {
      eventGrid: {
        namespaceName: "oslo-mqtt",
        routing: { topicResourceId: "/subscriptions/s/…/namespaces/bergen-mqtt/topics/telemetry" },
      },
    },
    passes: {
      eventGrid: {
        namespaceName: "oslo-mqtt",
        routing: { topicResourceId: "/subscriptions/s/…/namespaces/oslo-mqtt/topics/telemetry" },
      },
    },
    path: "eventGrid.routing.topicResourceId",
  },
  {
    rule: "namespace-routing",
    fails: {
      eventGrid: {
        publicNetworkAccess: "Disabled",
        routing: { topicResourceId: "/subscriptions/s/…/topics/telemetry" },
        identity: { systemAssigned: true },
      },
    },
    passes: {
      eventGrid: {
        publicNetworkAccess: "Enabled",
        routing: { topicResourceId: "/subscriptions/s/…/topics/telemetry" },
        identity: { systemAssigned: true },
      },
    },
    path: "eventGrid.routing",
  },
  {
    rule: "session-expiry",
    fails: { eventGridEndpoints: { cloud: { sessionExpirySeconds: 7200 } } },
    passes: {
      eventGridEndpoints: { cloud: { sessionExpirySeconds: 7200 } },
      eventGrid: { maximumSessionExpiryInHours: 2 },
    },
    path: "eventGridEndpoints.cloud.sessionExpirySeconds",
  },
  {
    rule: "session-limit",
    fails: { eventGrid: { maximumClientSessionsPerAuthenticationName: 2 } },
    passes: { eventGrid: { maximumClientSessionsPerAuthenticationName: 3 } },
    path: "eventGrid.maximumClientSessionsPerAuthenticationName",
  },
  {
    rule: "session-limit",
    fails: { relay: { instanceCount: 2 }, eventGridEndpoints: { cloud: { allowSharedSubscriptions: true } } },
    passes: {
      relay: { instanceCount: 2 },
      eventGridEndpoints: { cloud: { allowSharedSubscriptions: true } },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 4 },
    },
    path: "eventGrid.maximumClientSessionsPerAuthenticationName",
  },
  {
    rule: "topic-coverage",
    fails: { dataflows: { telemetry: { dataDestination: "plants/oslo/${inputTopic}" } } },
    passes: { dataflows: { telemetry: { dataDestination: "sites/oslo/${inputTopic}" } } },
    path: "dataflows.telemetry.dataDestination",
  },
  {
    rule: "topic-space",
    fails: { eventGrid: { topicSpaces: { telemetry: { topicTemplates: ["sites/${principal.name}/#"] } } } },
    passes: { eventGrid: { topicSpaces: { telemetry: { topicTemplates: ["sites/${client.authenticationName}/#"] } } } },
    path: "eventGrid.topicSpaces.telemetry.topicTemplates[0]",
  },
  {
    rule: "topic-space",
    fails: { eventGrid: { topicSpaces: { system: { topicTemplates: ["$SYS/#"] } } } },
    passes: { eventGrid: { topicSpaces: { system: { topicTemplates: ["${client.authenticationName|.oslo}/#"] } } } },
    path: "eventGrid.topicSpaces.system.topicTemplates[0]",
  },
  {
    rule: "topic-space",
    fails: { eventGrid: { topicSpaces: { Telemetry: { topicTemplates: ["a/#"] } } } },
    passes: { eventGrid: { topicSpaces: { telemetry2: { topicTemplates: ["a/#"] } } } },
    path: "eventGrid.topicSpaces.Telemetry",
  },
  {
    rule: "topic-space",
    fails: { eventGrid: { topicSpaces: manySpaces(9) } },
    passes: { eventGrid: { topicSpaces: manySpaces(8) } },
    path: "eventGrid.topicSpaces",
    shown: "11 topic spaces",
  },
  {
    rule: "topic-space",
    fails: {
      eventGrid: {
        topicSpaces: {
          telemetry: {
            topicTemplates: Array.from({ length: 11 }, (_, n) =>
              `sites/oslo/plant/#${n || ""}`.replace(/#(\d+)/, "$1/#"),
            ),
          },
        },
      },
    },
    passes: { eventGrid: { topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/plant/#", "b/#"] } } } },
    path: "eventGrid.topicSpaces.telemetry.topicTemplates",
    shown: "a topic space of 11 topic templates",
  },
];
